/**
 * What a configuration asks of a path besides `PeerPolicy`: `tls-cert-profile`, `verify-hash`,
 * `crl-verify DIRECTORY dir`.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { constantTimeEqual } from "../base/bytes.ts";
import type { Certificate } from "./certificate.ts";
import { CertificateError } from "./errors.ts";
import { called } from "./path.ts";

/**
 * `tls-cert-profile suiteb` (RFC 6460): ECDSA with P-256 or P-384 and SHA-256 or SHA-384 all along.
 * The weaker profiles ask for no more than the chain check does: RSA with 2,048 bits, SHA-2.
 *
 * @throws {CertificateError} `weak-key` or `weak-signature`.
 */
export function checkSuiteB(path: readonly Certificate[]): void {
  for (const [depth, certificate] of path.entries()) {
    const { curve } = certificate.publicKey;
    if (curve !== "P-256" && curve !== "P-384") {
      throw new CertificateError(
        "weak-key",
        `${called(certificate)} has no key on P-256 or P-384, which tls-cert-profile asks for`,
      );
    }
    // Nobody relies on the signature of the last one: it is trusted as it is.
    if (depth > 0 && depth === path.length - 1) return;
    const signature = certificate.signatureAlgorithm;
    if (signature.kind !== "ecdsa" || signature.digest === "SHA-512") {
      throw new CertificateError(
        "weak-signature",
        `${called(certificate)} is not signed by ECDSA with SHA-256 or SHA-384, which ` +
          "tls-cert-profile asks for",
      );
    }
  }
}

/**
 * `verify-hash`: the certificate that issued the peer's must have one of these hashes.
 *
 * @param hashes SHA-1 (20 bytes) or SHA-256 (32 bytes), lower-case hex.
 * @throws {CertificateError} `fingerprint`.
 */
export function checkIssuerHash(path: readonly Certificate[], hashes: readonly string[]): void {
  const issuer = path[1];
  const matches = issuer !== undefined && hashes.some((hash) => {
    const actual = createHash(hash.length === 40 ? "sha1" : "sha256").update(issuer.raw).digest();
    return constantTimeEqual(actual, Uint8Array.fromHex(hash));
  });
  if (matches) return;
  throw new CertificateError(
    "fingerprint",
    issuer === undefined
      ? "nobody has issued the peer's certificate, and verify-hash asks who did"
      : `${called(issuer)}, which issued the peer's, has none of the hashes of verify-hash`,
  );
}

/**
 * `crl-verify DIRECTORY dir`: a file that is named after a serial number, in decimal, revokes it.
 *
 * @throws {CertificateError} `revoked`; `crl-missing` when the directory can't tell.
 */
export function checkRevocationDirectory(path: readonly Certificate[], directory: string): void {
  for (const certificate of path) {
    const file = join(directory, BigInt(`0x${certificate.serial}`).toString());
    try {
      Deno.lstatSync(file);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound && isDirectory(directory)) continue;
      throw new CertificateError(
        "crl-missing",
        `the directory ${directory} of crl-verify can't tell whether ${called(certificate)} is ` +
          "revoked",
        "make it readable",
        { cause: error },
      );
    }
    throw new CertificateError("revoked", `${called(certificate)} is revoked`);
  }
}

function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
