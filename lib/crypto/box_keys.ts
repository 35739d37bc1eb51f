/**
 * Keys of NaCl's `crypto_box`: X25519 by WebCrypto, then HSalsa20 as `crypto_box_beforenm` does.
 *
 * Source: D. J. Bernstein, "Cryptography in NaCl"; RFC 7748 for X25519.
 *
 * @module
 */

import { hsalsa } from "@noble/ciphers/salsa.js";
import { wipe } from "../base/bytes.ts";
import { VpnError } from "../base/errors.ts";

/** Length of public, secret and shared keys, in bytes. */
export const boxKeyLength = 32;

/** A public key: 32 bytes. */
export type BoxPublicKey = Uint8Array<ArrayBuffer>;

/** A key that both ends of a pair of keys can compute: 32 bytes, secret. */
export type BoxSharedKey = Uint8Array<ArrayBuffer>;

/** A key pair; the secret half stays in WebCrypto. */
export interface BoxKeyPair {
  readonly publicKey: BoxPublicKey;
  readonly secretKey: CryptoKey;
}

const algorithm = { name: "X25519" };

// SEQUENCE { version 0, AlgorithmIdentifier { 1.3.101.110 }, OCTET STRING { OCTET STRING (32) } }:
// RFC 5958 and RFC 8410, without the key.
const pkcs8Prefix = Uint8Array.fromHex("302e020100300506032b656e04220420");

/** The u-coordinate of the base point (RFC 7748, section 4.1), little-endian. */
const basePoint = Uint8Array.of(9, ...new Uint8Array(31));

/** A new pair whose secret key cannot be taken out. */
export async function generateBoxKeyPair(): Promise<BoxKeyPair> {
  const pair = await crypto.subtle.generateKey(algorithm, false, ["deriveBits"]) as CryptoKeyPair;
  const publicKey = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  return { publicKey, secretKey: pair.privateKey };
}

/** 32 random bytes are a secret key (X25519 clamps them). */
export function generateBoxSecretKey(): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(boxKeyLength));
}

/** The pair of a secret key. @throws {VpnError} when it has not 32 bytes. */
export async function importBoxKeyPair(secret: Uint8Array): Promise<BoxKeyPair> {
  if (secret.length !== boxKeyLength) {
    throw new VpnError(`a secret key has ${boxKeyLength} bytes, not ${secret.length}`);
  }
  const pkcs8 = new Uint8Array([...pkcs8Prefix, ...secret]);
  const secretKey = await crypto.subtle.importKey("pkcs8", pkcs8, algorithm, false, ["deriveBits"]);
  wipe(pkcs8);
  return { publicKey: await x25519(secretKey, basePoint), secretKey };
}

/** 2^255 - 19, little-endian: the field's order. */
const fieldOrder = new Uint8Array(32).fill(0xff).with(0, 0xed).with(31, 0x7f);

/**
 * Whether these bytes are the one name of a public key. X25519 ignores the top bit and reduces what
 * is at or above 2^255 - 19, so that a key would have further names, by which it would be another
 * client in a list or another state in a table.
 */
export function isCanonicalPublicKey(key: Uint8Array): boolean {
  if (key.length !== boxKeyLength) return false;
  for (let i = boxKeyLength - 1; i >= 0; i--) {
    if (key[i] !== fieldOrder[i]) return key[i] < fieldOrder[i];
  }
  return false;
}

/**
 * `crypto_box_beforenm`: the key of a pair of keys; undefined for a public key that has another
 * name or is a point of low order, whose shared key everybody knows.
 */
export async function sharedBoxKey(
  { secretKey }: BoxKeyPair,
  publicKey: Uint8Array,
): Promise<BoxSharedKey | undefined> {
  if (!isCanonicalPublicKey(publicKey)) return undefined;
  let point: Uint8Array<ArrayBuffer>;
  try {
    point = await x25519(secretKey, new Uint8Array(publicKey));
  } catch (error) {
    // RFC 7748, section 6.1: WebCrypto refuses an all-zero result.
    if (error instanceof DOMException && error.name === "OperationError") return undefined;
    throw error;
  }
  const key = hsalsa20(point);
  wipe(point);
  return key;
}

async function x25519(
  secretKey: CryptoKey,
  publicKey: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const imported = await crypto.subtle.importKey("raw", publicKey, algorithm, false, []);
  const parameters = { ...algorithm, public: imported };
  return new Uint8Array(await crypto.subtle.deriveBits(parameters, secretKey, boxKeyLength * 8));
}

// "expand 32-byte k", the constant of Salsa20 for keys of 32 bytes.
const sigma = words(new TextEncoder().encode("expand 32-byte k"));
const zeros = new Uint32Array(4);

function words(bytes: Uint8Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  // Linux on x86-64 and aarch64 is little-endian, as Salsa20 is.
  return new Uint32Array(bytes.slice().buffer);
}

function hsalsa20(key: Uint8Array<ArrayBuffer>): BoxSharedKey {
  const output = new Uint32Array(8);
  const input = words(key);
  hsalsa(sigma, input, zeros, output);
  input.fill(0);
  return new Uint8Array(output.buffer);
}
