/**
 * Sends batches of sealed packets through one TCP connection, each with its length in front.
 *
 * One system call takes the packets of a batch from where they lie; the two bytes of the length go
 * in front of each, where a batch to be sealed leaves space. A connection without room may have
 * taken a part of a packet, and nothing may be sent before the rest of it:
 *
 * - `send` keeps the batch until `resume` has sent the rest. A client does so: it has one
 *   connection, and reads no packet from the TUN device meanwhile
 * - `sendNow` keeps a copy of the rest, in a queue. A server does so: one client that takes its
 *   packets slowly must not hold up the others. What does not fit the queue is dropped, as a
 *   router does; `congested` says so before a packet is sealed
 *
 * Control packets go into the queue, for they come one at a time.
 *
 * @module
 */

import { DropReason } from "../data/drop_reason.ts";
import type { PacketBatch } from "../data/packet_batch.ts";
import type { TrafficCounters } from "../data/traffic_counters.ts";
import { ByteQueue } from "./byte_queue.ts";
import type { ByteStream, PacketSender } from "./ports.ts";
import { endReason, frameHeaderLength } from "./stream_frames.ts";

/** Bytes in the queue from which on no further packet is sealed for the connection. */
export const congestionLimit = 65_536;
/** Bytes that data packets may fill of the queue: what a batch has beyond the limit is dropped. */
const dataLimit = 3 * congestionLimit;
/** Bytes that control packets may fill of the queue. */
const controlLimit = dataLimit + congestionLimit;

/** One connection's way out. */
export class StreamSender implements PacketSender {
  /** Errors end the connection (`ended`); there are no others. */
  refusal = 0;
  /** Why nothing can be sent any more; undefined while it can. */
  ended: string | undefined = undefined;
  readonly #stream: ByteStream;
  readonly #socket: number;
  readonly #counters: TrafficCounters;
  readonly #queue = new ByteQueue();
  #batch: PacketBatch | undefined = undefined;
  /** The first packet of the batch that is not sent whole. */
  #next = 0;
  /** Bytes of it, with its length in front, that are sent. */
  #sentOfNext = 0;

  constructor(stream: ByteStream, socket: number, counters: TrafficCounters) {
    this.#stream = stream;
    this.#socket = socket;
    this.#counters = counters;
  }

  /** Whether something waits for room. A batch that was given to `send` must stay meanwhile. */
  get blocked(): boolean {
    return this.#batch !== undefined || this.#queue.length > 0;
  }

  /** Bytes in the queue. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Whether packets should be dropped rather than sealed for this connection. */
  get congested(): boolean {
    return this.#queue.length >= congestionLimit || this.ended !== undefined;
  }

  /** Sends the packets of the batch whose peers have this socket. Not while `blocked`. */
  send(batch: PacketBatch): boolean {
    this.#batch = batch;
    this.#next = 0;
    this.#sentOfNext = 0;
    return this.resume();
  }

  /** As `send`, at any time; what has to wait is copied or dropped, so that the batch is free. */
  sendNow(batch: PacketBatch): void {
    if (this.blocked) return this.#copy(batch, 0, 0);
    if (this.send(batch)) return;
    this.#batch = undefined;
    this.#copy(batch, this.#next, this.#sentOfNext);
  }

  /** Sends a control packet, or drops it where too much waits: it will be repeated. */
  sendControl(datagram: Uint8Array): void {
    const wanted = frameHeaderLength + datagram.length;
    if (this.ended !== undefined || this.#queue.length + wanted > controlLimit) return;
    const waiting = this.blocked;
    this.#queue.pushUint16(datagram.length);
    this.#queue.push(datagram);
    if (!waiting) this.#sendQueue();
  }

  /** Goes on with what waits. @returns Whether nothing waits any more. */
  resume(): boolean {
    const batch = this.#batch;
    if (batch !== undefined) {
      if (!this.#sendBatch(batch)) return false;
      this.#batch = undefined;
    }
    return this.#sendQueue();
  }

  /** @returns Whether all is sent, or can never be. */
  #sendBatch(batch: PacketBatch): boolean {
    for (;;) {
      const wanted = this.#gather(batch);
      if (wanted === 0) return true;
      const sent = this.#stream.flush();
      if (sent < 0) {
        this.#fail();
        return true;
      }
      this.#advance(batch, sent);
      if (sent < wanted) return false;
    }
  }

  /** Appends packets from `#next` on while there is room; how many bytes. */
  #gather(batch: PacketBatch): number {
    const { bytes } = batch.memory;
    let total = 0;
    let skip = this.#sentOfNext;
    for (let i = this.#next; i < batch.count; i++) {
      if (!this.#isOurs(batch, i)) continue;
      const length = batch.length[i];
      const frame = batch.offset[i] - frameHeaderLength;
      bytes[frame] = length >>> 8;
      bytes[frame + 1] = length & 0xff;
      const rest = frameHeaderLength + length - skip;
      if (!this.#stream.append(frame + skip, rest)) return total;
      total += rest;
      skip = 0;
    }
    return total;
  }

  /** Takes note of bytes that were sent. */
  #advance(batch: PacketBatch, sent: number): void {
    let left = sent + this.#sentOfNext;
    let i = this.#next;
    for (; i < batch.count; i++) {
      if (!this.#isOurs(batch, i)) continue;
      const whole = frameHeaderLength + batch.length[i];
      if (left < whole) break;
      left -= whole;
    }
    this.#next = i;
    this.#sentOfNext = left;
  }

  #isOurs(batch: PacketBatch, i: number): boolean {
    return batch.length[i] > 0 && batch.key[i]?.peer.socket === this.#socket;
  }

  /** Moves packets from `first` on to the queue; of the first one `sent` bytes are sent. */
  #copy(batch: PacketBatch, first: number, sent: number): void {
    const { bytes } = batch.memory;
    let skip = sent;
    for (let i = first; i < batch.count; i++) {
      if (!this.#isOurs(batch, i)) continue;
      const length = batch.length[i];
      const offset = batch.offset[i];
      // The rest of a packet finds the queue empty, as nothing could be sent otherwise.
      const full = this.#queue.length + frameHeaderLength + length > dataLimit;
      if (full || this.ended !== undefined) {
        this.#counters.drops[DropReason.QUEUE_FULL]++;
      } else if (skip > 0) {
        // It has its length in front already.
        this.#queue.push(bytes.subarray(offset - frameHeaderLength + skip, offset + length));
      } else {
        this.#queue.pushUint16(length);
        this.#queue.push(bytes.subarray(offset, offset + length));
      }
      skip = 0;
    }
  }

  #sendQueue(): boolean {
    while (this.#queue.length > 0) {
      const sent = this.#stream.send(this.#queue.bytes);
      if (sent === 0) return false;
      if (sent < 0) this.#fail();
      else this.#queue.shift(sent);
    }
    return true;
  }

  #fail(): void {
    this.ended = endReason(this.#stream.lastError);
    this.abandon();
  }

  /** Drops what waits; nothing can be sent afterwards. */
  abandon(): void {
    this.ended ??= "abandoned";
    const batch = this.#batch;
    this.#batch = undefined;
    this.#queue.clear();
    if (batch === undefined) return;
    for (let i = this.#next; i < batch.count; i++) {
      if (this.#isOurs(batch, i)) this.#counters.drops[DropReason.SEND_REFUSED]++;
    }
  }
}
