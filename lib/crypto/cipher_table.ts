/**
 * The ciphers of the data channel and the digests for HMACs, by OpenVPN's names.
 *
 * Source: `openvpn --show-ciphers`, `--show-digests`; NIST SP 800-38A and 800-38D, RFC 8439.
 *
 * @module
 */

import { VpnError } from "../base/errors.ts";

/** A cipher of the data channel. */
export interface CipherInfo {
  /** As OpenVPN writes it: `AES-256-GCM`. */
  readonly name: string;
  readonly kind: "aead" | "cbc-hmac";
  /** Bytes. */
  readonly keyLength: number;
  /** Bytes; with AEAD, 4 of them are the packet-id and 8 come from the key material. */
  readonly ivLength: number;
  /** Bytes: of the block cipher below; 1 for ChaCha20, which has none. */
  readonly blockLength: number;
}

/** A digest that HMACs are made with. */
export interface DigestInfo {
  /** As OpenVPN writes it: `SHA256`. */
  readonly name: string;
  /** As `node:crypto` knows it. */
  readonly nodeName: string;
  /** Bytes of the digest, and of the HMAC's key. */
  readonly length: number;
}

function aes(bits: 128 | 192 | 256, mode: "CBC" | "GCM"): CipherInfo {
  return {
    name: `AES-${bits}-${mode}`,
    kind: mode === "GCM" ? "aead" : "cbc-hmac",
    keyLength: bits / 8,
    ivLength: mode === "GCM" ? 12 : 16,
    blockLength: 16,
  };
}

/** All ciphers of the data channel. */
export const ciphers: readonly CipherInfo[] = [
  aes(128, "CBC"),
  aes(192, "CBC"),
  aes(256, "CBC"),
  aes(128, "GCM"),
  aes(192, "GCM"),
  aes(256, "GCM"),
  { name: "CHACHA20-POLY1305", kind: "aead", keyLength: 32, ivLength: 12, blockLength: 1 },
];

function digest(name: string, length: number, nodeName = name.toLowerCase()): DigestInfo {
  return { name, nodeName, length };
}

/** All digests for `auth`. */
export const digests: readonly DigestInfo[] = [
  digest("SHA1", 20),
  digest("SHA224", 28),
  digest("SHA256", 32),
  digest("SHA384", 48),
  digest("SHA512", 64),
  digest("SHA512-224", 28),
  digest("SHA512-256", 32),
  digest("SHA3-224", 28),
  digest("SHA3-256", 32),
  digest("SHA3-384", 48),
  digest("SHA3-512", 64),
  digest("BLAKE2b512", 64),
  digest("BLAKE2s256", 32),
  digest("RIPEMD160", 20),
  digest("MD5", 16),
];

/** Further names that OpenSSL, and so OpenVPN, takes; in upper case. */
const aliases: ReadonlyMap<string, string> = new Map([
  ["ID-AES128-GCM", "AES-128-GCM"],
  ["ID-AES192-GCM", "AES-192-GCM"],
  ["ID-AES256-GCM", "AES-256-GCM"],
  ["AES128", "AES-128-CBC"],
  ["AES192", "AES-192-CBC"],
  ["AES256", "AES-256-CBC"],
  ["SHA-1", "SHA1"],
  ["RSA-SHA1", "SHA1"],
  ["RSA-SHA224", "SHA224"],
  ["RSA-SHA256", "SHA256"],
  ["RSA-SHA384", "SHA384"],
  ["RSA-SHA512", "SHA512"],
  ["RSA-MD5", "MD5"],
  ["SSL3-MD5", "MD5"],
  ["SSL3-SHA1", "SHA1"],
  ["SHA-224", "SHA224"],
  ["SHA-256", "SHA256"],
  ["SHA-384", "SHA384"],
  ["SHA-512", "SHA512"],
  ["SHA2-224", "SHA224"],
  ["SHA2-256", "SHA256"],
  ["SHA2-384", "SHA384"],
  ["SHA2-512", "SHA512"],
  ["SHA-512/224", "SHA512-224"],
  ["SHA-512/256", "SHA512-256"],
  ["SHA2-512/224", "SHA512-224"],
  ["SHA2-512/256", "SHA512-256"],
  ["BLAKE2B-512", "BLAKE2B512"],
  ["BLAKE2S-256", "BLAKE2S256"],
  ["RIPEMD", "RIPEMD160"],
  ["RIPEMD-160", "RIPEMD160"],
  ["RMD160", "RIPEMD160"],
]);

function find<T extends { readonly name: string }>(
  list: readonly T[],
  name: string,
): T | undefined {
  const upper = name.toUpperCase();
  const canonical = aliases.get(upper) ?? upper;
  return list.find((entry) => entry.name.toUpperCase() === canonical);
}

/** The cipher of that name, in any case and under any of its names; undefined: unknown. */
export function findCipher(name: string): CipherInfo | undefined {
  return find(ciphers, name);
}

/** The digest of that name, in any case and under any of its names; undefined: unknown. */
export function findDigest(name: string): DigestInfo | undefined {
  return find(digests, name);
}

/**
 * As `findCipher`.
 *
 * @throws {VpnError} for an unknown name.
 */
export function cipherInfo(name: string): CipherInfo {
  const cipher = findCipher(name);
  if (cipher !== undefined) return cipher;
  const known = ciphers.map((entry) => entry.name).join(", ");
  throw new VpnError(`cipher "${name}" is not supported`, `use one of ${known}`);
}

/**
 * As `findDigest`.
 *
 * @throws {VpnError} for an unknown name.
 */
export function digestInfo(name: string): DigestInfo {
  const found = findDigest(name);
  if (found !== undefined) return found;
  const known = digests.map((entry) => entry.name).join(", ");
  throw new VpnError(`digest "${name}" is not supported`, `use one of ${known}`);
}
