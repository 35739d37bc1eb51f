/**
 * From plain packets to datagrams, in place:
 *
 * 1. the peer's key; without one the packet is dropped
 * 2. compression framing
 * 3. packet-id; under CBC it is part of the text, which is padded
 * 4. header, P_DATA_V1 or P_DATA_V2
 * 5. the engine, for each run of packets with the same key
 *
 * ```text
 * AEAD  header | packet-id 4 | tag 16 | text       associated: packet-id; with V2 header, packet-id
 * CBC   header | HMAC | IV 16 | text: packet-id 4 | payload | PKCS#7 padding
 * ```
 *
 * Source: OpenVPN's `forward.c` (encrypt_sign), `crypto.c` (openvpn_encrypt), `ssl.c`
 * (tls_prepend_opcode_v1, _v2).
 *
 * @module
 */

import {
  dataPacketIdLength,
  dataV1HeaderLength,
  dataV2HeaderLength,
  writeDataV1Header,
  writeDataV2Header,
} from "../wire/data_packet.ts";
import type { DataListener } from "./data_listener.ts";
import { DropReason } from "./drop_reason.ts";
import { frame, framingGrowth } from "./framing.ts";
import type { PacketBatch } from "./packet_batch.ts";
import type { DataKey, Peer } from "./peer.ts";
import type { TrafficCounters } from "./traffic_counters.ts";

/** AES's block, the IV's and the padding's unit. */
const blockLength = 16;
/** Payload of a UDP datagram over IPv4 at most: 65,535 less IP and UDP headers. */
const maxDatagramLength = 65_507;

/** Seals batches. */
export class Sealer {
  readonly #counters: TrafficCounters;
  readonly #listener: DataListener;

  constructor(counters: TrafficCounters, listener: DataListener) {
    this.#counters = counters;
    this.#listener = listener;
  }

  /**
   * Steps 1 to 4: adds the packet of `length` bytes (1 or more) at `offset` to the batch, which is
   * not full. There are `headroom` bytes in front of it and `tailroom` behind.
   *
   * @returns false when it was dropped, and counted.
   */
  admit(batch: PacketBatch, peer: Peer, offset: number, length: number): boolean {
    const key = peer.sendingKey;
    if (key === undefined) return this.#drop(DropReason.NO_KEY);
    const bytes = batch.memory.bytes;
    const headerLength = peer.remotePeerId < 0 ? dataV1HeaderLength : dataV2HeaderLength;
    const cipher = key.sealCipher;
    const aead = cipher.kind === "aead";
    // The tag or HMAC, and what stands beside it in front of the text.
    const middle = cipher.macLength + (aead ? dataPacketIdLength : blockLength);
    // Two bytes of framing, packet-id and padding are at most what the 22 stand for.
    if (headerLength + middle + length + 2 + dataPacketIdLength + blockLength > maxDatagramLength) {
      return this.#drop(DropReason.TOO_LARGE);
    }
    const id = key.packetIds.next();
    if (id === 0) return this.#drop(DropReason.KEY_EXHAUSTED);
    if (!key.exhaustingReported && key.packetIds.exhausting) {
      key.exhaustingReported = true;
      this.#listener.keyExhausting(key);
    }

    const forward = frame(bytes, offset, length, peer.framing);
    let text = offset - forward;
    let textLength = length + framingGrowth(peer.framing, forward);
    const view = batch.memory.view;
    if (aead) {
      view.setUint32(text - middle, id);
    } else {
      text -= dataPacketIdLength;
      textLength += dataPacketIdLength;
      view.setUint32(text, id);
      const padding = blockLength - textLength % blockLength;
      for (let end = text + textLength, j = 0; j < padding; j++) bytes[end + j] = padding;
      textLength += padding;
    }
    const datagram = text - middle - headerLength;
    if (headerLength === dataV1HeaderLength) writeDataV1Header(bytes, datagram, key.keyId);
    else writeDataV2Header(bytes, datagram, key.keyId, peer.remotePeerId);

    const i = batch.count++;
    batch.offset[i] = text;
    batch.length[i] = textLength;
    batch.key[i] = key;
    batch.headLength[i] = headerLength + middle;
    batch.associatedDataLength[i] = aead
      ? dataPacketIdLength + (headerLength === dataV2HeaderLength ? dataV2HeaderLength : 0)
      : 0;
    return true;
  }

  #drop(reason: DropReason): false {
    this.#counters.drops[reason]++;
    return false;
  }

  /** Step 5. Afterwards, or when the promise is resolved, {@linkcode Sealer.finish} is due. */
  seal(batch: PacketBatch): void | Promise<void> {
    let pending: Promise<void>[] | undefined;
    for (let first = 0; first < batch.count;) {
      const end = batch.runEnd(first);
      const promise = this.#sealRun(batch, batch.key[first], first, end);
      if (promise !== undefined) (pending ??= []).push(promise);
      first = end;
    }
    if (pending !== undefined) return Promise.all(pending).then(() => {});
  }

  #sealRun(
    batch: PacketBatch,
    key: DataKey | undefined,
    first: number,
    end: number,
  ): Promise<void> | undefined {
    if (key === undefined) return undefined;
    try {
      const result = key.sealCipher.seal(batch, first, end, batch.associatedDataLength[first]);
      if (result === undefined) return undefined;
      return result.catch((error) => this.#fail(batch, first, end, error));
    } catch (error) {
      // Nothing that comes from outside makes an engine throw; still it must not end the tunnel.
      this.#fail(batch, first, end, error);
      return undefined;
    }
  }

  /** What the engine failed on may still be plaintext: it must not be sent. */
  #fail(batch: PacketBatch, first: number, end: number, error: unknown): void {
    batch.key.fill(undefined, first, end);
    this.#counters.drops[DropReason.ENGINE_FAILED] += end - first;
    this.#listener.engineFailed(error);
  }

  /**
   * Makes offset and length those of the datagrams, and counts them. Packets that the engine failed
   * on have length 0 and no key.
   *
   * @param wallNow `Date.now()`.
   */
  finish(batch: PacketBatch, wallNow: number): void {
    const counters = this.#counters;
    for (let i = 0; i < batch.count; i++) {
      const key = batch.key[i];
      if (key === undefined) {
        batch.length[i] = 0;
        continue;
      }
      const length = batch.length[i] + batch.headLength[i];
      batch.offset[i] -= batch.headLength[i];
      batch.length[i] = length;
      const peer = key.peer.number;
      counters.packetsOut[peer]++;
      counters.bytesOut[peer] += length;
      counters.lastSent[peer] = wallNow;
    }
  }
}
