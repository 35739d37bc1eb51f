/**
 * What the engines share: the checks of keys and packets, the comparison of MACs, random IVs. See
 * engine.ts for how a packet is laid out.
 *
 * @module
 */

import { VpnError } from "../base/errors.ts";
import { type CipherInfo, type DigestInfo, findCipher, findDigest } from "./cipher_table.ts";
import type { CryptoEngine, KeyMaterial, PacketRun } from "./engine.ts";

/** Bytes of an AEAD cipher's tag. */
export const tagLength = 16;
/** Bytes of a CBC packet's IV, and of AES's block. */
export const blockLength = 16;
/** Bytes of an AEAD cipher's nonce. */
export const nonceLength = 12;
/** Bytes of the packet-id, which begins the nonce; the implicit IV is the rest. */
export const packetIdLength = 4;

/** What a material's cipher and digest are; `digest` is there with CBC only. */
export type Algorithms =
  | { readonly kind: "aead"; readonly cipher: CipherInfo }
  | { readonly kind: "cbc-hmac"; readonly cipher: CipherInfo; readonly digest: DigestInfo };

/** The algorithms of these names, or undefined where one of them is not known. */
export function findAlgorithms(cipherName: string, auth: string): Algorithms | undefined {
  const cipher = findCipher(cipherName);
  if (cipher === undefined) return undefined;
  if (cipher.kind === "aead") return { kind: "aead", cipher };
  const digest = findDigest(auth);
  return digest === undefined ? undefined : { kind: "cbc-hmac", cipher, digest };
}

/**
 * The algorithms of this material, whose keys then have the right lengths.
 *
 * @throws {VpnError} when the engine does not support them, or a key has a wrong length.
 */
export function checkedAlgorithms(engine: CryptoEngine, material: KeyMaterial): Algorithms {
  const { cipher: cipherName, auth, cipherKey, hmacKey } = material;
  const algorithms = findAlgorithms(cipherName, auth);
  if (algorithms === undefined || !engine.supports(cipherName, auth)) {
    const name = findCipher(cipherName)?.kind === "aead"
      ? cipherName
      : `${cipherName} with ${auth}`;
    throw new VpnError(
      `the crypto engine ${engine.name} does not support ${name}`,
      "choose another data-ciphers or auth, or another --crypto",
    );
  }
  const hmacKeyLength = algorithms.kind === "aead"
    ? nonceLength - packetIdLength
    : algorithms.digest.length;
  if (cipherKey.length !== algorithms.cipher.keyLength || hmacKey.length !== hmacKeyLength) {
    throw new VpnError(
      `${cipherName} takes a key of ${algorithms.cipher.keyLength} bytes and one of ` +
        `${hmacKeyLength}, not of ${cipherKey.length} and ${hmacKey.length}`,
    );
  }
  return algorithms;
}

/**
 * Whether text `i` and the `headroom` bytes in front of it lie inside of the memory. A datagram
 * that is shorter than its headers gives a negative length.
 */
export function packetFits(run: PacketRun, i: number, headroom: number): boolean {
  const offset = run.offset[i];
  const length = run.length[i];
  return length >= 0 && offset >= headroom && offset + length <= run.memory.bytes.length;
}

/** As `packetFits`, and the text is one block or more. */
export function blocksFit(run: PacketRun, i: number, headroom: number): boolean {
  const length = run.length[i];
  return length > 0 && length % blockLength === 0 && packetFits(run, i, headroom);
}

/** The error for a packet that cannot be sealed: a mistake of the caller, not of a peer. */
export function unsealable(run: PacketRun, i: number): RangeError {
  return new RangeError(
    `a text of ${run.length[i]} bytes at offset ${run.offset[i]} cannot be sealed`,
  );
}

/**
 * The AEAD nonce: packet-id (4 bytes, in front of the tag) and implicit IV (8 bytes).
 *
 * @param nonce 12 bytes, of which the last 8 hold the implicit IV already.
 */
export function setPacketId(nonce: Uint8Array, bytes: Uint8Array, tag: number): void {
  nonce[0] = bytes[tag - 4];
  nonce[1] = bytes[tag - 3];
  nonce[2] = bytes[tag - 2];
  nonce[3] = bytes[tag - 1];
}

/** @throws {RangeError} when the associated data cannot hold a packet-id. */
export function checkAssociatedDataLength(length: number): void {
  if (length >= packetIdLength) return;
  throw new RangeError(`associated data of ${length} bytes cannot hold a packet-id`);
}

/** Compares the first `length` bytes of `mac` with those at `offset`, in constant time. */
export function macIsAt(
  bytes: Uint8Array,
  offset: number,
  mac: Uint8Array,
  length: number,
): boolean {
  let difference = 0;
  for (let j = 0; j < length; j++) difference |= bytes[offset + j] ^ mac[j];
  return difference === 0;
}

/** Random 16-byte blocks, drawn from the operating system many at a time. */
export class RandomBlocks {
  readonly #pool = new Uint8Array(256 * blockLength);
  #next = this.#pool.length;

  /** Writes the next block at `offset`. */
  write(bytes: Uint8Array, offset: number): void {
    if (this.#next === this.#pool.length) {
      crypto.getRandomValues(this.#pool);
      this.#next = 0;
    }
    // A loop: `set` would need a view, which is an allocation.
    for (let j = 0; j < blockLength; j++) bytes[offset + j] = this.#pool[this.#next + j];
    this.#next += blockLength;
  }
}
