/**
 * X.509 certificates (RFC 5280 section 4), parsed strictly to a frozen, typed form.
 *
 * @module
 */

import { sameBytes } from "../base/bytes.ts";
import {
  contextTag,
  DerElement,
  hexadecimal,
  malformed,
  readSmallInteger,
  readTime,
  readUnsigned,
  Tag,
} from "./der.ts";
import { commonNameOf, type DistinguishedName, readName } from "./distinguished_name.ts";
import {
  type CertificateExtensions,
  readCertificateExtensions,
  readExtensions,
} from "./extensions.ts";
import { readPem, writePem } from "./pem.ts";
import { type PublicKeyDescription, readPublicKey } from "./public_key.ts";
import { readSigned, type Signed } from "./signature.ts";

/** A parsed certificate. Frozen; its byte arrays are views of one private copy. */
export interface Certificate extends Signed, CertificateExtensions {
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
}

/** RFC 5280 section 4.1.2.2: a serial number has at most 20 octets. */
const MAX_SERIAL_OCTETS = 20;

/**
 * Parses one certificate from DER.
 *
 * @throws {CertificateError} `malformed` when it is anything but one well-formed certificate.
 */
export function parseCertificate(der: Uint8Array): Certificate {
  const { content, algorithm, ...element } = readSigned(der, "certificate");
  return Object.freeze({ ...element, ...readToBeSigned(content, algorithm) });
}

function readToBeSigned(tbs: DerElement, algorithm: Uint8Array) {
  const what = "certificate";
  const cursor = tbs.children(what);
  const version = readVersion(cursor.optional(contextTag(0, true)));
  const serial = readSerial(cursor.next(Tag.INTEGER));
  // RFC 5280 section 4.1.1.2: the algorithm outside and inside what is signed must agree.
  if (!sameBytes(cursor.next(Tag.SEQUENCE).raw, algorithm)) {
    throw malformed(`${what}: two different signature algorithms`);
  }
  const issuer = readName(cursor.next(Tag.SEQUENCE), "issuer");
  const validity = cursor.next(Tag.SEQUENCE).children("validity");
  const notBefore = readTime(validity.any(), "validity");
  const notAfter = readTime(validity.any(), "validity");
  validity.finish();
  const subject = readName(cursor.next(Tag.SEQUENCE), "subject");
  const publicKey = readPublicKey(cursor.next(Tag.SEQUENCE));
  // issuerUniqueID and subjectUniqueID: obsolete, of no meaning here.
  const unique = [cursor.optional(contextTag(1, false)), cursor.optional(contextTag(2, false))];
  const wrapper = cursor.optional(contextTag(3, true));
  cursor.finish();
  if (version === 1 && unique.some((element) => element !== undefined)) {
    throw malformed(`${what}: unique identifiers in version 1`);
  }
  if (version !== 3 && wrapper !== undefined) {
    throw malformed(`${what}: extensions in version ${version}`);
  }
  return {
    version,
    serial,
    issuer,
    subject,
    commonName: commonNameOf(subject),
    notBefore,
    notAfter,
    publicKey,
    ...readCertificateExtensions(wrapper === undefined ? [] : unwrapExtensions(wrapper)),
  };
}

function readVersion(wrapper: DerElement | undefined): 1 | 2 | 3 {
  if (wrapper === undefined) return 1;
  const cursor = wrapper.children("version");
  const value = readSmallInteger(cursor.next(Tag.INTEGER), "version");
  cursor.finish();
  // DER leaves out the default, version 1 (value 0).
  if (value !== 1 && value !== 2) throw malformed(`certificate: version ${value + 1}`);
  return value === 1 ? 2 : 3;
}

/** A serial number as {@linkcode Certificate.serial} writes it. */
export function readSerial(element: DerElement): string {
  const octets = readUnsigned(element, "serial number");
  if (octets.length > MAX_SERIAL_OCTETS) throw malformed("serial number: too long");
  return hexadecimal(octets);
}

function unwrapExtensions(wrapper: DerElement) {
  const cursor = wrapper.children("extensions");
  const list = readExtensions(cursor.next(Tag.SEQUENCE), "extensions");
  cursor.finish();
  return list;
}

/**
 * Parses every certificate in a PEM text; other blocks and text around are passed over.
 *
 * @throws {CertificateError} `malformed` when a block is damaged or there is no certificate at all.
 */
export function parseCertificates(pem: string): Certificate[] {
  const certificates = readPem(pem)
    .filter(({ label }) => label === "CERTIFICATE" || label === "X509 CERTIFICATE")
    .map(({ bytes }) => parseCertificate(bytes));
  if (certificates.length === 0) throw malformed("file: it holds no PEM certificate");
  return certificates;
}

/** The certificate as PEM. */
export function certificatePem(certificate: Certificate): string {
  return writePem("CERTIFICATE", certificate.raw);
}
