/**
 * Nonces: 24 bytes that no two messages under one pair of keys share.
 *
 * ```text
 * label (16 ASCII bytes: the message and its direction) | counter (8, big-endian)
 * ```
 *
 * @module
 */

import { boxNonceLength } from "../../crypto/secret_box.ts";

const labelLength = 16;

/** Length of a counter, in bytes. */
export const counterLength = 8;

/** The labels. */
export const Label = {
  hello: label("vpn box hello"),
  cookie: label("vpn box cookie"),
  vouch: label("vpn box vouch"),
  /** A stream's messages, by who sends them. */
  client: label("vpn box client"),
  server: label("vpn box server"),
  /** The packet transport's, by who sends them. */
  packetClient: label("vpn box packet c"),
  packetServer: label("vpn box packet s"),
} as const;

function label(text: string): Uint8Array {
  return new TextEncoder().encode(text.padEnd(labelLength));
}

/** A nonce whose counter moves on; the buffer is the same each time. */
export class Nonce {
  /** 24 bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  #next = 0;

  /** @param label One of `Label`. The counter begins at 0. */
  constructor(label: Uint8Array) {
    this.bytes = new Uint8Array(boxNonceLength);
    this.bytes.set(label);
    this.#view = new DataView(this.bytes.buffer);
  }

  /**
   * Sets the counter to the next number.
   *
   * @throws {RangeError} after 2^53 of them, which is never.
   */
  advance(): Uint8Array<ArrayBuffer> {
    return this.at(this.#next++);
  }

  /** Sets the counter. @throws {RangeError} unless it is an integer from 0 to 2^53 - 1. */
  at(counter: number): Uint8Array<ArrayBuffer> {
    writeCounter(this.#view, labelLength, counter);
    return this.bytes;
  }
}

const wordRange = 0x1_0000_0000;

/** Writes a counter. @throws {RangeError} unless it is an integer from 0 to 2^53 - 1. */
export function writeCounter(view: DataView, offset: number, counter: number): void {
  if (!Number.isSafeInteger(counter) || counter < 0) throw new RangeError(`counter ${counter}`);
  view.setUint32(offset, Math.floor(counter / wordRange));
  view.setUint32(offset + 4, counter % wordRange);
}

/** Reads a counter; undefined at 2^53 and above, which nobody gets to. */
export function readCounter(view: DataView, offset: number): number | undefined {
  const counter = view.getUint32(offset) * wordRange + view.getUint32(offset + 4);
  return Number.isSafeInteger(counter) ? counter : undefined;
}

/**
 * The series of counters of a server's key, for all that it boxes under a client's ephemeral key.
 * A client's Hello may be replayed, and its state forgotten: a series that began at 0 for each
 * client would then use a nonce twice. This one begins at the time in µs since 1970, which it does
 * not overtake, so that it rises over restarts too.
 */
export class CounterSeries {
  #next: number;

  /** @param now ms since 1970. */
  constructor(now: number = Date.now()) {
    this.#next = Math.floor(now * 1000);
  }

  /** The next one. */
  next(): number {
    return this.#next++;
  }
}

/** A sliding window over counters, in which each is accepted once. */
export class CounterWindow {
  readonly #size: number;
  /** The last counter seen at `counter % size`. */
  readonly #seen: Float64Array;
  #highest = -1;

  /** @param size How far a counter may be behind the highest; 1 or more. */
  constructor(size: number) {
    this.#size = size;
    this.#seen = new Float64Array(size).fill(-1);
  }

  /** The highest so far; -1: none. */
  get highest(): number {
    return this.#highest;
  }

  /** Whether the counter is new; it is not from then on. To be asked for authentic packets only. */
  accept(counter: number): boolean {
    if (counter <= this.#highest - this.#size) return false;
    const slot = counter % this.#size;
    // Within the window each slot has one counter; what is below it there was seen before it.
    if (this.#seen[slot] >= counter) return false;
    this.#seen[slot] = counter;
    if (counter > this.#highest) this.#highest = counter;
    return true;
  }
}
