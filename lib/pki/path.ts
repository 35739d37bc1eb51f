/**
 * The path from a peer's certificate to a trusted authority (RFC 5280 section 6.1).
 *
 * @module
 */

import { sameBytes } from "../base/bytes.ts";
import type { Certificate } from "./certificate.ts";
import { formatName, sameName } from "./distinguished_name.ts";
import { CertificateError } from "./errors.ts";
import { checkNameConstraints } from "./name_constraints.ts";
import { checkKeyStrength } from "./public_key.ts";
import { verifySignature } from "./signature.ts";

/** Most certificates between the peer's and the trusted authority's. */
export const MAX_INTERMEDIATES = 10;
/** Most signatures that one peer may make us check, whatever chain it presents. */
const MAX_SIGNATURES = 32;

/** How a certificate is called in messages. */
export function called(certificate: Certificate): string {
  return `certificate "${formatName(certificate.subject)}" (serial ${certificate.serial})`;
}

/**
 * Finds a path whose names, keys and signatures fit together: the peer's certificate first, the
 * trusted authority last. Validity and usage are not looked at here.
 *
 * @throws {CertificateError} why the first issuer that fits by name fails, or `unknown-authority`.
 */
export async function findPath(
  leaf: Certificate,
  presented: readonly Certificate[],
  authorities: readonly Certificate[],
): Promise<Certificate[]> {
  let signatures = 0;
  let firstFailure: CertificateError | undefined;

  async function extend(path: Certificate[]): Promise<Certificate[] | undefined> {
    const subject = path[path.length - 1];
    const fits = (issuer: Certificate) => mayHaveIssued(issuer, subject);
    for (const anchor of authorities.filter(fits)) {
      if (await issued(anchor, subject, true)) return [...path, anchor];
    }
    for (const issuer of presented.filter(fits)) {
      if (path.some(({ raw }) => sameBytes(raw, issuer.raw))) continue;
      if (authorities.some(({ raw }) => sameBytes(raw, issuer.raw))) continue;
      if (path.length > MAX_INTERMEDIATES) {
        firstFailure ??= new CertificateError(
          "path-length",
          `more than ${MAX_INTERMEDIATES} intermediate certificates above ${called(leaf)}`,
        );
        return undefined;
      }
      if (!await issued(issuer, subject, false)) continue;
      const found = await extend([...path, issuer]);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async function issued(issuer: Certificate, subject: Certificate, trusted: boolean) {
    if (++signatures > MAX_SIGNATURES) return false;
    try {
      checkAuthority(issuer, trusted);
      await verifySignature(subject, issuer.publicKey, called(subject));
      return true;
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      firstFailure ??= error;
      return false;
    }
  }

  const path = await extend([leaf]);
  if (path !== undefined) return path;
  throw firstFailure ?? new CertificateError(
    "unknown-authority",
    `${called(leaf)} was issued by "${formatName(leaf.issuer)}", which no trusted authority ` +
      `stands behind`,
    "check that both ends use the same ca file",
  );
}

/** By name and, where both say, by key identifier (RFC 5280 section 4.2.1.1). */
function mayHaveIssued(issuer: Certificate, subject: Certificate): boolean {
  if (!sameName(issuer.subject, subject.issuer)) return false;
  const { authorityKeyIdentifier: wanted } = subject;
  const { subjectKeyIdentifier: actual } = issuer;
  return wanted === undefined || actual === undefined || sameBytes(wanted, actual);
}

function checkAuthority(issuer: Certificate, trusted: boolean): void {
  const refuse = (why: string) =>
    new CertificateError(
      "not-an-authority",
      `${called(issuer)} may not issue certificates (${why})`,
    );
  // Versions 1 and 2 have no extensions to say it with: trusted only where the user names a
  // self-signed one of version 1 as `ca`.
  const old = trusted && issuer.version === 1 && sameName(issuer.subject, issuer.issuer);
  if (issuer.basicConstraints?.ca !== true && !old) throw refuse("no CA:TRUE");
  if (issuer.keyUsage !== undefined && !issuer.keyUsage.has("keyCertSign")) {
    throw refuse("key usage without keyCertSign");
  }
  checkKeyStrength(issuer.publicKey, called(issuer));
}

/**
 * Checks what authorities impose on those below them: path length and name constraints.
 *
 * @throws {CertificateError} `path-length` or `name-constraint`.
 */
export function checkPathConstraints(path: readonly Certificate[]): void {
  // Self-issued intermediates (a rolled-over key) count for neither (RFC 5280 section 6.1.3).
  const counts = (certificate: Certificate, depth: number) =>
    depth === 0 || !sameName(certificate.subject, certificate.issuer);
  for (const [depth, authority] of path.entries()) {
    if (depth === 0) continue;
    const below = path.slice(0, depth).filter(counts);
    const limit = authority.basicConstraints?.pathLength;
    if (limit !== undefined && below.length - 1 > limit) {
      throw new CertificateError(
        "path-length",
        `${called(authority)} allows ${limit} intermediate certificates below it, not ` +
          `${below.length - 1}`,
      );
    }
    const { nameConstraints } = authority;
    if (nameConstraints === undefined) continue;
    for (const certificate of below) {
      checkNameConstraints(certificate, nameConstraints, called(certificate));
    }
  }
}
