/**
 * What a certificate's key may be used for: key usage and extended key usage.
 *
 * @module
 */

import type { Certificate } from "./certificate.ts";
import { CertificateError } from "./errors.ts";
import { type KeyUsage, keyUsages } from "./extensions.ts";
import { called } from "./path.ts";

/** The role of a peer in TLS. */
export type Purpose = "server" | "client";

/** Object identifiers of the purposes (RFC 5280 section 4.2.1.12). */
export const purposeTypes: Readonly<Record<Purpose, string>> = {
  server: "1.3.6.1.5.5.7.3.1",
  client: "1.3.6.1.5.5.7.3.2",
};

/** `id-kp-OCSPSigning` (RFC 6960 section 4.2.2.2). */
export const OCSP_SIGNING = "1.3.6.1.5.5.7.3.9";

// The key usage bits of which TLS needs one (OpenSSL's X509_check_purpose, RFC 8446 section
// 4.4.2.2 and RFC 5246 section 7.4.2): to sign, to be encrypted to, or to agree on a key.
const usages: Readonly<Record<Purpose, readonly KeyUsage[]>> = {
  server: ["digitalSignature", "keyEncipherment", "keyAgreement"],
  client: ["digitalSignature", "keyAgreement"],
};

// OpenSSL's names for extended key usages (crypto/objects/objects.txt), long and short.
const purposeNames: Readonly<Record<string, string>> = {
  "TLS Web Server Authentication": "1.3.6.1.5.5.7.3.1",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  "TLS Web Client Authentication": "1.3.6.1.5.5.7.3.2",
  clientAuth: "1.3.6.1.5.5.7.3.2",
  "Code Signing": "1.3.6.1.5.5.7.3.3",
  codeSigning: "1.3.6.1.5.5.7.3.3",
  "E-mail Protection": "1.3.6.1.5.5.7.3.4",
  emailProtection: "1.3.6.1.5.5.7.3.4",
  "IPSec End System": "1.3.6.1.5.5.7.3.5",
  ipsecEndSystem: "1.3.6.1.5.5.7.3.5",
  "IPSec Tunnel": "1.3.6.1.5.5.7.3.6",
  ipsecTunnel: "1.3.6.1.5.5.7.3.6",
  "IPSec User": "1.3.6.1.5.5.7.3.7",
  ipsecUser: "1.3.6.1.5.5.7.3.7",
  "Time Stamping": "1.3.6.1.5.5.7.3.8",
  timeStamping: "1.3.6.1.5.5.7.3.8",
  "OCSP Signing": "1.3.6.1.5.5.7.3.9",
  OCSPSigning: "1.3.6.1.5.5.7.3.9",
  "ipsec Internet Key Exchange": "1.3.6.1.5.5.7.3.17",
  ipsecIKE: "1.3.6.1.5.5.7.3.17",
  "Any Extended Key Usage": "2.5.29.37.0",
  anyExtendedKeyUsage: "2.5.29.37.0",
};

/**
 * What every TLS stack checks: usages that are present must allow the role. Authorities are held
 * to the purpose too, where they limit themselves to some.
 *
 * @throws {CertificateError} `usage`.
 */
export function checkPurpose(path: readonly Certificate[], purpose: Purpose): void {
  const [leaf] = path;
  if (leaf.keyUsage !== undefined && !usages[purpose].some((bit) => leaf.keyUsage?.has(bit))) {
    throw refuse(leaf, `its key usage does not allow a TLS ${purpose}`, purpose);
  }
  for (const certificate of path) {
    const { extendedKeyUsage } = certificate;
    if (extendedKeyUsage === undefined || extendedKeyUsage.includes(purposeTypes[purpose])) {
      continue;
    }
    throw refuse(certificate, `its extended key usage does not allow a TLS ${purpose}`, purpose);
  }
}

/**
 * `remote-cert-tls`: both extensions must be present, and the extended one must name the role
 * (OpenVPN: `remote-cert-ku` without bits, and `remote-cert-eku`).
 *
 * @throws {CertificateError} `usage`.
 */
export function checkRemoteCertTls(leaf: Certificate, purpose: Purpose): void {
  if (leaf.keyUsage === undefined) throw refuse(leaf, "it has no key usage", purpose);
  if (!leaf.extendedKeyUsage?.includes(purposeTypes[purpose])) {
    throw refuse(leaf, `its extended key usage does not name a TLS ${purpose}`, purpose);
  }
  checkPurpose([leaf], purpose);
}

/**
 * `remote-cert-ku`: all the bits of one of `accepted` must be set. The bits are those of the
 * extension's first octet: 0x80 is digitalSignature, 0x01 encipherOnly. Without any, key usage
 * must be present.
 *
 * @throws {CertificateError} `usage`.
 */
export function checkRemoteCertKu(leaf: Certificate, accepted: readonly number[]): void {
  if (leaf.keyUsage === undefined) throw refuse(leaf, "it has no key usage");
  if (accepted.length === 0) return;
  const bits = keyUsageBits(leaf.keyUsage);
  if (accepted.some((wanted) => wanted !== 0 && (bits & wanted) === wanted)) return;
  const list = accepted.map((wanted) => wanted.toString(16).padStart(2, "0")).join(", ");
  throw refuse(leaf, `its key usage is ${bits.toString(16).padStart(2, "0")}, not one of ${list}`);
}

function keyUsageBits(usage: ReadonlySet<KeyUsage>): number {
  return keyUsages.slice(0, 8).reduce(
    (bits, bit, i) => usage.has(bit) ? bits | (0x80 >> i) : bits,
    0,
  );
}

/**
 * `remote-cert-eku`: an object identifier or OpenSSL's name for it must be among the usages.
 *
 * @throws {CertificateError} `usage`.
 */
export function checkRemoteCertEku(leaf: Certificate, wanted: string): void {
  const type = purposeNames[wanted] ?? wanted;
  if (!leaf.extendedKeyUsage?.includes(type)) {
    throw refuse(leaf, `its extended key usage does not include "${wanted}"`);
  }
}

function refuse(certificate: Certificate, why: string, purpose?: Purpose): CertificateError {
  return new CertificateError(
    "usage",
    `${called(certificate)} is not for this: ${why}`,
    purpose === undefined ? undefined : `issue a ${purpose} certificate for this peer`,
  );
}
