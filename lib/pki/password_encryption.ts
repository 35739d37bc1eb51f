/**
 * What a passphrase has encrypted: PKCS#5's PBES2 (RFC 8018) and, of PKCS#12's own schemes
 * (RFC 7292, appendix C), those with Triple DES. For keys in PKCS#8 and for PKCS#12 files.
 *
 * Those with RC2, which old tools chose for certificates, are told by name: neither WebCrypto nor
 * node:crypto has it.
 *
 * @module
 */

import { createDecipheriv, createHash, pbkdf2Sync, scryptSync } from "node:crypto";
import { wipe } from "../base/bytes.ts";
import { VpnError } from "../base/errors.ts";
import { type DerElement, malformed, readObjectIdentifier, readSmallInteger, Tag } from "./der.ts";

/** The passphrase is not the right one, or the file is damaged: they can't be told apart. */
export class PassphraseError extends VpnError {
  /** The class's name, for logs. */
  override readonly name = "PassphraseError";

  /** @param what The key or file that it is for. */
  constructor(what: string) {
    super(`the passphrase of ${what} is wrong`, "check askpass, or what was typed");
  }
}

/** Most rounds of a derivation: some ten seconds. */
const maximumIterations = 20_000_000;

// RFC 8018, appendix A and B; RFC 7914, section 7; NIST's for AES; RFC 7292, appendix C.
const PBES2 = "1.2.840.113549.1.5.13";
const PBKDF2 = "1.2.840.113549.1.5.12";
const SCRYPT = "1.3.6.1.4.1.11591.4.11";

const pseudorandomFunctions: Readonly<Record<string, string>> = {
  "1.2.840.113549.2.7": "sha1",
  "1.2.840.113549.2.8": "sha224",
  "1.2.840.113549.2.9": "sha256",
  "1.2.840.113549.2.10": "sha384",
  "1.2.840.113549.2.11": "sha512",
};

interface Cipher {
  readonly name: string;
  readonly keyLength: number;
}

const ciphers: Readonly<Record<string, Cipher>> = {
  "2.16.840.1.101.3.4.1.2": { name: "aes-128-cbc", keyLength: 16 },
  "2.16.840.1.101.3.4.1.42": { name: "aes-256-cbc", keyLength: 32 },
  "1.2.840.113549.3.7": { name: "des-ede3-cbc", keyLength: 24 },
};

/** PKCS#12's schemes with Triple DES: bytes of the key that is derived; a third repeats the first. */
const tripleDes: Readonly<Record<string, number>> = {
  "1.2.840.113549.1.12.1.3": 24,
  "1.2.840.113549.1.12.1.4": 16,
};

const unsupported: Readonly<Record<string, string>> = {
  "1.2.840.113549.1.12.1.1": "RC4 (128 bits)",
  "1.2.840.113549.1.12.1.2": "RC4 (40 bits)",
  "1.2.840.113549.1.12.1.5": "RC2 (128 bits)",
  "1.2.840.113549.1.12.1.6": "RC2 (40 bits)",
  "1.2.840.113549.1.5.3": "DES with MD5",
  "1.2.840.113549.1.5.10": "DES with SHA-1",
  "1.2.840.113549.3.2": "RC2",
  "1.3.14.3.2.7": "DES",
  "2.16.840.1.101.3.4.1.22": "AES-192",
};

/**
 * Decrypts.
 *
 * @param algorithm The `AlgorithmIdentifier`.
 * @param what The key or file, for errors.
 * @throws {PassphraseError} when the passphrase is wrong.
 * @throws {VpnError} for an algorithm that can't be undone here.
 */
export function decryptWithPassphrase(
  algorithm: DerElement,
  encrypted: Uint8Array,
  passphrase: string,
  what: string,
): Uint8Array {
  const cursor = algorithm.children(what);
  const scheme = readObjectIdentifier(cursor.next(Tag.OBJECT_IDENTIFIER), what);
  if (scheme === PBES2) return decryptPbes2(cursor.next(Tag.SEQUENCE), encrypted, passphrase, what);
  const keyLength = tripleDes[scheme];
  if (keyLength === undefined) throw cannotRead(what, scheme);
  const parameters = cursor.next(Tag.SEQUENCE).children(what);
  const salt = parameters.next(Tag.OCTET_STRING).content;
  const iterations = readIterations(parameters.next(Tag.INTEGER), what);
  const derived = derivePkcs12(DerivedFor.key, passphrase, salt, iterations, keyLength, "sha1");
  const key = new Uint8Array(24);
  key.set(derived);
  if (keyLength === 16) key.set(derived.subarray(0, 8), 16);
  const iv = derivePkcs12(DerivedFor.iv, passphrase, salt, iterations, 8, "sha1");
  wipe(derived);
  return decipher("des-ede3-cbc", key, iv, encrypted, what);
}

function decryptPbes2(
  parameters: DerElement,
  encrypted: Uint8Array,
  passphrase: string,
  what: string,
): Uint8Array {
  const cursor = parameters.children(what);
  const derivation = cursor.next(Tag.SEQUENCE);
  const scheme = cursor.next(Tag.SEQUENCE).children(what);
  const cipherType = readObjectIdentifier(scheme.next(Tag.OBJECT_IDENTIFIER), what);
  const cipher = ciphers[cipherType];
  if (cipher === undefined) throw cannotRead(what, cipherType);
  const iv = scheme.next(Tag.OCTET_STRING).content;
  const key = derivePbes2(derivation, passphrase, cipher.keyLength, what);
  return decipher(cipher.name, key, iv, encrypted, what);
}

function derivePbes2(
  derivation: DerElement,
  passphrase: string,
  keyLength: number,
  what: string,
): Uint8Array {
  const cursor = derivation.children(what);
  const type = readObjectIdentifier(cursor.next(Tag.OBJECT_IDENTIFIER), what);
  const parameters = cursor.next(Tag.SEQUENCE).children(what);
  const salt = parameters.next(Tag.OCTET_STRING).content;
  if (type === SCRYPT) {
    const [N, r, p] = [1, 2, 3].map(() => readIterations(parameters.next(Tag.INTEGER), what));
    // 128 N r bytes (RFC 7914, section 2); 256 MB is what OpenSSL and others stop at.
    if (128 * N * r > 256 << 20) throw cannotRead(what, "scrypt with much memory");
    return scryptSync(passphrase, salt, keyLength, { N, r, p, maxmem: 512 << 20 });
  }
  if (type !== PBKDF2) throw cannotRead(what, type);
  const iterations = readIterations(parameters.next(Tag.INTEGER), what);
  parameters.optional(Tag.INTEGER);
  const functionType = parameters.optional(Tag.SEQUENCE)?.children(what)
    .next(Tag.OBJECT_IDENTIFIER);
  // RFC 8018, appendix A.2: HMAC-SHA1 where nothing is said.
  const type2 = functionType === undefined
    ? "1.2.840.113549.2.7"
    : readObjectIdentifier(functionType, what);
  const digest = pseudorandomFunctions[type2];
  if (digest === undefined) throw cannotRead(what, type2);
  return pbkdf2Sync(passphrase, salt, iterations, keyLength, digest);
}

/** What PKCS#12's derivation is for: its "ID byte". */
export const DerivedFor = { key: 1, iv: 2, mac: 3 } as const;

/** PKCS#12's own derivation (RFC 7292, appendix B.2). */
export function derivePkcs12(
  purpose: number,
  passphrase: string,
  salt: Uint8Array,
  iterations: number,
  length: number,
  digest: string,
): Uint8Array {
  const hashLength = createHash(digest).digest().length;
  const blockLength = hashLength > 32 ? 128 : 64;
  const diversifier = new Uint8Array(blockLength).fill(purpose);
  const input = new Uint8Array([
    ...repeated(salt, blockLength),
    ...repeated(bmpString(passphrase), blockLength),
  ]);
  const derived = new Uint8Array(length);
  for (let offset = 0; offset < length; offset += hashLength) {
    let block: Uint8Array = createHash(digest).update(diversifier).update(input).digest();
    for (let i = 1; i < iterations; i++) block = createHash(digest).update(block).digest();
    derived.set(block.subarray(0, length - offset), offset);
    for (let i = 0; i < input.length; i += blockLength) {
      addModulo(input.subarray(i, i + blockLength), block);
    }
  }
  wipe(input);
  return derived;
}

/** `block` = `block` + `addend` (repeated) + 1, as one big number. */
function addModulo(block: Uint8Array, addend: Uint8Array): void {
  let carry = 1;
  for (let i = block.length - 1; i >= 0; i--) {
    carry += block[i] + addend[i % addend.length];
    block[i] = carry & 0xff;
    carry >>= 8;
  }
}

/** As often as fills whole blocks; nothing of nothing. */
function repeated(bytes: Uint8Array, blockLength: number): Uint8Array {
  const whole = new Uint8Array(Math.ceil(bytes.length / blockLength) * blockLength);
  for (let i = 0; i < whole.length; i++) whole[i] = bytes[i % bytes.length];
  return whole;
}

/** UTF-16, big-endian, with a zero character at its end. */
function bmpString(text: string): Uint8Array {
  const bytes = new Uint8Array(2 * text.length + 2);
  for (let i = 0; i < text.length; i++) {
    bytes[2 * i] = text.charCodeAt(i) >> 8;
    bytes[2 * i + 1] = text.charCodeAt(i) & 0xff;
  }
  return bytes;
}

/** A number of rounds. @throws {VpnError} when there are too many. */
export function readIterations(element: DerElement, what: string): number {
  const iterations = readSmallInteger(element, what);
  if (iterations < 1) throw malformed(`${what}: no iterations`);
  if (iterations > maximumIterations) {
    throw new VpnError(`${what} asks for ${iterations} iterations, which is too many`);
  }
  return iterations;
}

function decipher(
  name: string,
  key: Uint8Array,
  iv: Uint8Array,
  encrypted: Uint8Array,
  what: string,
): Uint8Array {
  try {
    const context = createDecipheriv(name, key, iv);
    const start = context.update(encrypted);
    const end = context.final();
    const plain = new Uint8Array(start.length + end.length);
    plain.set(start);
    plain.set(end, start.length);
    wipe(start, end);
    return plain;
  } catch {
    // The padding is wrong; the underlying error says no more than that.
    throw new PassphraseError(what);
  } finally {
    wipe(key);
  }
}

function cannotRead(what: string, algorithm: string): VpnError {
  return new VpnError(
    `${what} is encrypted with ${unsupported[algorithm] ?? algorithm}, which isn't read here`,
    `encrypt it anew with AES-256, as "openssl pkcs12" or "openssl pkcs8 -topk8" of OpenSSL 3 does`,
  );
}
