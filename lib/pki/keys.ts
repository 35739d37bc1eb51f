/**
 * Key pairs: made by WebCrypto, kept as PKCS#8 PEM.
 *
 * @module
 */

import type { Certificate } from "./certificate.ts";

/** The kinds of key that certificates are issued for. */
export type KeyType = "rsa:2048" | "rsa:3072" | "rsa:4096" | "ec:p256" | "ec:p384";

/**
 * Checks that an unencrypted private key (PKCS#8, PKCS#1 or SEC 1 PEM) belongs to a certificate.
 *
 * @throws {CertificateError} `key-mismatch`, or `malformed` when the key cannot be read.
 */
export function checkKeyPair(_certificate: Certificate, _privateKeyPem: string): void {
  throw new Error("not built yet");
}
