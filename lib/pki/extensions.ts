/**
 * The certificate extensions that the checks need (RFC 5280 section 4.2.1).
 *
 * @module
 */

import {
  contextTag,
  type DerElement,
  malformed,
  readBoolean,
  readDer,
  readNamedBits,
  readObjectIdentifier,
  readSmallInteger,
  Tag,
} from "./der.ts";
import { type AlternativeName, readGeneralName } from "./general_name.ts";
import { type NameConstraints, readNameConstraints } from "./name_constraints.ts";

/** Object identifiers of extensions. */
export const ExtensionType = {
  SUBJECT_KEY_IDENTIFIER: "2.5.29.14",
  KEY_USAGE: "2.5.29.15",
  SUBJECT_ALT_NAME: "2.5.29.17",
  BASIC_CONSTRAINTS: "2.5.29.19",
  CRL_NUMBER: "2.5.29.20",
  CRL_REASON: "2.5.29.21",
  INVALIDITY_DATE: "2.5.29.24",
  NAME_CONSTRAINTS: "2.5.29.30",
  CRL_DISTRIBUTION_POINTS: "2.5.29.31",
  CERTIFICATE_POLICIES: "2.5.29.32",
  AUTHORITY_KEY_IDENTIFIER: "2.5.29.35",
  EXTENDED_KEY_USAGE: "2.5.29.37",
  OCSP_NO_CHECK: "1.3.6.1.5.5.7.48.1.5",
  AUTHORITY_INFORMATION_ACCESS: "1.3.6.1.5.5.7.1.1",
} as const;

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

/** What the extensions of one certificate say; absent extensions are undefined. */
export interface CertificateExtensions {
  /** Whether it may issue certificates, and how many authorities may follow below it. */
  readonly basicConstraints: { readonly ca: boolean; readonly pathLength?: number } | undefined;
  /** What its key may be used for. */
  readonly keyUsage: ReadonlySet<KeyUsage> | undefined;
  /** Purposes, as object identifiers. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  /** Further names of its owner. */
  readonly subjectAltNames: readonly AlternativeName[] | undefined;
  /** A name for its own key. */
  readonly subjectKeyIdentifier: Uint8Array | undefined;
  /** A name for the key that signed it. */
  readonly authorityKeyIdentifier: Uint8Array | undefined;
  /** Names that it may certify. */
  readonly nameConstraints: NameConstraints | undefined;
  /** Where its authority answers OCSP requests. */
  readonly ocspUrls: readonly string[] | undefined;
  /** Object identifiers of critical extensions that are not understood. */
  readonly unknownCriticalExtensions: readonly string[];
}

/** One extension before its value is looked into. */
export interface Extension {
  /** Object identifier. */
  readonly type: string;
  /** Whether who does not understand it has to refuse the certificate. */
  readonly critical: boolean;
  /** DER. */
  readonly value: Uint8Array;
}

/**
 * Reads an `Extensions` sequence. No type may come twice (RFC 5280 section 4.2).
 *
 * @throws {CertificateError} `malformed`.
 */
export function readExtensions(sequence: DerElement, what: string): Extension[] {
  const extensions = sequence.children(what).rest().map((element): Extension => {
    if (element.tag !== Tag.SEQUENCE) throw malformed(what);
    const cursor = element.children(what);
    const type = readObjectIdentifier(cursor.next(Tag.OBJECT_IDENTIFIER), what);
    const flag = cursor.optional(Tag.BOOLEAN);
    const value = cursor.next(Tag.OCTET_STRING).content;
    cursor.finish();
    return { type, critical: flag !== undefined && readBoolean(flag, what), value };
  });
  if (extensions.length === 0) throw malformed(`${what}: there are none`);
  if (new Set(extensions.map(({ type }) => type)).size !== extensions.length) {
    throw malformed(`${what}: one comes twice`);
  }
  return extensions;
}

/**
 * Reads the values of a certificate's extensions.
 *
 * @throws {CertificateError} `malformed`.
 */
export function readCertificateExtensions(list: readonly Extension[]): CertificateExtensions {
  const result: { -readonly [K in keyof CertificateExtensions]: CertificateExtensions[K] } = {
    basicConstraints: undefined,
    keyUsage: undefined,
    extendedKeyUsage: undefined,
    subjectAltNames: undefined,
    subjectKeyIdentifier: undefined,
    authorityKeyIdentifier: undefined,
    nameConstraints: undefined,
    ocspUrls: undefined,
    unknownCriticalExtensions: [],
  };
  const unknown: string[] = [];
  for (const { type, critical, value } of list) {
    switch (type) {
      case ExtensionType.BASIC_CONSTRAINTS:
        result.basicConstraints = readBasicConstraints(value);
        break;
      case ExtensionType.KEY_USAGE:
        result.keyUsage = readKeyUsage(value);
        break;
      case ExtensionType.EXTENDED_KEY_USAGE:
        result.extendedKeyUsage = readExtendedKeyUsage(value);
        break;
      case ExtensionType.SUBJECT_ALT_NAME:
        result.subjectAltNames = readSubjectAltNames(value);
        break;
      case ExtensionType.SUBJECT_KEY_IDENTIFIER:
        result.subjectKeyIdentifier =
          readDer(value, Tag.OCTET_STRING, "subject key identifier").content;
        break;
      case ExtensionType.AUTHORITY_KEY_IDENTIFIER:
        result.authorityKeyIdentifier = readAuthorityKeyIdentifier(value);
        break;
      case ExtensionType.NAME_CONSTRAINTS:
        result.nameConstraints = readNameConstraints(value);
        break;
      case ExtensionType.AUTHORITY_INFORMATION_ACCESS:
        result.ocspUrls = readOcspUrls(value);
        break;
      case ExtensionType.CERTIFICATE_POLICIES:
        // Understood in so far as every policy is acceptable here (initial any-policy set,
        // RFC 5280 section 6.1.1).
        break;
      default:
        if (critical) unknown.push(type);
    }
  }
  result.unknownCriticalExtensions = Object.freeze(unknown);
  return result;
}

function readBasicConstraints(value: Uint8Array): CertificateExtensions["basicConstraints"] {
  const what = "basic constraints";
  const cursor = readDer(value, Tag.SEQUENCE, what).children(what);
  const flag = cursor.optional(Tag.BOOLEAN);
  const length = cursor.optional(Tag.INTEGER);
  cursor.finish();
  const ca = flag !== undefined && readBoolean(flag, what);
  if (length === undefined) return Object.freeze({ ca });
  // RFC 5280 section 4.2.1.9: only an authority may have a path length.
  if (!ca) throw malformed(`${what}: a path length without CA:TRUE`);
  return Object.freeze({ ca, pathLength: readSmallInteger(length, what) });
}

function readKeyUsage(value: Uint8Array): ReadonlySet<KeyUsage> {
  const what = "key usage";
  const bits = readNamedBits(readDer(value, Tag.BIT_STRING, what), what);
  if (bits.length === 0) throw malformed(`${what}: no bit is set`);
  return new Set(bits.filter((bit) => bit < keyUsages.length).map((bit) => keyUsages[bit]));
}

function readExtendedKeyUsage(value: Uint8Array): readonly string[] {
  const what = "extended key usage";
  const purposes = readDer(value, Tag.SEQUENCE, what).children(what).rest();
  if (purposes.length === 0) throw malformed(`${what}: there is none`);
  return Object.freeze(purposes.map((element) => {
    if (element.tag !== Tag.OBJECT_IDENTIFIER) throw malformed(what);
    return readObjectIdentifier(element, what);
  }));
}

function readSubjectAltNames(value: Uint8Array): readonly AlternativeName[] {
  const what = "subject alternative name";
  const names = readDer(value, Tag.SEQUENCE, what).children(what).rest();
  if (names.length === 0) throw malformed(`${what}: there is none`);
  return Object.freeze(names.map((element) => readGeneralName(element, what)));
}

/** `accessMethod` id-ad-ocsp (RFC 5280 section 4.2.2.1). */
const OCSP_METHOD = "1.3.6.1.5.5.7.48.1";

function readOcspUrls(value: Uint8Array): readonly string[] {
  const what = "authority information access";
  const urls: string[] = [];
  for (const element of readDer(value, Tag.SEQUENCE, what).children(what).rest()) {
    if (element.tag !== Tag.SEQUENCE) throw malformed(what);
    const cursor = element.children(what);
    const method = readObjectIdentifier(cursor.next(Tag.OBJECT_IDENTIFIER), what);
    const { kind, value } = readGeneralName(cursor.any(), what);
    cursor.finish();
    if (method === OCSP_METHOD && kind === "uri") urls.push(value);
  }
  return Object.freeze(urls);
}

function readAuthorityKeyIdentifier(value: Uint8Array): Uint8Array | undefined {
  const what = "authority key identifier";
  const cursor = readDer(value, Tag.SEQUENCE, what).children(what);
  const identifier = cursor.optional(contextTag(0, false));
  cursor.optional(contextTag(1, true));
  cursor.optional(contextTag(2, false));
  cursor.finish();
  return identifier?.content;
}
