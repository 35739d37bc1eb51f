/**
 * Key pairs: made by WebCrypto, kept as PKCS#8 PEM.
 *
 * @module
 */

import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { sameBytes } from "../base/bytes.ts";
import type { Certificate } from "./certificate.ts";
import { CertificateError } from "./errors.ts";
import { type KeyType, keyTypes } from "./key_types.ts";
import { called } from "./path.ts";
import { writePem } from "./pem.ts";
import type { PublicKeyDescription } from "./public_key.ts";

export { type KeyType, keyTypes };

const generation: Readonly<Record<KeyType, RsaHashedKeyGenParams | EcKeyGenParams>> = {
  "rsa:2048": rsa(2048),
  "rsa:3072": rsa(3072),
  "rsa:4096": rsa(4096),
  "ec:p256": { name: "ECDSA", namedCurve: "P-256" },
  "ec:p384": { name: "ECDSA", namedCurve: "P-384" },
};

function rsa(modulusLength: number): RsaHashedKeyGenParams {
  const publicExponent = new Uint8Array([1, 0, 1]); // 65537
  return { name: "RSASSA-PKCS1-v1_5", modulusLength, publicExponent, hash: "SHA-256" };
}

/** Makes a key pair that can sign. RSA takes 0.1 s (2048 bits) to some seconds (4096). */
export async function generateKeyPair(type: KeyType): Promise<CryptoKeyPair> {
  return await crypto.subtle.generateKey(generation[type], true, ["sign", "verify"]);
}

/** A certificate's public key, to certify it again. */
export async function importPublicKey(key: PublicKeyDescription): Promise<CryptoKey> {
  const algorithm = key.algorithm === "rsa"
    ? { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }
    : key.algorithm === "ed25519"
    ? { name: "Ed25519" }
    : { name: "ECDSA", namedCurve: key.curve ?? "" };
  return await crypto.subtle.importKey("spki", key.spki.slice(), algorithm, true, ["verify"]);
}

/** The kind of a certificate's key, as {@linkcode KeyType} has it or like it. */
export function keyTypeOf({ publicKey }: Certificate): string {
  const { algorithm, bits, curve } = publicKey;
  if (algorithm === "ec") return `ec:${(curve ?? "").toLowerCase().replace("-", "")}`;
  return algorithm === "rsa" ? `rsa:${bits}` : algorithm;
}

/** An extractable private key as unencrypted PKCS#8 PEM. */
export async function privateKeyPem(key: CryptoKey): Promise<string> {
  return writePem("PRIVATE KEY", new Uint8Array(await crypto.subtle.exportKey("pkcs8", key)));
}

/**
 * Reads a private key (PKCS#8, PKCS#1 or SEC 1 PEM) of one of our kinds, to sign with.
 *
 * @param passphrase For an encrypted key.
 * @throws {CertificateError} `malformed`, or `weak-key` for another kind of key.
 */
export async function importKeyPair(pem: string, passphrase?: string): Promise<CryptoKeyPair> {
  const secret = readPrivateKey(pem, passphrase);
  const open = createPublicKey(secret);
  const curve = secret.asymmetricKeyDetails?.namedCurve;
  const algorithm = secret.asymmetricKeyType === "rsa"
    ? { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }
    : curve === "prime256v1" || curve === "P-256"
    ? { name: "ECDSA", namedCurve: "P-256" }
    : curve === "secp384r1" || curve === "P-384"
    ? { name: "ECDSA", namedCurve: "P-384" }
    : undefined;
  if (algorithm === undefined) {
    throw new CertificateError(
      "weak-key",
      "the private key is neither RSA nor on P-256 or P-384",
      "use such a key",
    );
  }
  return {
    privateKey: await crypto.subtle.importKey(
      "pkcs8",
      new Uint8Array(secret.export({ format: "der", type: "pkcs8" })),
      algorithm,
      true,
      ["sign"],
    ),
    publicKey: await crypto.subtle.importKey(
      "spki",
      new Uint8Array(open.export({ format: "der", type: "spki" })),
      algorithm,
      true,
      ["verify"],
    ),
  };
}

/**
 * Checks that a private key (PKCS#8, PKCS#1 or SEC 1 PEM) belongs to a certificate.
 *
 * @param passphrase For an encrypted key.
 * @throws {CertificateError} `key-mismatch`, or `malformed` when the key cannot be read.
 */
export function checkKeyPair(certificate: Certificate, pem: string, passphrase?: string): void {
  const spki = createPublicKey(readPrivateKey(pem, passphrase)).export({
    format: "der",
    type: "spki",
  });
  if (!sameBytes(new Uint8Array(spki), certificate.publicKey.spki)) {
    throw new CertificateError(
      "key-mismatch",
      `the private key does not belong to ${called(certificate)}`,
      "use the key that the certificate was issued for",
    );
  }
}

/** Whether a PEM text holds a key that needs a passphrase: PKCS#8, or the traditional form. */
export function isEncryptedKey(pem: string): boolean {
  return /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type:\s*4,\s*ENCRYPTED/m.test(pem);
}

/**
 * The one block of a PEM text that is a private key. Deno's reader takes no empty line behind it,
 * and none of `EC PARAMETERS`, which `openssl ecparam -genkey` writes in front.
 *
 * @throws {CertificateError} `malformed` when there is none.
 */
export function privateKeyBlock(pem: string): string {
  const lines = pem.split(/\r\n|\n|\r/).map((line) => line.trim()).join("\n");
  const block = /-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----\n[\s\S]*?\n-----END \1-----/.exec(lines);
  if (block !== null) return `${block[0]}\n`;
  throw new CertificateError("malformed", "the private key cannot be read", "give it in PEM");
}

function readPrivateKey(pem: string, passphrase?: string): KeyObject {
  const key = privateKeyBlock(pem);
  try {
    return createPrivateKey({ key, format: "pem", passphrase });
  } catch (error) {
    // The underlying error is not passed on: it could quote the key.
    if (passphrase !== undefined && error instanceof Error && /unsupported/.test(error.message)) {
      throw new CertificateError(
        "malformed",
        "the private key is encrypted in a way that is not supported",
        "convert it with openssl pkcs8 -topk8 -v2 aes256",
      );
    }
    throw new CertificateError(
      "malformed",
      "the private key cannot be read",
      passphrase === undefined ? "give a PEM key without a passphrase" : "check the passphrase",
    );
  }
}
