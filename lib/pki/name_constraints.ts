/**
 * Name constraints (RFC 5280 sections 4.2.1.10 and 6.1): which names an authority may certify.
 *
 * @module
 */

import { contextTag, type DerElement, malformed, readDer, Tag } from "./der.ts";
import { type DistinguishedName, nameStartsWith, parseName } from "./distinguished_name.ts";
import { CertificateError } from "./errors.ts";
import type { AlternativeName } from "./general_name.ts";

/** One subtree: a base name of a kind. */
export interface NameSubtree {
  /** The kind of name; `other` for kinds that cannot be compared. */
  readonly kind: AlternativeName["kind"];
  /** The base as it stands in the certificate: text, address and mask, or a name's DER. */
  readonly base: Uint8Array;
}

/** What an authority may and may not certify; undefined where it does not say. */
export interface NameConstraints {
  /** Nothing outside of these, for the kinds that are in the list. */
  readonly permitted: readonly NameSubtree[];
  /** Nothing inside of these. */
  readonly excluded: readonly NameSubtree[];
}

/**
 * Reads the extension's value.
 *
 * @throws {CertificateError} `malformed`.
 */
export function readNameConstraints(value: Uint8Array): NameConstraints {
  const what = "name constraints";
  const cursor = readDer(value, Tag.SEQUENCE, what).children(what);
  const permitted = readSubtrees(cursor.optional(contextTag(0, true)), what);
  const excluded = readSubtrees(cursor.optional(contextTag(1, true)), what);
  cursor.finish();
  if (permitted.length + excluded.length === 0) throw malformed(`${what}: there is none`);
  return Object.freeze({ permitted, excluded });
}

const kinds: Readonly<Record<number, NameSubtree["kind"]>> = {
  [contextTag(1, false)]: "email",
  [contextTag(2, false)]: "dns",
  [contextTag(4, true)]: "directory",
  [contextTag(6, false)]: "uri",
  [contextTag(7, false)]: "ip",
};

function readSubtrees(list: DerElement | undefined, what: string): readonly NameSubtree[] {
  const subtrees = list?.children(what).rest().map((element): NameSubtree => {
    if (element.tag !== Tag.SEQUENCE) throw malformed(what);
    const cursor = element.children(what);
    const base = cursor.any();
    // RFC 5280 section 4.2.1.10: minimum is 0 (left out in DER) and maximum absent.
    cursor.finish();
    return Object.freeze({ kind: kinds[base.tag] ?? "other", base: base.content });
  });
  return Object.freeze(subtrees ?? []);
}

/** What the check needs to know of a certificate. */
export interface NamedCertificate {
  readonly subject: DistinguishedName;
  readonly commonName: string | undefined;
  readonly subjectAltNames: readonly AlternativeName[] | undefined;
}

/**
 * Checks the names of a certificate against an authority above it.
 *
 * @throws {CertificateError} `name-constraint`.
 */
export function checkNameConstraints(
  certificate: NamedCertificate,
  constraints: NameConstraints,
  owner: string,
): void {
  for (const name of namesOf(certificate)) {
    const ofKind = (subtree: NameSubtree) => subtree.kind === name.kind;
    const permitted = constraints.permitted.filter(ofKind);
    const excluded = constraints.excluded.filter(ofKind);
    if (permitted.length + excluded.length === 0) continue;
    // Kinds that are not compared here are refused as soon as they are constrained (RFC 5280
    // section 4.2.1.10: process the constraint or reject the certificate).
    const allowed = (name.kind === "dns" || name.kind === "ip" || name.kind === "directory") &&
      (permitted.length === 0 || permitted.some((subtree) => within(name, subtree))) &&
      !excluded.some((subtree) => within(name, subtree));
    if (!allowed) {
      throw new CertificateError(
        "name-constraint",
        `${owner} has a name (${name.kind}) that its authority may not certify`,
      );
    }
  }
}

interface ConstrainedName {
  readonly kind: NameSubtree["kind"];
  readonly raw: Uint8Array;
}

function namesOf(certificate: NamedCertificate): ConstrainedName[] {
  const names: ConstrainedName[] = [...certificate.subjectAltNames ?? []];
  if (certificate.subject.relative.length > 0) {
    names.push({ kind: "directory", raw: certificate.subject.raw });
  }
  // As OpenSSL: a common name that reads as a host name stands in for the DNS name that is
  // missing, for it is what such a certificate is recognised by.
  const { commonName } = certificate;
  if (
    commonName !== undefined && /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+$/.test(commonName) &&
    !names.some(({ kind }) => kind === "dns")
  ) names.push({ kind: "dns", raw: new TextEncoder().encode(commonName) });
  return names;
}

function within(name: ConstrainedName, { base }: NameSubtree): boolean {
  const what = "name constraints";
  switch (name.kind) {
    case "dns":
      return dnsWithin(text(name.raw), text(base));
    case "ip": {
      // The base is an address and a mask of the same length.
      const { length } = name.raw;
      return base.length === 2 * length &&
        name.raw.every((byte, i) => ((byte ^ base[i]) & base[length + i]) === 0);
    }
    case "directory":
      return nameStartsWith(parseName(name.raw, what), parseName(base, what));
    default:
      return false;
  }
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).toLowerCase();
}

function dnsWithin(name: string, base: string): boolean {
  // A leading dot is outside RFC 5280 and taken by everybody as "below this domain".
  if (base.startsWith(".")) return name.endsWith(base);
  return base === "" || name === base || name.endsWith(`.${base}`);
}
