/**
 * X.501 names: their parts and the one-line form that OpenVPN logs and compares.
 *
 * @module
 */

import { sameBytes } from "../base/bytes.ts";
import {
  type DerElement,
  hexadecimal,
  malformed,
  readDer,
  readObjectIdentifier,
  Tag,
} from "./der.ts";

/** One attribute of a name. */
export interface NameAttribute {
  /** Dotted object identifier, e.g. `2.5.4.3`. */
  readonly type: string;
  /** The value as text; `#` and hexadecimal DER for a value that is not a string. */
  readonly value: string;
}

/** A distinguished name: relative names in order, each of one or more attributes. */
export interface DistinguishedName {
  /** The relative distinguished names, outermost first. */
  readonly relative: readonly (readonly NameAttribute[])[];
  /** The name's DER, for comparison. */
  readonly raw: Uint8Array;
}

/** Object identifier of the common name (X.520). */
export const commonNameType = "2.5.4.3";

// OpenSSL's short names (crypto/objects/objects.txt), which OpenVPN prints.
const shortNames: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.4": "SN",
  "2.5.4.5": "serialNumber",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.9": "street",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "2.5.4.12": "title",
  "2.5.4.13": "description",
  "2.5.4.15": "businessCategory",
  "2.5.4.16": "postalAddress",
  "2.5.4.17": "postalCode",
  "2.5.4.20": "telephoneNumber",
  "2.5.4.41": "name",
  "2.5.4.42": "GN",
  "2.5.4.43": "initials",
  "2.5.4.44": "generationQualifier",
  "2.5.4.45": "x500UniqueIdentifier",
  "2.5.4.46": "dnQualifier",
  "2.5.4.65": "pseudonym",
  "2.5.4.72": "role",
  "2.5.4.97": "organizationIdentifier",
  "0.9.2342.19200300.100.1.1": "UID",
  "0.9.2342.19200300.100.1.25": "DC",
  "1.2.840.113549.1.9.1": "emailAddress",
  "1.2.840.113549.1.9.2": "unstructuredName",
  "1.3.6.1.4.1.311.60.2.1.1": "jurisdictionL",
  "1.3.6.1.4.1.311.60.2.1.2": "jurisdictionST",
  "1.3.6.1.4.1.311.60.2.1.3": "jurisdictionC",
};

/**
 * Reads a `Name` (RFC 5280 section 4.1.2.4).
 *
 * @throws {CertificateError} `malformed`.
 */
export function readName(element: DerElement, what: string): DistinguishedName {
  const relative: (readonly NameAttribute[])[] = [];
  for (const set of element.children(what).rest()) {
    if (set.tag !== Tag.SET) throw malformed(what);
    const attributes = set.children(what).rest().map((pair) => readAttribute(pair, what));
    if (attributes.length === 0) throw malformed(`${what}: empty part`);
    relative.push(Object.freeze(attributes));
  }
  return Object.freeze({ relative: Object.freeze(relative), raw: element.raw });
}

function readAttribute(element: DerElement, what: string): NameAttribute {
  if (element.tag !== Tag.SEQUENCE) throw malformed(what);
  const cursor = element.children(what);
  const type = readObjectIdentifier(cursor.next(Tag.OBJECT_IDENTIFIER), what);
  const value = readString(cursor.any(), what);
  cursor.finish();
  return Object.freeze({ type, value });
}

/** A `DirectoryString` or `IA5String` as text; `#` and hexadecimal for anything else. */
function readString(element: DerElement, what: string): string {
  const { tag, content } = element;
  switch (tag) {
    case Tag.UTF8_STRING:
      return decode("utf-8", content, what);
    case Tag.NUMERIC_STRING:
    case Tag.PRINTABLE_STRING:
    case Tag.IA5_STRING:
    case Tag.VISIBLE_STRING:
      if (content.some((byte) => byte >= 0x80)) throw malformed(`${what}: not ASCII`);
      return decode("utf-8", content, what);
    case Tag.TELETEX_STRING:
      // Read as ISO 8859-1, as everybody does.
      return Array.from(content, (byte) => String.fromCharCode(byte)).join("");
    case Tag.BMP_STRING:
      if (content.length % 2 !== 0) throw malformed(`${what}: odd BMPString`);
      return decode("utf-16be", content, what);
    case Tag.UNIVERSAL_STRING: {
      if (content.length % 4 !== 0) throw malformed(`${what}: odd UniversalString`);
      const view = new DataView(content.buffer, content.byteOffset, content.length);
      let text = "";
      for (let i = 0; i < content.length; i += 4) {
        const point = view.getUint32(i);
        if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) {
          throw malformed(`${what}: bad character`);
        }
        text += String.fromCodePoint(point);
      }
      return text;
    }
    default:
      return `#${hexadecimal(element.raw)}`;
  }
}

function decode(encoding: string, bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw malformed(`${what}: bad text`, { cause });
  }
}

/** Reads a name from its DER alone. */
export function parseName(der: Uint8Array, what: string): DistinguishedName {
  return readName(readDer(der, Tag.SEQUENCE, what), what);
}

/** Whether two names are the same, byte for byte. */
export function sameName(a: DistinguishedName, b: DistinguishedName): boolean {
  return sameBytes(a.raw, b.raw);
}

/** The last common name of a name, which is the one OpenVPN takes. */
export function commonNameOf(name: DistinguishedName): string | undefined {
  return name.relative.flat().findLast((attribute) => attribute.type === commonNameType)?.value;
}

/**
 * Whether `base` is the beginning of `name`, compared as RFC 5280 section 7.1 says: letter case,
 * surrounding and repeated spaces and the kind of string don't count.
 */
export function nameStartsWith(name: DistinguishedName, base: DistinguishedName): boolean {
  const canonical = (attributes: readonly NameAttribute[]) =>
    JSON.stringify(
      attributes.map(({ type, value }) => [
        type,
        value.toLowerCase().trim().replace(/\s+/g, " "),
      ]).sort(),
    );
  return base.relative.length <= name.relative.length &&
    base.relative.every((part, i) => canonical(part) === canonical(name.relative[i]));
}

/**
 * The name on one line as OpenVPN prints and compares it: `C=KG, ST=NA, CN=Server-1`, several
 * attributes of one part joined by ` + `, control characters escaped as OpenSSL does (`\0A`).
 * Nothing in it can move a terminal's cursor.
 */
export function formatName(name: DistinguishedName): string {
  const line = name.relative.map((attributes) =>
    attributes.map(({ type, value }) => `${shortNames[type] ?? type}=${escapeControls(value)}`)
      .join(" + ")
  ).join(", ");
  // OpenVPN guards scripts that take the subject as an argument against a leading dash.
  return replaceControls(line).replace(/^-+/, (dashes) => "_".repeat(dashes.length));
}

// deno-lint-ignore no-control-regex -- they are what this looks for
const controls = /[\x00-\x1f\x7f-\x9f]/g;
// deno-lint-ignore no-control-regex -- they are what this looks for
const escaped = /[\x00-\x1f\x7f\\]/g;

/** OpenSSL's short name of an attribute (`CN`), or its object identifier. */
export function attributeName(type: string): string {
  return shortNames[type] ?? type;
}

/** Control characters (C0, DEL, C1) replaced by `_`, as OpenVPN does in names. */
export function replaceControls(text: string): string {
  return text.replace(controls, "_");
}

/** What OpenSSL's `ASN1_STRFLGS_ESC_CTRL` does to a value. */
function escapeControls(text: string): string {
  return text.replace(escaped, (character) => {
    if (character === "\\") return "\\\\";
    return `\\${character.charCodeAt(0).toString(16).padStart(2, "0").toUpperCase()}`;
  });
}
