/**
 * Private keys in files: PKCS#8, PKCS#1, SEC 1, with or without a passphrase, to PKCS#8 as the TLS
 * library wants it.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { readDer, Tag } from "./der.ts";
import { CertificateError } from "./errors.ts";
import { decryptWithPassphrase, PassphraseError } from "./password_encryption.ts";
import { privateKeyBlock } from "./keys.ts";
import { readPem, writePem } from "./pem.ts";

const what = "the private key";

const encryptedPkcs8 = /-----BEGIN ENCRYPTED PRIVATE KEY-----/;

/**
 * A key without its passphrase, as PKCS#8 PEM.
 *
 * @throws {PassphraseError} when it is wrong.
 * @throws {VpnError} when the key can't be read.
 */
export function withoutPassphrase(pem: string, passphrase: string): string {
  if (!encryptedPkcs8.test(pem)) return traditional(pem, passphrase);
  const block = readPem(pem).find(({ label }) => label === "ENCRYPTED PRIVATE KEY");
  if (block === undefined) throw unreadable();
  const info = readDer(block.bytes, Tag.SEQUENCE, what).children(what);
  const algorithm = info.next(Tag.SEQUENCE);
  const encrypted = info.next(Tag.OCTET_STRING).content;
  const key = decryptWithPassphrase(algorithm, encrypted, passphrase, what);
  // One wrong passphrase in 256 gives good padding, and then no key.
  if (!isPkcs8(key)) throw new PassphraseError(what);
  return writePem("PRIVATE KEY", key);
}

/** `Proc-Type: 4,ENCRYPTED` (RFC 1421), as OpenSSL up to 1.1 wrote it. */
function traditional(pem: string, passphrase: string): string {
  try {
    const key = createPrivateKey({ key: privateKeyBlock(pem), format: "pem", passphrase });
    return key.export({ format: "pem", type: "pkcs8" }).toString();
  } catch (error) {
    // The error itself is not passed on: it could quote the key.
    if (error instanceof Error && /bad decrypt/.test(error.message)) {
      throw new PassphraseError(what);
    }
    throw unreadable();
  }
}

function isPkcs8(der: Uint8Array): boolean {
  try {
    privateKeyOf(der);
    return true;
  } catch {
    return false;
  }
}

/**
 * SubjectPublicKeyInfo, DER, of a private key in PKCS#8.
 *
 * @throws {CertificateError} `malformed`.
 */
export function publicKeyOfPkcs8(der: Uint8Array): Uint8Array {
  try {
    const spki = createPublicKey(privateKeyOf(der)).export({ format: "der", type: "spki" });
    return Uint8Array.from(spki);
  } catch {
    throw unreadable();
  }
}

function privateKeyOf(der: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" });
}

function unreadable(): CertificateError {
  return new CertificateError(
    "malformed",
    `${what} cannot be read`,
    `write it anew with "openssl pkcs8 -topk8"`,
  );
}
