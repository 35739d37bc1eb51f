/**
 * AES-CBC with HMAC for the built-in engine: a batch goes through the cipher as one stream.
 *
 * ```text
 * seal  R1 | text 1 | R2 | text 2 | …   random blocks R, one per packet
 *   ─►  IV1 | C1    | IV2 | C2    | …   what a random block became is the packet's IV
 * open  IV1 | C1    | IV2 | C2    | …
 *   ─►  garbage | text 1 | garbage | text 2 | …
 * ```
 *
 * CBC chains each block to the ciphertext in front of it, so that a packet's text is chained to
 * its own IV whatever stands in front of that. An IV that is the encryption of a random block
 * cannot be predicted (NIST SP 800-38A, appendix C).
 *
 * @module
 */

import { VpnError } from "../base/errors.ts";
import { wipe } from "../base/bytes.ts";
import type { CipherInfo, DigestInfo } from "./cipher_table.ts";
import type { DataCipher, KeyMaterial, PacketRun } from "./engine.ts";
import { blockLength, blocksFit, macIsAt, RandomBlocks, unsealable } from "./engine_packets.ts";
import { type CbcStream, NodeCbcStream, SubtleCbcStream } from "./webcrypto_cbc_stream.ts";
import { KeyedDigest } from "./webcrypto_hmac.ts";

/** From this length on, in bytes, WebCrypto's thread is worth its start-up of some 30 µs. */
const subtleFrom = 16384;

/** The material is copied before this returns. Its lengths have been checked. */
export async function createCbcHmac(
  direction: "seal" | "open",
  cipher: CipherInfo,
  digest: DigestInfo,
  material: KeyMaterial,
): Promise<DataCipher> {
  const way = direction === "seal" ? "encrypt" : "decrypt";
  const hmac = new KeyedDigest(digest.nodeName, material.hmacKey);
  const small = NodeCbcStream.create(way, cipher, material.cipherKey);
  const large = await SubtleCbcStream.create(way, material.cipherKey);
  return new CbcHmac(small ?? large, large, hmac, digest.length);
}

class CbcHmac implements DataCipher {
  readonly kind = "cbc-hmac";
  readonly macLength: number;
  readonly #small: CbcStream;
  readonly #large: CbcStream;
  readonly #hmac: KeyedDigest;
  readonly #random = new RandomBlocks();
  #gathered = new Uint8Array(subtleFrom);
  #destroyed = false;

  constructor(small: CbcStream, large: CbcStream, hmac: KeyedDigest, macLength: number) {
    this.#small = small;
    this.#large = large;
    this.#hmac = hmac;
    this.macLength = macLength;
  }

  seal(run: PacketRun, first: number, end: number): void | Promise<void> {
    if (this.#destroyed) throw new VpnError("the key was destroyed before");
    let total = 0;
    for (let i = first; i < end; i++) {
      if (!blocksFit(run, i, this.macLength + blockLength)) throw unsealable(run, i);
      this.#random.write(run.memory.bytes, run.offset[i] - blockLength);
      total += blockLength + run.length[i];
    }
    if (total === 0) return;
    const gathered = this.#gather(run, first, end, total, false);
    const stream = total < subtleFrom ? this.#small : this.#large;
    const sealed = stream.run(gathered);
    if (sealed instanceof Uint8Array) return this.#spreadSealed(run, first, end, sealed);
    return sealed.then((bytes) => this.#spreadSealed(run, first, end, bytes));
  }

  #spreadSealed(run: PacketRun, first: number, end: number, sealed: Uint8Array): void {
    const bytes = run.memory.bytes;
    let from = 0;
    for (let i = first; i < end; i++) {
      const iv = run.offset[i] - blockLength;
      const covered = sealed.subarray(from, from + blockLength + run.length[i]);
      bytes.set(covered, iv);
      bytes.set(this.#hmac.digest(covered), iv - this.macLength);
      from += covered.length;
    }
  }

  open(run: PacketRun, first: number, end: number): void | Promise<void> {
    const { offset, length, authentic } = run;
    const bytes = run.memory.bytes;
    let total = 0;
    for (let i = first; i < end; i++) {
      authentic[i] = 0;
      if (this.#destroyed || !blocksFit(run, i, this.macLength + blockLength)) continue;
      const iv = offset[i] - blockLength;
      const mac = this.#hmac.digest(bytes.subarray(iv, offset[i] + length[i]));
      if (!macIsAt(bytes, iv - this.macLength, mac, this.macLength)) continue;
      authentic[i] = 1;
      total += blockLength + length[i];
    }
    if (total === 0) return;
    const gathered = this.#gather(run, first, end, total, true);
    const stream = total < subtleFrom ? this.#small : this.#large;
    const opened = stream.run(gathered);
    if (opened instanceof Uint8Array) return spreadOpened(run, first, end, opened);
    return opened.then(
      (texts) => spreadOpened(run, first, end, texts),
      // No ciphertext makes it fail; should it all the same, then nothing was opened.
      () => void authentic.fill(0, first, end),
    );
  }

  /** IV and text of each packet, one after the other; the authentic ones only, if so wanted. */
  #gather(
    run: PacketRun,
    first: number,
    end: number,
    total: number,
    authenticOnly: boolean,
  ): Uint8Array<ArrayBuffer> {
    if (this.#gathered.length < total) this.#gathered = new Uint8Array(total);
    let to = 0;
    for (let i = first; i < end; i++) {
      if (authenticOnly && run.authentic[i] === 0) continue;
      const iv = run.offset[i] - blockLength;
      const covered = run.memory.bytes.subarray(iv, run.offset[i] + run.length[i]);
      this.#gathered.set(covered, to);
      to += covered.length;
    }
    return this.#gathered.subarray(0, total);
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#small.close();
    this.#large.close();
    wipe(this.#gathered);
  }
}

function spreadOpened(run: PacketRun, first: number, end: number, texts: Uint8Array): void {
  let from = 0;
  for (let i = first; i < end; i++) {
    if (run.authentic[i] === 0) continue;
    from += blockLength;
    run.memory.bytes.set(texts.subarray(from, from + run.length[i]), run.offset[i]);
    from += run.length[i];
  }
}
