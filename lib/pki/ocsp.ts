/**
 * OCSP (RFC 6960): what requests and responses hold, shared by responder and client.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { sameBytes } from "../base/bytes.ts";
import { type Certificate, readSerial } from "./certificate.ts";
import {
  contextTag,
  type DerElement,
  malformed,
  readDer,
  readObjectIdentifier,
  readSmallInteger,
  Tag,
} from "./der.ts";
import { type Extension, readExtensions } from "./extensions.ts";

/** `id-pkix-ocsp-basic`. */
export const OCSP_BASIC = "1.3.6.1.5.5.7.48.1.1";
/** `id-pkix-ocsp-nonce`. */
export const OCSP_NONCE = "1.3.6.1.5.5.7.48.1.2";

/** `OCSPResponseStatus`. */
export const OcspStatus = {
  SUCCESSFUL: 0,
  MALFORMED_REQUEST: 1,
  INTERNAL_ERROR: 2,
  TRY_LATER: 3,
  SIGNATURE_REQUIRED: 5,
  UNAUTHORIZED: 6,
} as const;

/** RFC 8954 section 2.1: a nonce has 1 to 32 octets. */
const MAX_NONCE = 32;
/** Most certificates that one request may ask about. */
export const MAX_REQUESTS = 16;

/** Digests that name an issuer, by object identifier. */
const issuerDigests: Readonly<Record<string, "sha1" | "sha256" | "sha384" | "sha512">> = {
  "1.3.14.3.2.26": "sha1",
  "2.16.840.1.101.3.4.2.1": "sha256",
  "2.16.840.1.101.3.4.2.2": "sha384",
  "2.16.840.1.101.3.4.2.3": "sha512",
};

/** The digest of {@linkcode makeCertId}, which every responder knows (RFC 5019 section 2.1.1). */
export const CERT_ID_DIGEST = "1.3.14.3.2.26";

/** Which certificate is meant: by its issuer's name and key, and its serial number. */
export interface CertId {
  /** DER, as it goes back in the response. */
  readonly raw: Uint8Array;
  /** Object identifier of the digest. */
  readonly digest: string;
  /** Digest of the issuer's name. */
  readonly issuerName: Uint8Array;
  /** Digest of the issuer's key. */
  readonly issuerKey: Uint8Array;
  /** As {@linkcode Certificate.serial}. */
  readonly serial: string;
}

/** What somebody asks. */
export interface OcspRequest {
  /** One or more certificates. */
  readonly certificates: readonly CertId[];
  /** The nonce extension's value, DER, which the response repeats. */
  readonly nonce: Uint8Array | undefined;
}

/**
 * Reads a request. Its signature, where it has one, is not looked at: everybody may ask.
 *
 * @throws {CertificateError} `malformed`.
 */
export function parseOcspRequest(der: Uint8Array): OcspRequest {
  const what = "OCSP request";
  const outer = readDer(der.slice(), Tag.SEQUENCE, what).children(what);
  const cursor = outer.next(Tag.SEQUENCE).children(what);
  outer.optional(contextTag(0, true));
  outer.finish();
  const version = cursor.optional(contextTag(0, true));
  if (version !== undefined) {
    const inner = version.children(what);
    if (readSmallInteger(inner.next(Tag.INTEGER), what) !== 0) throw malformed(`${what}: version`);
  }
  cursor.optional(contextTag(1, true)); // Who asks.
  const list = cursor.next(Tag.SEQUENCE).children(what).rest();
  const wrapper = cursor.optional(contextTag(2, true));
  cursor.finish();
  if (list.length === 0 || list.length > MAX_REQUESTS) {
    throw malformed(`${what}: ${list.length} certificates`);
  }
  const certificates = list.map((request) => {
    if (request.tag !== Tag.SEQUENCE) throw malformed(what);
    const inner = request.children(what);
    const id = readCertId(inner.next(Tag.SEQUENCE));
    refuseCritical(readOptionalExtensions(inner.optional(contextTag(0, true)), what), what);
    inner.finish();
    return id;
  });
  const extensions = readOptionalExtensions(wrapper, what);
  refuseCritical(extensions.filter(({ type }) => type !== OCSP_NONCE), what);
  return { certificates, nonce: nonceOf(extensions, what) };
}

/** Reads a `CertID`. */
export function readCertId(element: DerElement): CertId {
  const what = "OCSP certificate identifier";
  const cursor = element.children(what);
  const algorithm = cursor.next(Tag.SEQUENCE).children(what);
  const digest = readObjectIdentifier(algorithm.next(Tag.OBJECT_IDENTIFIER), what);
  const issuerName = cursor.next(Tag.OCTET_STRING).content;
  const issuerKey = cursor.next(Tag.OCTET_STRING).content;
  const serial = readSerial(cursor.next(Tag.INTEGER));
  cursor.finish();
  return { raw: element.raw, digest, issuerName, issuerKey, serial };
}

/** Reads `[n] EXPLICIT Extensions`. */
export function readOptionalExtensions(
  wrapper: DerElement | undefined,
  what: string,
): Extension[] {
  if (wrapper === undefined) return [];
  const cursor = wrapper.children(what);
  const list = readExtensions(cursor.next(Tag.SEQUENCE), what);
  cursor.finish();
  return list;
}

/** Who does not understand a critical extension must not act on the message. */
export function refuseCritical(extensions: readonly Extension[], what: string): void {
  const unknown = extensions.find(({ critical }) => critical);
  if (unknown !== undefined) throw malformed(`${what}: unknown extension ${unknown.type}`);
}

/** The nonce's DER, checked for its length (RFC 8954 section 2.1). */
export function nonceOf(extensions: readonly Extension[], what: string): Uint8Array | undefined {
  const value = extensions.find(({ type }) => type === OCSP_NONCE)?.value;
  if (value === undefined) return undefined;
  const { content } = readDer(value, Tag.OCTET_STRING, `${what}: nonce`);
  if (content.length < 1 || content.length > MAX_NONCE) throw malformed(`${what}: nonce`);
  return value;
}

/** Whether an identifier names this issuer. */
export function namesIssuer(id: CertId, issuer: Certificate): boolean {
  const digest = issuerDigests[id.digest];
  if (digest === undefined) return false;
  const hash = (bytes: Uint8Array) => new Uint8Array(createHash(digest).update(bytes).digest());
  return sameBytes(id.issuerName, hash(issuer.subject.raw)) &&
    sameBytes(id.issuerKey, hash(issuer.publicKey.key));
}

/** The digests of an issuer for {@linkcode CERT_ID_DIGEST}. */
export function issuerHashes(issuer: Certificate): { name: Uint8Array; key: Uint8Array } {
  const hash = (bytes: Uint8Array) => new Uint8Array(createHash("sha1").update(bytes).digest());
  return { name: hash(issuer.subject.raw), key: hash(issuer.publicKey.key) };
}
