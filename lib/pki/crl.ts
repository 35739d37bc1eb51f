/**
 * Certificate revocation lists (RFC 5280 section 5), parsed and checked.
 *
 * @module
 */

import { sameBytes } from "../base/bytes.ts";
import { type Certificate, readSerial } from "./certificate.ts";
import {
  contextTag,
  type DerElement,
  hexadecimal,
  malformed,
  readDer,
  readSmallInteger,
  readTime,
  readUnsigned,
  Tag,
} from "./der.ts";
import { type DistinguishedName, formatName, readName, sameName } from "./distinguished_name.ts";
import { CertificateError } from "./errors.ts";
import { type Extension, ExtensionType, readExtensions } from "./extensions.ts";
import { readPem, writePem } from "./pem.ts";
import { readSigned, type Signed, verifySignature } from "./signature.ts";

/** One revoked certificate. */
export interface Revocation {
  /** When it was revoked, milliseconds since 1970. */
  readonly date: number;
  /** Why, a `CRLReason` of RFC 5280 section 5.3.1; undefined when the list does not say. */
  readonly reason: number | undefined;
}

/** A parsed revocation list. Frozen; its byte arrays are views of one private copy. */
export interface RevocationList extends Signed {
  /** The whole list, DER. */
  readonly raw: Uint8Array;
  /** Whose certificates it revokes. */
  readonly issuer: DistinguishedName;
  /** When it was made, milliseconds since 1970. */
  readonly thisUpdate: number;
  /** When the next one is due, milliseconds since 1970; undefined when it does not say. */
  readonly nextUpdate: number | undefined;
  /** CRL number in upper-case hexadecimal, when present. */
  readonly number: string | undefined;
  /** What is revoked, by serial number (written as {@linkcode Certificate.serial}). */
  readonly revoked: ReadonlyMap<string, Revocation>;
  /**
   * Critical extensions that are not understood, as object identifiers. They make a list cover
   * less than it seems (delta, partitioned or indirect lists), so it is refused when used.
   */
  readonly unknownCriticalExtensions: readonly string[];
}

/**
 * Parses one revocation list from DER.
 *
 * @throws {CertificateError} `malformed`.
 */
export function parseRevocationList(der: Uint8Array): RevocationList {
  const { content, algorithm, ...element } = readSigned(der, "revocation list");
  return Object.freeze({ ...element, ...readToBeSigned(content, algorithm) });
}

function readToBeSigned(tbs: DerElement, algorithm: Uint8Array) {
  const what = "revocation list";
  const cursor = tbs.children(what);
  const version = cursor.optional(Tag.INTEGER);
  // Absent means version 1; 1 means version 2.
  if (version !== undefined && readSmallInteger(version, what) !== 1) {
    throw malformed(`${what}: unknown version`);
  }
  if (!sameBytes(cursor.next(Tag.SEQUENCE).raw, algorithm)) {
    throw malformed(`${what}: two different signature algorithms`);
  }
  const issuer = readName(cursor.next(Tag.SEQUENCE), "issuer");
  const thisUpdate = readTime(cursor.any(), "thisUpdate");
  const next = cursor.optional(Tag.UTC_TIME) ?? cursor.optional(Tag.GENERALIZED_TIME);
  const entries = cursor.optional(Tag.SEQUENCE);
  const wrapper = cursor.optional(contextTag(0, true));
  cursor.finish();

  const unknown = new Set<string>();
  const revoked = new Map<string, Revocation>();
  for (const entry of entries?.children("revoked certificates").rest() ?? []) {
    const [serial, revocation] = readEntry(entry, unknown);
    revoked.set(serial, revocation);
  }
  let number: string | undefined;
  for (const extension of readList(wrapper)) {
    if (extension.type === ExtensionType.CRL_NUMBER) {
      const integer = readDer(extension.value, Tag.INTEGER, "CRL number");
      number = hexadecimal(readUnsigned(integer, "CRL number"));
    } else if (
      extension.critical && extension.type !== ExtensionType.AUTHORITY_KEY_IDENTIFIER
    ) unknown.add(extension.type);
  }
  return {
    issuer,
    thisUpdate,
    nextUpdate: next === undefined ? undefined : readTime(next, "nextUpdate"),
    number,
    revoked: revoked as ReadonlyMap<string, Revocation>,
    unknownCriticalExtensions: Object.freeze([...unknown]),
  };
}

function readList(wrapper: DerElement | undefined): Extension[] {
  if (wrapper === undefined) return [];
  const cursor = wrapper.children("CRL extensions");
  const list = readExtensions(cursor.next(Tag.SEQUENCE), "CRL extensions");
  cursor.finish();
  return list;
}

function readEntry(entry: DerElement, unknown: Set<string>): [string, Revocation] {
  const what = "revoked certificate";
  if (entry.tag !== Tag.SEQUENCE) throw malformed(what);
  const cursor = entry.children(what);
  const serial = readSerial(cursor.next(Tag.INTEGER));
  const date = readTime(cursor.any(), what);
  const extensions = cursor.optional(Tag.SEQUENCE);
  cursor.finish();
  let reason: number | undefined;
  for (const { type, critical, value } of extensions ? readExtensions(extensions, what) : []) {
    if (type === ExtensionType.CRL_REASON) {
      const content = readDer(value, Tag.ENUMERATED, what).content;
      if (content.length !== 1) throw malformed(`${what}: bad reason`);
      reason = content[0];
    } else if (critical && type !== ExtensionType.INVALIDITY_DATE) unknown.add(type);
  }
  return [serial, Object.freeze({ date, reason })];
}

/**
 * Parses every revocation list in a file, PEM or DER.
 *
 * @throws {CertificateError} `malformed` when a list is damaged or there is none.
 */
export function parseRevocationLists(file: Uint8Array | string): RevocationList[] {
  if (typeof file !== "string") {
    // A DER list begins with a SEQUENCE; a PEM file with text.
    if (file[0] === Tag.SEQUENCE) return [parseRevocationList(file)];
    file = new TextDecoder().decode(file);
  }
  const lists = readPem(file)
    .filter(({ label }) => label === "X509 CRL")
    .map(({ bytes }) => parseRevocationList(bytes));
  if (lists.length === 0) throw malformed("file: it holds no revocation list");
  return lists;
}

/** The list as PEM. */
export function revocationListPem(list: Pick<RevocationList, "raw">): string {
  return writePem("X509 CRL", list.raw);
}

// A list is checked once per authority, not once per peer.
const verified = new WeakMap<RevocationList, WeakSet<Certificate>>();

/**
 * Checks that `authority` made the list.
 *
 * @throws {CertificateError} `unknown-authority` when it is another's, `not-an-authority` when
 * its key usage does not allow it, `critical-extension`, `weak-signature` or `bad-signature`.
 */
export async function verifyRevocationList(
  list: RevocationList,
  authority: Certificate,
): Promise<void> {
  if (verified.get(list)?.has(authority)) return;
  const what = `the revocation list of ${formatName(list.issuer)}`;
  if (!sameName(list.issuer, authority.subject)) {
    throw new CertificateError(
      "unknown-authority",
      `${what} is not of ${formatName(authority.subject)}`,
    );
  }
  if (authority.keyUsage !== undefined && !authority.keyUsage.has("cRLSign")) {
    throw new CertificateError(
      "not-an-authority",
      `${formatName(authority.subject)} may not sign revocation lists (key usage without cRLSign)`,
    );
  }
  if (list.unknownCriticalExtensions.length > 0) {
    throw new CertificateError(
      "critical-extension",
      `${what} has a critical extension that is not understood ` +
        `(${list.unknownCriticalExtensions.join(", ")})`,
      "use a complete list of one authority",
    );
  }
  await verifySignature(list, authority.publicKey, what);
  const authorities = verified.get(list) ?? new WeakSet();
  verified.set(list, authorities.add(authority));
}
