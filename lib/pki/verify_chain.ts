/**
 * Our own check of a peer's certificate, on top of the TLS stack's.
 *
 * 1. parse; refuse versions 1 and 2
 * 2. find a path to a trusted authority: names, CA:TRUE, keyCertSign, keys, signatures
 * 3. path length, name constraints, critical extensions, validity
 * 4. key usage and extended key usage for the role
 * 5. revocation
 * 6. what the configuration asks for: remote-cert-*, verify-x509-name, peer-fingerprint
 *
 * @module
 */

import { constantTimeEqual } from "../base/bytes.ts";
import { type Certificate, parseCertificate } from "./certificate.ts";
import type { RevocationList } from "./crl.ts";
import { hexadecimal } from "./der.ts";
import { formatName, replaceControls } from "./distinguished_name.ts";
import { CertificateError } from "./errors.ts";
import { called, checkPathConstraints, findPath } from "./path.ts";
import { checkKeyStrength } from "./public_key.ts";
import { checkRevocation } from "./revocation.ts";
import {
  checkPurpose,
  checkRemoteCertEku,
  checkRemoteCertKu,
  checkRemoteCertTls,
  type Purpose,
} from "./usage.ts";

/** What a peer's certificate is held against. */
export interface PeerPolicy {
  /** Trusted authorities (`ca`). */
  readonly authorities: readonly Certificate[];
  /**
   * Revocation lists (`crl-verify`); undefined where the option is absent. When given, the list
   * of the peer's own issuer must be among them and in date.
   */
  readonly revocationLists?: readonly RevocationList[];
  /** The role the peer plays in TLS. */
  readonly purpose: Purpose;
  /** The time to check validity at, milliseconds since 1970. */
  readonly now: number;
  /** `remote-cert-tls`: key usage and extended key usage must be present and allow the role. */
  readonly remoteCertTls?: Purpose;
  /** `remote-cert-ku`: one of these bit sets (0x80 is digitalSignature); empty: must be present. */
  readonly remoteCertKu?: readonly number[];
  /** `remote-cert-eku`: an object identifier or OpenSSL's name for it. */
  readonly remoteCertEku?: string;
  /** `verify-x509-name`. */
  readonly verifyX509Name?: {
    readonly value: string;
    readonly kind: "subject" | "name" | "name-prefix";
  };
  /**
   * `peer-fingerprint`: SHA-256 of acceptable peer certificates (hexadecimal, with or without
   * colons). Without any authority these alone decide whom to trust, as in OpenVPN; validity,
   * usage and names are still checked.
   */
  readonly peerFingerprints?: readonly string[];
}

/** A peer whose certificate passed. Frozen. */
export interface VerifiedPeer {
  /** Its common name, with control characters replaced by `_` as OpenVPN does. */
  readonly commonName: string;
  /** Its subject in OpenVPN's one-line form, for logs. */
  readonly subject: string;
  /** Serial number, hexadecimal (see {@linkcode Certificate.serial}). */
  readonly serial: string;
  /** SHA-256 of the certificate, lower-case hexadecimal. */
  readonly fingerprint: string;
  /** End of validity of the certificate itself, milliseconds since 1970. */
  readonly notAfter: number;
  /** The path that was checked, the peer's own certificate first, the trusted authority last. */
  readonly path: readonly Certificate[];
  /** Things to log that do not refuse the peer (an intermediate without a revocation list). */
  readonly warnings: readonly string[];
}

/** Most certificates that are looked at in what a peer presents. */
const MAX_PRESENTED = 16;
/** OpenVPN's `TLS_USERNAME_LEN`: octets of a common name that can stand as a user name. */
const MAX_COMMON_NAME_OCTETS = 64;

/**
 * Checks a peer's certificates.
 *
 * @param chain What the peer presented, DER, its own first; intermediates in any order.
 * @throws {CertificateError} with the reason of the first check that fails.
 */
export async function verifyPeerCertificate(
  chain: readonly Uint8Array[],
  policy: PeerPolicy,
): Promise<VerifiedPeer> {
  if (chain.length === 0) {
    throw new CertificateError("no-certificate", "the peer presented no certificate");
  }
  if (chain.length > MAX_PRESENTED) {
    throw new CertificateError("path-length", `the peer presented ${chain.length} certificates`);
  }
  const leaf = parseCertificate(chain[0]);
  checkVersion(leaf);
  checkKeyStrength(leaf.publicKey, called(leaf));

  const path = await trustedPath(leaf, chain, policy);
  checkPathConstraints(path);
  for (const certificate of path) {
    checkCriticalExtensions(certificate);
    checkValidity(certificate, policy.now);
  }
  checkPurpose(path, policy.purpose);
  const warnings = policy.revocationLists === undefined
    ? []
    : await checkRevocation(path, policy.revocationLists, policy.now);

  if (policy.remoteCertTls !== undefined) checkRemoteCertTls(leaf, policy.remoteCertTls);
  if (policy.remoteCertKu !== undefined) checkRemoteCertKu(leaf, policy.remoteCertKu);
  if (policy.remoteCertEku !== undefined) checkRemoteCertEku(leaf, policy.remoteCertEku);
  const commonName = usableCommonName(leaf);
  const subject = formatName(leaf.subject);
  checkName(leaf, subject, commonName, policy.verifyX509Name);
  const digest = await fingerprintOf(leaf);
  if (policy.peerFingerprints !== undefined) {
    checkFingerprint(leaf, digest, policy.peerFingerprints);
  }
  return Object.freeze({
    commonName,
    subject,
    serial: leaf.serial,
    fingerprint: hexadecimal(digest).toLowerCase(),
    notAfter: leaf.notAfter,
    path: Object.freeze(path),
    warnings: Object.freeze(warnings),
  });
}

function checkVersion(certificate: Certificate): void {
  if (certificate.version === 3) return;
  // Deno's TLS takes a version 1 certificate from someone who does not hold its key.
  throw new CertificateError(
    "version",
    `${called(certificate)} is X.509 version ${certificate.version}`,
    "issue it again as version 3",
  );
}

async function trustedPath(
  leaf: Certificate,
  chain: readonly Uint8Array[],
  { authorities, peerFingerprints }: PeerPolicy,
): Promise<Certificate[]> {
  if (authorities.length === 0 && peerFingerprints !== undefined) return [leaf];
  return await findPath(leaf, chain.slice(1).map(parseCertificate), authorities);
}

function checkCriticalExtensions(certificate: Certificate): void {
  const { unknownCriticalExtensions: unknown } = certificate;
  if (unknown.length === 0) return;
  throw new CertificateError(
    "critical-extension",
    `${called(certificate)} has a critical extension that is not understood ` +
      `(${unknown.join(", ")})`,
  );
}

function checkValidity(certificate: Certificate, now: number): void {
  if (now < certificate.notBefore) {
    throw new CertificateError(
      "not-yet-valid",
      `${called(certificate)} is valid from ${new Date(certificate.notBefore).toISOString()} only`,
      "check the clocks of both ends",
    );
  }
  if (now > certificate.notAfter) {
    throw new CertificateError(
      "expired",
      `${called(certificate)} ended at ${new Date(certificate.notAfter).toISOString()}`,
      "issue a new one",
    );
  }
}

function usableCommonName(leaf: Certificate): string {
  const name = leaf.commonName ?? "";
  const octets = new TextEncoder().encode(name).length;
  if (octets === 0 || octets > MAX_COMMON_NAME_OCTETS) {
    throw new CertificateError(
      "name",
      `${called(leaf)} has ${octets === 0 ? "no common name" : `a common name of ${octets} bytes`}`,
      `issue it with a common name of 1 to ${MAX_COMMON_NAME_OCTETS} bytes`,
    );
  }
  return replaceControls(name);
}

function checkName(
  leaf: Certificate,
  subject: string,
  commonName: string,
  wanted: PeerPolicy["verifyX509Name"],
): void {
  if (wanted === undefined) return;
  const { kind, value } = wanted;
  const matches = kind === "subject"
    ? subject === value
    : kind === "name"
    ? commonName === value
    : commonName.startsWith(value);
  if (!matches) {
    throw new CertificateError("name", `${called(leaf)} is not the peer "${value}" (${kind})`);
  }
}

async function fingerprintOf(certificate: Certificate): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", certificate.raw.slice()));
}

function checkFingerprint(
  leaf: Certificate,
  digest: Uint8Array,
  accepted: readonly string[],
): void {
  const encoder = new TextEncoder();
  const actual = encoder.encode(hexadecimal(digest));
  const matches = accepted.some((text) =>
    constantTimeEqual(actual, encoder.encode(text.replaceAll(":", "").toUpperCase()))
  );
  if (!matches) {
    throw new CertificateError(
      "fingerprint",
      `${called(leaf)} has the fingerprint ${hexadecimal(digest)}, which is not accepted`,
    );
  }
}
