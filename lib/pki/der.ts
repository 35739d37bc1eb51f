/**
 * A strict reader for DER (X.690 section 10), the one encoding that certificates may have.
 *
 * Certificates come from peers before anything about them is known, so whatever DER forbids
 * (indefinite or padded lengths, padded integers, bytes left over) is refused: two readers must
 * never see two certificates in the same bytes.
 *
 * @module
 */

import { CertificateError } from "./errors.ts";

/** Identifier octets that X.509 uses (X.690 section 8.1.2; universal class unless said). */
export const Tag = {
  BOOLEAN: 0x01,
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  NULL: 0x05,
  OBJECT_IDENTIFIER: 0x06,
  ENUMERATED: 0x0a,
  UTF8_STRING: 0x0c,
  NUMERIC_STRING: 0x12,
  PRINTABLE_STRING: 0x13,
  TELETEX_STRING: 0x14,
  IA5_STRING: 0x16,
  UTC_TIME: 0x17,
  GENERALIZED_TIME: 0x18,
  VISIBLE_STRING: 0x1a,
  UNIVERSAL_STRING: 0x1c,
  BMP_STRING: 0x1e,
  SEQUENCE: 0x30,
  SET: 0x31,
} as const;

/** Identifier octet of the context-specific tag `[number]`. */
export function contextTag(number: number, constructed: boolean): number {
  return 0x80 | (constructed ? 0x20 : 0) | number;
}

/** The error for bytes that are not what they should be. */
export function malformed(what: string, options?: ErrorOptions): CertificateError {
  return new CertificateError("malformed", `malformed ${what}`, undefined, options);
}

/** One element: identifier, length and content, by position in the bytes it was read from. */
export class DerElement {
  constructor(
    readonly bytes: Uint8Array,
    /** Identifier octet. */
    readonly tag: number,
    readonly start: number,
    readonly contentStart: number,
    readonly end: number,
  ) {}

  /** The whole element, a view. */
  get raw(): Uint8Array {
    return this.bytes.subarray(this.start, this.end);
  }
  /** The content alone, a view. */
  get content(): Uint8Array {
    return this.bytes.subarray(this.contentStart, this.end);
  }
  /** The elements inside; `what` names the structure in errors. */
  children(what: string): DerCursor {
    return new DerCursor(this.bytes, this.contentStart, this.end, what);
  }
}

/** Walks over the elements of one structure, in order. */
export class DerCursor {
  #position: number;

  constructor(
    readonly bytes: Uint8Array,
    start: number,
    readonly end: number,
    readonly what: string,
  ) {
    this.#position = start;
  }

  /** Whether every byte has been read. */
  get done(): boolean {
    return this.#position === this.end;
  }

  /**
   * The next element, whatever it is.
   *
   * @throws {CertificateError} `malformed`.
   */
  any(): DerElement {
    const { bytes, end } = this;
    const start = this.#position;
    if (end - start < 2) throw malformed(`${this.what}: it ends early`);
    const tag = bytes[start];
    // Tag numbers above 30 take more octets; nothing in X.509 has one.
    if ((tag & 0x1f) === 0x1f) throw malformed(`${this.what}: unknown tag`);
    let length = bytes[start + 1];
    let contentStart = start + 2;
    if (length >= 0x80) {
      const octets = length & 0x7f;
      if (octets === 0 || octets > 4 || end - contentStart < octets) {
        throw malformed(`${this.what}: bad length`);
      }
      length = 0;
      for (let i = 0; i < octets; i++) length = length * 256 + bytes[contentStart++];
      // X.690 section 10.1: the fewest octets possible.
      if (length < 0x80 || length < 2 ** (8 * (octets - 1))) {
        throw malformed(`${this.what}: padded length`);
      }
    }
    if (length > end - contentStart) throw malformed(`${this.what}: it ends early`);
    this.#position = contentStart + length;
    return new DerElement(bytes, tag, start, contentStart, this.#position);
  }

  /** The next element, which must have this tag. */
  next(tag: number): DerElement {
    const element = this.any();
    if (element.tag !== tag) {
      throw malformed(`${this.what}: tag ${element.tag} where ${tag} belongs`);
    }
    return element;
  }

  /** The next element if it has this tag. */
  optional(tag: number): DerElement | undefined {
    return !this.done && this.bytes[this.#position] === tag ? this.any() : undefined;
  }

  /** Every element that is left. */
  rest(): DerElement[] {
    const elements: DerElement[] = [];
    while (!this.done) elements.push(this.any());
    return elements;
  }

  /** Refuses bytes that are left over. */
  finish(): void {
    if (!this.done) throw malformed(`${this.what}: bytes left over`);
  }
}

/** The one element that `bytes` must be, with nothing after it. */
export function readDer(bytes: Uint8Array, tag: number, what: string): DerElement {
  const cursor = new DerCursor(bytes, 0, bytes.length, what);
  const element = cursor.next(tag);
  cursor.finish();
  return element;
}

/** `TRUE` or `FALSE` (X.690 section 11.1: FF or 00). */
export function readBoolean(element: DerElement, what: string): boolean {
  const { content } = element;
  if (content.length !== 1 || (content[0] !== 0x00 && content[0] !== 0xff)) {
    throw malformed(`${what}: bad boolean`);
  }
  return content[0] === 0xff;
}

/**
 * The octets of a non-negative integer without the leading zero that only says its sign.
 * Negative and padded ones are refused.
 */
export function readUnsigned(element: DerElement, what: string): Uint8Array {
  const { content } = element;
  if (content.length === 0 || (content[0] & 0x80) !== 0) throw malformed(`${what}: bad integer`);
  if (content.length === 1 || content[0] !== 0) return content;
  if ((content[1] & 0x80) === 0) throw malformed(`${what}: padded integer`);
  return content.subarray(1);
}

/** A non-negative integer below 2^31. */
export function readSmallInteger(element: DerElement, what: string): number {
  const octets = readUnsigned(element, what);
  if (octets.length > 4 || (octets.length === 4 && octets[0] >= 0x80)) {
    throw malformed(`${what}: integer too large`);
  }
  let value = 0;
  for (const octet of octets) value = value * 256 + octet;
  return value;
}

/** The octets of a bit string that must be whole octets. */
export function readOctetBits(element: DerElement, what: string): Uint8Array {
  const { content } = element;
  if (content.length === 0 || content[0] !== 0) throw malformed(`${what}: bad bit string`);
  return content.subarray(1);
}

/** The positions of the bits that are set in a named bit list (X.690 section 11.2). */
export function readNamedBits(element: DerElement, what: string): number[] {
  const { content } = element;
  const unused = content[0];
  if (content.length === 0 || unused > 7 || (content.length === 1 && unused !== 0)) {
    throw malformed(`${what}: bad bit string`);
  }
  if (content.length > 1 && (content[content.length - 1] & ((1 << unused) - 1)) !== 0) {
    throw malformed(`${what}: padding bits are set`);
  }
  const set: number[] = [];
  for (let bit = 0; bit < (content.length - 1) * 8; bit++) {
    if (content[1 + (bit >> 3)] & (0x80 >> (bit & 7))) set.push(bit);
  }
  return set;
}

/** An object identifier in dotted form. */
export function readObjectIdentifier(element: DerElement, what: string): string {
  const { content } = element;
  if (content.length === 0 || (content[content.length - 1] & 0x80) !== 0) {
    throw malformed(`${what}: bad object identifier`);
  }
  const parts: number[] = [];
  let value = 0;
  let fresh = true;
  for (const octet of content) {
    if ((fresh && octet === 0x80) || value > Number.MAX_SAFE_INTEGER / 256) {
      throw malformed(`${what}: bad object identifier`);
    }
    value = value * 128 + (octet & 0x7f);
    fresh = (octet & 0x80) === 0;
    if (!fresh) continue;
    // X.690 section 8.19.4: the first two arcs share one number.
    if (parts.length === 0) {
      const first = Math.min(2, Math.floor(value / 40));
      parts.push(first, value - first * 40);
    } else parts.push(value);
    value = 0;
  }
  return parts.join(".");
}

/**
 * A point in time, milliseconds since 1970. Only the forms of RFC 5280 section 4.1.2.5: in UTC,
 * with seconds, without fractions.
 */
export function readTime(element: DerElement, what: string): number {
  const text = String.fromCharCode(...element.content.subarray(0, 16));
  const short = element.tag === Tag.UTC_TIME;
  if (!short && element.tag !== Tag.GENERALIZED_TIME) throw malformed(`${what}: not a time`);
  const match = (short ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/ : generalized).exec(text);
  if (match === null) throw malformed(`${what}: bad time`);
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number);
  const fullYear = !short ? year : year < 50 ? 2000 + year : 1900 + year;
  const date = new Date(0);
  date.setUTCFullYear(fullYear, month - 1, day);
  date.setUTCHours(hour, minute, second);
  // A 31st of February would have rolled over into March.
  if (
    date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || date.getUTCHours() !== hour ||
    date.getUTCMinutes() !== minute || date.getUTCSeconds() !== second
  ) throw malformed(`${what}: no such time`);
  return date.getTime();
}

const generalized = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;

/** Upper-case hexadecimal. */
export function hexadecimal(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text.toUpperCase();
}
