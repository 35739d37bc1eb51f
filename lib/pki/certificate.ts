/**
 * X.509 certificates (RFC 5280 section 4), parsed strictly to a frozen, typed form.
 *
 * @module
 */

import type { DistinguishedName } from "./distinguished_name.ts";

/** The bits of the key usage extension (RFC 5280 section 4.2.1.3), first bit first. */
export const keyUsages = [
  "digitalSignature",
  "nonRepudiation",
  "keyEncipherment",
  "dataEncipherment",
  "keyAgreement",
  "keyCertSign",
  "cRLSign",
  "encipherOnly",
  "decipherOnly",
] as const;

/** One bit of the key usage extension. */
export type KeyUsage = (typeof keyUsages)[number];

/** A subject alternative name (RFC 5280 section 4.2.1.6). */
export interface AlternativeName {
  /** Its kind; `other` for what is not looked into. */
  readonly kind: "dns" | "ip" | "email" | "uri" | "directory" | "other";
  /** The name as text; an address as `192.0.2.1` or `2001:db8::1`; hexadecimal for `other`. */
  readonly value: string;
}

/** The public key of a certificate. */
export interface PublicKeyDescription {
  /** `unknown` is never accepted by the chain check. */
  readonly algorithm: "rsa" | "ec" | "ed25519" | "unknown";
  /** Modulus or field size in bits; 0 when unknown. */
  readonly bits: number;
  /** Named curve of an `ec` key; undefined when not one of these. */
  readonly curve?: "P-256" | "P-384" | "P-521";
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
}

/** A parsed certificate. Frozen. */
export interface Certificate {
  /** The whole certificate, DER. */
  readonly raw: Uint8Array;
  /** X.509 version as written by people: 1, 2 or 3. */
  readonly version: 1 | 2 | 3;
  /** Serial number in upper-case hexadecimal without a separator, two digits per byte. */
  readonly serial: string;
  /** Who signed it. */
  readonly issuer: DistinguishedName;
  /** Whom it names. */
  readonly subject: DistinguishedName;
  /** The subject's last common name, unaltered; undefined when there is none. */
  readonly commonName: string | undefined;
  /** Start of validity, milliseconds since 1970. */
  readonly notBefore: number;
  /** End of validity (inclusive), milliseconds since 1970. */
  readonly notAfter: number;
  /** The public key. */
  readonly publicKey: PublicKeyDescription;
  /** Object identifier of the signature algorithm. */
  readonly signatureAlgorithm: string;
  /** Basic constraints, when present. */
  readonly basicConstraints: { readonly ca: boolean; readonly pathLength?: number } | undefined;
  /** Key usage, when present. */
  readonly keyUsage: ReadonlySet<KeyUsage> | undefined;
  /** Extended key usage as object identifiers, when present. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  /** Subject alternative names, when present. */
  readonly subjectAltNames: readonly AlternativeName[] | undefined;
  /** Subject key identifier, when present. */
  readonly subjectKeyIdentifier: Uint8Array | undefined;
  /** The key identifier in the authority key identifier, when present. */
  readonly authorityKeyIdentifier: Uint8Array | undefined;
  /** Critical extensions that this room does not understand, as object identifiers. */
  readonly unknownCriticalExtensions: readonly string[];
}

/**
 * Parses one certificate from DER.
 *
 * @throws {CertificateError} `malformed` when it is anything but one well-formed certificate.
 */
export function parseCertificate(_der: Uint8Array): Certificate {
  throw new Error("not built yet");
}

/**
 * Parses every certificate in a PEM text; other blocks and text around are passed over.
 *
 * @throws {CertificateError} `malformed` when a block is damaged or there is no certificate at all.
 */
export function parseCertificates(_pem: string): Certificate[] {
  throw new Error("not built yet");
}
