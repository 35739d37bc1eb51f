/**
 * Reads OCSP responses, and checks whether one can be relied on (RFC 6960 section 3.2).
 *
 * @module
 */

import { createHash } from "node:crypto";
import { constantTimeEqual, sameBytes } from "../base/bytes.ts";
import { type Certificate, parseCertificate } from "./certificate.ts";
import type { Revocation } from "./crl.ts";
import {
  contextTag,
  type DerElement,
  malformed,
  readDer,
  readObjectIdentifier,
  readOctetBits,
  readSmallInteger,
  readTime,
  Tag,
} from "./der.ts";
import { sameName } from "./distinguished_name.ts";
import { CertificateError } from "./errors.ts";
import {
  type CertId,
  namesIssuer,
  nonceOf,
  OCSP_BASIC,
  OCSP_NONCE,
  OcspStatus,
  readCertId,
  readOptionalExtensions,
  refuseCritical,
} from "./ocsp.ts";
import { called } from "./path.ts";
import { readSignatureAlgorithm, type Signed, verifySignature } from "./signature.ts";
import { OCSP_SIGNING } from "./usage.ts";

/** What is said of one certificate. */
interface SingleStatus {
  readonly id: CertId;
  readonly status: "good" | "revoked" | "unknown";
  readonly revocation: Revocation | undefined;
  readonly thisUpdate: number;
  readonly nextUpdate: number | undefined;
}

interface BasicResponse extends Signed {
  readonly responderKey: Uint8Array | undefined;
  readonly responderName: Uint8Array | undefined;
  readonly responses: readonly SingleStatus[];
  readonly nonce: Uint8Array | undefined;
  readonly certificates: readonly Certificate[];
}

const what = "OCSP response";
/** Clocks may differ by that much, ms. */
const SKEW = 5 * 60_000;
/** An answer that does not say until when it is good is as old as this at most, ms. */
const MAX_AGE = 86_400_000;
/** Most certificates that are looked at for the responder's. */
const MAX_CERTIFICATES = 4;

/** An answer that can be relied on. */
export interface OcspVerdict {
  /** Whether the certificate may be used. */
  readonly status: "good" | "revoked" | "unknown";
  /** When and why not. */
  readonly revocation: Revocation | undefined;
  /** Until when that is so, milliseconds since 1970. */
  readonly nextUpdate: number;
}

/**
 * Reads a response to a request about one certificate.
 *
 * @param nonce What the request had; a response may leave it out, but not change it.
 * @param now Milliseconds since 1970.
 * @throws {CertificateError} `malformed`, or `ocsp` when it can't be relied on.
 */
export async function checkOcspResponse(
  der: Uint8Array,
  { certificate, issuer, nonce, now }: {
    readonly certificate: Certificate;
    readonly issuer: Certificate;
    readonly nonce: Uint8Array | undefined;
    readonly now: number;
  },
): Promise<OcspVerdict> {
  const response = parseOcspResponse(der);
  if (nonce !== undefined && response.nonce !== undefined) {
    const answered = readDer(response.nonce, Tag.OCTET_STRING, what).content;
    if (!constantTimeEqual(answered, nonce)) throw refuse("it answers another request (nonce)");
  }
  await verifyResponder(response, issuer, now);
  const single = response.responses.find(({ id }) =>
    id.serial === certificate.serial && namesIssuer(id, issuer)
  );
  if (single === undefined) throw refuse(`it says nothing about ${called(certificate)}`);
  const { thisUpdate, nextUpdate = thisUpdate + MAX_AGE } = single;
  if (thisUpdate > now + SKEW) throw refuse("it is from the future", "check the clock");
  if (nextUpdate < now - SKEW) throw refuse("it is too old", "check the clock");
  return { status: single.status, revocation: single.revocation, nextUpdate };
}

/** Who signed must be the issuer, or have a certificate of the issuer's for just this. */
async function verifyResponder(
  response: BasicResponse,
  issuer: Certificate,
  now: number,
): Promise<void> {
  const isResponder = ({ publicKey, subject }: Certificate) =>
    response.responderKey !== undefined
      ? sameBytes(
        response.responderKey,
        new Uint8Array(createHash("sha1").update(publicKey.key).digest()),
      )
      : sameBytes(response.responderName ?? new Uint8Array(), subject.raw);
  if (isResponder(issuer)) return await verifySignature(response, issuer.publicKey, `the ${what}`);
  const delegate = response.certificates.find(isResponder);
  if (delegate === undefined) throw refuse("it comes without its responder's certificate");
  const whose = `the certificate of the OCSP responder, ${called(delegate)},`;
  if (!sameName(delegate.issuer, issuer.subject)) throw refuse(`${whose} is of another authority`);
  await verifySignature(delegate, issuer.publicKey, whose);
  if (!delegate.extendedKeyUsage?.includes(OCSP_SIGNING)) {
    throw refuse(`${whose} is not for signing OCSP responses`);
  }
  if (now > delegate.notAfter || now + SKEW < delegate.notBefore) {
    throw refuse(`${whose} is outside its validity`);
  }
  if (delegate.unknownCriticalExtensions.length > 0) {
    throw refuse(`${whose} has a critical extension that is not understood`);
  }
  await verifySignature(response, delegate.publicKey, `the ${what}`);
}

function refuse(why: string, remedy?: string): CertificateError {
  return new CertificateError("ocsp", `the ${what} cannot be relied on: ${why}`, remedy);
}

const failures: Readonly<Record<number, string>> = {
  [OcspStatus.MALFORMED_REQUEST]: "the request was malformed",
  [OcspStatus.INTERNAL_ERROR]: "internal error",
  [OcspStatus.TRY_LATER]: "try later",
  [OcspStatus.SIGNATURE_REQUIRED]: "requests have to be signed",
  [OcspStatus.UNAUTHORIZED]: "not authorized to answer for this authority",
};

function parseOcspResponse(der: Uint8Array): BasicResponse {
  const cursor = readDer(der.slice(), Tag.SEQUENCE, what).children(what);
  const { content } = cursor.next(Tag.ENUMERATED);
  if (content.length !== 1) throw malformed(what);
  const wrapper = cursor.optional(contextTag(0, true));
  cursor.finish();
  if (content[0] !== OcspStatus.SUCCESSFUL) {
    const said = failures[content[0]] ?? `status ${content[0]}`;
    throw new CertificateError("ocsp", `the OCSP responder does not answer: ${said}`);
  }
  if (wrapper === undefined) throw malformed(`${what}: empty`);
  const outer = wrapper.children(what);
  const bytes = outer.next(Tag.SEQUENCE).children(what);
  outer.finish();
  if (readObjectIdentifier(bytes.next(Tag.OBJECT_IDENTIFIER), what) !== OCSP_BASIC) {
    throw malformed(`${what}: not a basic one`);
  }
  const inner = bytes.next(Tag.OCTET_STRING).content;
  bytes.finish();
  return readBasicResponse(readDer(inner, Tag.SEQUENCE, what));
}

function readBasicResponse(element: DerElement): BasicResponse {
  const cursor = element.children(what);
  const data = cursor.next(Tag.SEQUENCE);
  const signatureAlgorithm = readSignatureAlgorithm(cursor.next(Tag.SEQUENCE));
  const signature = readOctetBits(cursor.next(Tag.BIT_STRING), what);
  const wrapper = cursor.optional(contextTag(0, true));
  cursor.finish();
  const list = wrapper?.children(what).next(Tag.SEQUENCE).children(what).rest() ?? [];
  const certificates = list.slice(0, MAX_CERTIFICATES).map(({ raw }) => parseCertificate(raw));
  return { ...readData(data), signed: data.raw, signatureAlgorithm, signature, certificates };
}

function readData(data: DerElement) {
  const cursor = data.children(what);
  const version = cursor.optional(contextTag(0, true));
  if (version !== undefined) {
    const number = version.children(what).next(Tag.INTEGER);
    if (readSmallInteger(number, what) !== 0) throw malformed(`${what}: version`);
  }
  const name = cursor.optional(contextTag(1, true));
  const key = name === undefined ? cursor.next(contextTag(2, true)) : undefined;
  readTime(cursor.next(Tag.GENERALIZED_TIME), what); // When it was made.
  const responses = cursor.next(Tag.SEQUENCE).children(what).rest().map(readSingle);
  const extensions = readOptionalExtensions(cursor.optional(contextTag(1, true)), what);
  cursor.finish();
  refuseCritical(extensions.filter(({ type }) => type !== OCSP_NONCE), what);
  return {
    responderName: name?.children(what).next(Tag.SEQUENCE).raw,
    responderKey: key?.children(what).next(Tag.OCTET_STRING).content,
    responses,
    nonce: nonceOf(extensions, what),
  };
}

function readSingle(element: DerElement): SingleStatus {
  if (element.tag !== Tag.SEQUENCE) throw malformed(what);
  const cursor = element.children(what);
  const id = readCertId(cursor.next(Tag.SEQUENCE));
  const state = cursor.any();
  const thisUpdate = readTime(cursor.next(Tag.GENERALIZED_TIME), what);
  const next = cursor.optional(contextTag(0, true));
  refuseCritical(readOptionalExtensions(cursor.optional(contextTag(1, true)), what), what);
  cursor.finish();
  const nextUpdate = next && readTime(next.children(what).next(Tag.GENERALIZED_TIME), what);
  const times = { id, thisUpdate, nextUpdate };
  switch (state.tag) {
    case contextTag(0, false):
      return { ...times, status: "good", revocation: undefined };
    case contextTag(2, false):
      return { ...times, status: "unknown", revocation: undefined };
    case contextTag(1, true):
      return { ...times, status: "revoked", revocation: readRevocation(state) };
    default:
      throw malformed(`${what}: status`);
  }
}

function readRevocation(state: DerElement): Revocation {
  const cursor = state.children(what);
  const date = readTime(cursor.next(Tag.GENERALIZED_TIME), what);
  const reason = cursor.optional(contextTag(0, true));
  cursor.finish();
  return { date, reason: reason?.children(what).next(Tag.ENUMERATED).content[0] };
}
