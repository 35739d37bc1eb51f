/**
 * General names: host names, addresses and the like in a certificate.
 *
 * @module
 */

import { contextTag, type DerElement, hexadecimal, malformed } from "./der.ts";
import { formatName, parseName } from "./distinguished_name.ts";

/** A general name (RFC 5280 section 4.2.1.6). */
export interface AlternativeName {
  /** Its kind; `other` for what is not looked into. */
  readonly kind: "dns" | "ip" | "email" | "uri" | "directory" | "other";
  /**
   * The name as text; an address as `192.0.2.1` or `2001:db8::1`; a directory name on one line;
   * hexadecimal DER for `other`.
   */
  readonly value: string;
  /** The content of the name as it stands in the certificate. */
  readonly raw: Uint8Array;
}

/**
 * Reads a `GeneralName`.
 *
 * @throws {CertificateError} `malformed`.
 */
export function readGeneralName(element: DerElement, what: string): AlternativeName {
  const { content } = element;
  const name = (kind: AlternativeName["kind"], value: string) =>
    Object.freeze({ kind, value, raw: content });
  switch (element.tag) {
    case contextTag(1, false):
      return name("email", readAscii(content, what));
    case contextTag(2, false):
      return name("dns", readAscii(content, what));
    case contextTag(4, true):
      return name("directory", formatName(parseName(content, what)));
    case contextTag(6, false):
      return name("uri", readAscii(content, what));
    case contextTag(7, false):
      return name("ip", formatAddress(content, what));
    default:
      return name("other", hexadecimal(element.raw));
  }
}

function readAscii(content: Uint8Array, what: string): string {
  if (content.length === 0 || content.some((byte) => byte < 0x20 || byte >= 0x7f)) {
    throw malformed(`${what}: not printable ASCII`);
  }
  return new TextDecoder().decode(content);
}

function formatAddress(content: Uint8Array, what: string): string {
  if (content.length === 4) return content.join(".");
  if (content.length !== 16) throw malformed(`${what}: bad address`);
  const view = new DataView(content.buffer, content.byteOffset, 16);
  const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(2 * i).toString(16));
  // The URL parser writes an IPv6 address in its shortest form (RFC 5952).
  return new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1);
}
