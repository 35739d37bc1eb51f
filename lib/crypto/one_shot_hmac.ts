/**
 * HMAC by one-shot hashes, for what strangers can make us compute.
 *
 * `createHmac` makes an object each time whose memory V8 does not see and therefore does not hurry
 * to give back: some 260 bytes for each datagram of a flood, for as long as it lasted. A one-shot
 * hash leaves nothing behind but its result.
 *
 * Source: RFC 2104; block sizes from FIPS 180-4, FIPS 202 and RFC 7693.
 *
 * @module
 */

import { hash } from "node:crypto";
import { wipe } from "../base/bytes.ts";

/** Bytes of a digest's block, by the name that `node:crypto` has for it; 64 where not listed. */
const blockLengths: Readonly<Record<string, number>> = {
  "sha384": 128,
  "sha512": 128,
  "sha512-224": 128,
  "sha512-256": 128,
  "sha3-224": 144,
  "sha3-256": 136,
  "sha3-384": 104,
  "sha3-512": 72,
  "blake2b512": 128,
};

/** Room for a control packet of a usual path; longer ones get their own. */
const usualLength = 2048;

/** A keyed HMAC. Not to be called while it is at work: it has one place to work in. */
export class OneShotHmac {
  readonly #digest: string;
  readonly #blockLength: number;
  /** The inner pad, and behind it what is hashed with it. */
  #inner: Uint8Array<ArrayBuffer>;
  /** The outer pad, and behind it the inner hash. */
  readonly #outer: Uint8Array<ArrayBuffer>;

  /**
   * @param digest As `node:crypto` names it.
   * @param key At most as long as the digest's block; copied.
   * @throws {RangeError} for a longer key.
   */
  constructor(digest: string, key: Uint8Array) {
    this.#digest = digest;
    this.#blockLength = blockLengths[digest] ?? 64;
    if (key.length > this.#blockLength) throw new RangeError(`a key of ${key.length} bytes`);
    const hashLength = hash(digest, "", "hex").length / 2;
    this.#inner = new Uint8Array(this.#blockLength + usualLength);
    this.#outer = new Uint8Array(this.#blockLength + hashLength);
    this.#inner.fill(0x36, 0, this.#blockLength);
    this.#outer.fill(0x5c, 0, this.#blockLength);
    for (let i = 0; i < key.length; i++) {
      this.#inner[i] ^= key[i];
      this.#outer[i] ^= key[i];
    }
  }

  /** The HMAC of these bytes, one part behind the other. */
  of(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
    let end = this.#blockLength;
    for (const part of parts) {
      if (end + part.length > this.#inner.length) this.#grow(end, end + part.length);
      this.#inner.set(part, end);
      end += part.length;
    }
    // As hexadecimal text: buffers would be memory outside V8's heap again.
    const inner = hash(this.#digest, this.#inner.subarray(0, end), "hex");
    this.#outer.subarray(this.#blockLength).setFromHex(inner);
    return Uint8Array.fromHex(hash(this.#digest, this.#outer, "hex"));
  }

  /** Overwrites the key, after which there is no use of it. */
  wipe(): void {
    wipe(this.#inner, this.#outer);
  }

  #grow(used: number, needed: number): void {
    const larger = new Uint8Array(Math.max(needed, 2 * this.#inner.length));
    larger.set(this.#inner.subarray(0, used));
    wipe(this.#inner);
    this.#inner = larger;
  }
}
