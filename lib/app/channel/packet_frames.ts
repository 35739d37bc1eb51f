/**
 * IP packets in a byte stream: each behind its length, 2 bytes big-endian. A length of 0 is a sign of
 * life.
 *
 * @module
 */

import { ChannelError } from "../../channel/connection/errors.ts";

/** Of the length in front, in bytes. */
export const frameHeaderLength = 2;

/** A sign of life. */
export const keepaliveFrame: Readonly<Uint8Array> = new Uint8Array(frameHeaderLength);

/** The shortest packet there is, an IPv4 header (RFC 791), in bytes. */
const shortestPacket = 20;

/** Finds packets in chunks that may be cut anywhere. */
export class PacketFrames {
  readonly #packet = new Uint8Array(0xffff);
  readonly #header = new Uint8Array(frameHeaderLength);
  /** Bytes of header and packet that have come. */
  #received = 0;

  /**
   * Takes a chunk.
   *
   * @param take Called for each whole packet, which it must not keep.
   * @throws {ChannelError} `malformed` for a length that no packet has.
   */
  push(chunk: Uint8Array, take: (packet: Uint8Array) => void): void {
    for (let offset = 0; offset < chunk.length;) {
      if (this.#received < frameHeaderLength) {
        this.#header[this.#received++] = chunk[offset++];
        if (this.#received < frameHeaderLength) continue;
        if (this.#length === 0) {
          this.#received = 0;
          continue;
        }
        if (this.#length < shortestPacket) {
          throw new ChannelError("malformed", `no IP packet has ${this.#length} bytes`);
        }
      }
      const packetOffset = this.#received - frameHeaderLength;
      const count = Math.min(this.#length - packetOffset, chunk.length - offset);
      this.#packet.set(chunk.subarray(offset, offset + count), packetOffset);
      offset += count;
      this.#received += count;
      if (this.#received - frameHeaderLength < this.#length) continue;
      take(this.#packet.subarray(0, this.#length));
      this.#received = 0;
    }
  }

  get #length(): number {
    return this.#header[0] << 8 | this.#header[1];
  }
}
