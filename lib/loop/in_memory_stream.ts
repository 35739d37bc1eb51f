/**
 * TCP connections in memory: how bytes are cut, and how much fits, is the test's choice.
 *
 * @module
 */

import { Errno } from "deno-tun";
import { concatBytes } from "../base/bytes.ts";
import type { PacketMemory } from "../crypto/engine.ts";
import { ByteQueue } from "./byte_queue.ts";
import type { ByteStream } from "./ports.ts";

/** One end of a connection. */
export class InMemoryStream implements ByteStream {
  lastError = 0;
  /** Bytes of one `receive` at most, 1 or more; each call asks for the next number. */
  nextCut: () => number = () => Infinity;
  /** Bytes that fit between the ends; more is taken when the other end has received some. */
  room = Infinity;
  /** errno that `receive`, `flush` and `send` fail with; 0: they work. */
  failure = 0;
  /** Whether the other end has closed: there is no more after what has arrived. */
  closed = false;
  readonly #memory: PacketMemory;
  readonly #arrived = new ByteQueue();
  #peer: InMemoryStream | undefined;
  #pieces: Uint8Array[] = [];

  /** @param memory Of the loop that has this end. */
  constructor(memory: PacketMemory) {
    this.#memory = memory;
  }

  /** Connects two ends, or one that was connected before to another. */
  connect(peer: InMemoryStream): void {
    this.#peer = peer;
    peer.#peer = this;
  }

  /** Bytes that have arrived and are not received yet. */
  get waiting(): number {
    return this.#arrived.length;
  }

  /** Has bytes arrive that nobody sent. */
  inject(bytes: ArrayLike<number>): void {
    this.#arrived.push(Uint8Array.from(bytes));
  }

  receive(offset: number, capacity: number): number {
    if (this.failure !== 0) return this.#over(this.failure);
    if (this.#arrived.length === 0) {
      if (this.closed) return this.#over(0);
      this.lastError = Errno.EAGAIN;
      return 0;
    }
    this.lastError = 0;
    const bytes = this.#arrived.bytes.subarray(0, Math.min(capacity, this.nextCut()));
    this.#memory.bytes.set(bytes, offset);
    this.#arrived.shift(bytes.length);
    return bytes.length;
  }

  append(offset: number, length: number): boolean {
    this.#pieces.push(this.#memory.bytes.slice(offset, offset + length));
    return true;
  }

  flush(): number {
    const bytes = concatBytes(...this.#pieces);
    this.#pieces = [];
    return bytes.length === 0 ? 0 : this.send(bytes);
  }

  send(bytes: Uint8Array): number {
    if (this.failure !== 0) return this.#over(this.failure);
    const peer = this.#peer;
    const room = peer === undefined ? 0 : Math.max(0, this.room - peer.waiting);
    const taken = bytes.subarray(0, Math.min(bytes.length, room));
    this.lastError = taken.length < bytes.length ? Errno.EAGAIN : 0;
    peer?.inject(taken);
    return taken.length;
  }

  #over(errno: number): -1 {
    this.lastError = errno;
    return -1;
  }
}
