/**
 * Certificates as the authority's index takes and gives them.
 *
 * @module
 */

import { VpnError } from "../base/errors.ts";
import { type Certificate, parseCertificates } from "./certificate.ts";
import type { IndexEntry, IssuedPurpose, NewEntry } from "./certificate_index.ts";
import { CertificateError } from "./errors.ts";
import { keyTypeOf } from "./keys.ts";

/**
 * Reads `ca.crt`.
 *
 * @throws {CertificateError} naming the file.
 */
export function readAuthorityCertificate(text: string, path: string): Certificate {
  try {
    const [certificate] = parseCertificates(text);
    if (certificate.basicConstraints?.ca !== true) {
      throw new CertificateError("not-an-authority", "it lacks CA:TRUE");
    }
    return certificate;
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    const remedy = "restore it from a backup of the state directory";
    throw new CertificateError(error.reason, `${path}: ${error.message}`, remedy, {
      cause: error,
    });
  }
}

/** A certificate as the index takes it. */
export function newEntry(
  certificate: Certificate,
  purpose: IssuedPurpose,
  issuedAt: number,
  privateKey: string | undefined,
): NewEntry {
  return {
    serial: certificate.serial,
    name: certificate.commonName ?? "",
    purpose,
    key: keyTypeOf(certificate),
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
    issuedAt,
    certificate: certificate.raw,
    privateKey,
  };
}

/** The entry without what is not for everybody's eyes. */
export function published({ certificate: _, privateKey, ...entry }: NewEntry): IndexEntry {
  return { ...entry, holdsKey: privateKey !== undefined, revocation: undefined };
}

/** The error for a name that is in use. */
export function nameTaken(name: string): VpnError {
  return new VpnError(
    `${name} has a valid certificate`,
    `choose another name, or use vpn pki renew ${name} or vpn pki revoke ${name} first`,
  );
}
