/**
 * Private keys encrypted by a passphrase: PKCS#8 `EncryptedPrivateKeyInfo` with PBES2 (RFC 8018),
 * PBKDF2 with HMAC-SHA256 and AES-256-CBC, which OpenSSL reads from version 1.0 on.
 *
 * Node's own export takes 2,048 iterations, too few for a key that lies on a disk for ten years.
 *
 * @module
 */

import { Integer, Null, ObjectIdentifier, OctetString, Sequence } from "asn1js";
import { randomBytes } from "../base/bytes.ts";
import { VpnError } from "../base/errors.ts";
import { writePem } from "./pem.ts";

/** OWASP's Password Storage Cheat Sheet (2023) for PBKDF2-HMAC-SHA256. */
export const ITERATIONS = 600_000;
/** In octets; RFC 8018 section 4 wants at least 8. */
const SALT_LENGTH = 16;
/** Shorter passphrases are guessed faster than any derivation makes up for. */
const MIN_PASSPHRASE_LENGTH = 8;

/** Object identifiers of RFC 8018 appendix A and C, and NIST's for AES. */
const oid = {
  PBES2: "1.2.840.113549.1.5.13",
  PBKDF2: "1.2.840.113549.1.5.12",
  HMAC_SHA256: "1.2.840.113549.2.9",
  AES_256_CBC: "2.16.840.1.101.3.4.1.42",
} as const;

/** What was encrypted, and the `AlgorithmIdentifier` that says how. */
export interface EncryptedBytes {
  /** PBES2 with its parameters. */
  readonly algorithm: Sequence;
  /** The ciphertext. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Encrypts with PBES2 under a passphrase; `iterations` of PBKDF2. */
export async function encryptPbes2(
  plain: Uint8Array,
  passphrase: string,
  iterations = ITERATIONS,
): Promise<EncryptedBytes> {
  const salt = randomBytes(SALT_LENGTH);
  const iv = randomBytes(16);
  const material = new TextEncoder().encode(passphrase);
  const base = await crypto.subtle.importKey("raw", material, "PBKDF2", false, ["deriveKey"]);
  const key = await crypto.subtle.deriveKey(
    { name: "PBKDF2", hash: "SHA-256", salt, iterations },
    base,
    { name: "AES-CBC", length: 256 },
    false,
    ["encrypt"],
  );
  const encrypted = await crypto.subtle.encrypt({ name: "AES-CBC", iv }, key, plain.slice());
  const digest = new Sequence({
    value: [new ObjectIdentifier({ value: oid.HMAC_SHA256 }), new Null()],
  });
  const derivation = new Sequence({
    value: [
      new ObjectIdentifier({ value: oid.PBKDF2 }),
      new Sequence({
        value: [
          new OctetString({ valueHex: salt.buffer }),
          new Integer({ value: iterations }),
          digest,
        ],
      }),
    ],
  });
  const cipher = new Sequence({
    value: [
      new ObjectIdentifier({ value: oid.AES_256_CBC }),
      new OctetString({ valueHex: iv.buffer }),
    ],
  });
  const algorithm = new Sequence({
    value: [
      new ObjectIdentifier({ value: oid.PBES2 }),
      new Sequence({ value: [derivation, cipher] }),
    ],
  });
  return { algorithm, bytes: new Uint8Array(encrypted) };
}

/**
 * An extractable private key as encrypted PKCS#8 PEM.
 *
 * @throws {VpnError} when the passphrase is too short.
 */
export async function encryptedPrivateKeyPem(key: CryptoKey, passphrase: string): Promise<string> {
  if (passphrase.length < MIN_PASSPHRASE_LENGTH) {
    throw new VpnError(
      `the passphrase has less than ${MIN_PASSPHRASE_LENGTH} characters`,
      "choose a longer one",
    );
  }
  const plain = new Uint8Array(await crypto.subtle.exportKey("pkcs8", key));
  try {
    const { algorithm, bytes } = await encryptPbes2(plain, passphrase);
    const info = new Sequence({
      value: [algorithm, new OctetString({ valueHex: bytes.buffer })],
    });
    return writePem("ENCRYPTED PRIVATE KEY", new Uint8Array(info.toBER()));
  } finally {
    plain.fill(0);
  }
}
