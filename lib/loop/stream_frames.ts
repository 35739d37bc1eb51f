/**
 * Packets in a TCP stream: each has its length in front, 16 bits, most significant byte first.
 *
 * Bytes are received in large pieces into an area that all connections share, and packets are taken
 * from there where they lie. A packet whose end has not come yet is kept by its connection: so one
 * that announces a long packet and stalls costs what it has sent and no more.
 *
 * Source: openvpn(8), "proto tcp"; OpenVPN's `socket.c` (stream_buf_added).
 *
 * @module
 */

import { Errno, errnoName } from "deno-tun";
import type { PacketMemory } from "../crypto/engine.ts";
import type { ByteStream } from "./ports.ts";

/** Bytes of the length in front of a packet. */
export const frameHeaderLength = 2;

/** Where bytes are received, and the packets found there: one for all connections of a loop. */
export class StreamArea {
  /** By packet: where it starts. */
  readonly offset: Int32Array;
  /** By packet: its bytes. */
  readonly length: Int32Array;

  /**
   * @param start Of the area.
   * @param size Of it, in bytes: twice the longest packet with its length, or more.
   * @param packets That one `receive` gives at most.
   */
  constructor(
    readonly memory: PacketMemory,
    readonly start: number,
    readonly size: number,
    readonly packets: number,
  ) {
    this.offset = new Int32Array(packets);
    this.length = new Int32Array(packets);
  }
}

/** Takes packets from one connection. */
export class FrameReceiver {
  /** Why there will be no more packets; undefined while there may be. */
  ended: string | undefined = undefined;
  readonly #stream: ByteStream;
  readonly #maximum: number;
  /** The beginning of a packet whose end has not come yet. */
  #rest = new Uint8Array(0);
  #restLength = 0;
  /** What of the area is not taken yet. */
  #at = 0;
  #end = 0;

  /** @param maximum Longest packet that is taken, in bytes: 1 to 65,535. */
  constructor(stream: ByteStream, maximum: number) {
    this.#stream = stream;
    this.#maximum = maximum;
  }

  /**
   * Whether there are packets in the area that `receive` had no room for; until they are taken by
   * further ones, nobody else may receive there.
   */
  get unfinished(): boolean {
    return this.#at < this.#end;
  }

  /** Bytes that are kept of a packet whose end has not come yet. */
  get kept(): number {
    return this.#restLength;
  }

  /**
   * Takes packets into the area.
   *
   * @returns How many; 0: no whole packet has come (`drained` tells whether there may be more).
   */
  receive(area: StreamArea): number {
    if (!this.unfinished && !this.#read(area)) return 0;
    return this.#split(area);
  }

  /** Whether the last `receive` found the connection empty, or over. */
  get drained(): boolean {
    return this.ended !== undefined || this.#stream.lastError === Errno.EAGAIN;
  }

  #read(area: StreamArea): boolean {
    const { memory, start, size } = area;
    const stream = this.#stream;
    if (this.ended !== undefined) return false;
    const kept = this.#restLength;
    const received = stream.receive(start + kept, size - kept);
    if (received <= 0) {
      if (received < 0) this.ended = endReason(stream.lastError);
      return false;
    }
    if (kept > 0) memory.bytes.set(this.#rest.subarray(0, kept), start);
    this.#restLength = 0;
    this.#at = start;
    this.#end = start + kept + received;
    return true;
  }

  #split(area: StreamArea): number {
    const { bytes } = area.memory;
    let count = 0;
    let at = this.#at;
    const end = this.#end;
    while (count < area.packets) {
      if (end - at < frameHeaderLength) return this.#keep(area, at, count);
      const length = bytes[at] << 8 | bytes[at + 1];
      if (length === 0 || length > this.#maximum) {
        this.ended = `a packet of ${length} bytes is announced, 1 to ${this.#maximum} are taken`;
        this.#at = this.#end = 0;
        return count;
      }
      if (end - at - frameHeaderLength < length) return this.#keep(area, at, count);
      area.offset[count] = at + frameHeaderLength;
      area.length[count] = length;
      count++;
      at += frameHeaderLength + length;
    }
    this.#at = at;
    return count;
  }

  /** The rest, from `at` on, is less than a packet. */
  #keep({ memory }: StreamArea, at: number, count: number): number {
    const length = this.#end - at;
    if (length > this.#rest.length) {
      this.#rest = new Uint8Array(Math.min(2 * length, frameHeaderLength + this.#maximum));
    }
    if (length > 0) this.#rest.set(memory.bytes.subarray(at, this.#end));
    this.#restLength = length;
    this.#at = this.#end = 0;
    return count;
  }
}

/** Why a connection is over, from its errno; 0: the other end closed it. */
export function endReason(errno: number): string {
  return errno === 0 ? "closed by the peer" : errnoName(errno);
}
