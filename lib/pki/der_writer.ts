/**
 * Writes DER (X.690 section 10), for what is too long for a tree of objects: a revocation list may
 * have a hundred thousand entries.
 *
 * @module
 */

import { concatBytes } from "../base/bytes.ts";
import { Tag } from "./der.ts";

/** One element with its content. */
export function derElement(
  tag: number,
  ...content: readonly Uint8Array[]
): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const part of content) length += part.length;
  return concatBytes(derHeader(tag, length), ...content);
}

/** Identifier and length octets. */
function derHeader(tag: number, length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(tag, length);
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return Uint8Array.of(tag, 0x80 | octets.length, ...octets);
}

/** `SEQUENCE`. */
export function derSequence(...content: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return derElement(Tag.SEQUENCE, ...content);
}

/** `INTEGER`, not negative, from the hexadecimal of its octets. */
export function derInteger(hexadecimal: string): Uint8Array<ArrayBuffer> {
  const even = hexadecimal.length % 2 === 0 ? hexadecimal : `0${hexadecimal}`;
  const octets = Uint8Array.fromHex(even.replace(/^(00)+(?=..)/, ""));
  // A leading one bit would say that it is negative.
  return octets[0] >= 0x80
    ? derElement(Tag.INTEGER, Uint8Array.of(0), octets)
    : derElement(Tag.INTEGER, octets);
}

/** `UTCTime` through 2049, `GeneralizedTime` after (RFC 5280 section 4.1.2.5); whole seconds. */
export function derTime(milliseconds: number): Uint8Array<ArrayBuffer> {
  // 2026-11-30T06:38:06.000Z
  const text = new Date(milliseconds).toISOString().slice(0, 19).replace(/[-:T]/g, "") + "Z";
  return Number(text.slice(0, 4)) < 2050
    ? derElement(Tag.UTC_TIME, new TextEncoder().encode(text.slice(2)))
    : derElement(Tag.GENERALIZED_TIME, new TextEncoder().encode(text));
}

/** `BIT STRING` of whole octets. */
export function derBits(octets: Uint8Array): Uint8Array<ArrayBuffer> {
  return derElement(Tag.BIT_STRING, Uint8Array.of(0), octets);
}

/** `OCTET STRING`. */
export function derOctets(octets: Uint8Array): Uint8Array<ArrayBuffer> {
  return derElement(Tag.OCTET_STRING, octets);
}

/** `OBJECT IDENTIFIER` from its dotted form. */
export function derObjectIdentifier(dotted: string): Uint8Array<ArrayBuffer> {
  const [first, second, ...rest] = dotted.split(".").map(Number);
  const octets: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const base128 = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) {
      base128.unshift(0x80 | (left % 128));
    }
    octets.push(...base128);
  }
  return derElement(Tag.OBJECT_IDENTIFIER, Uint8Array.from(octets));
}
