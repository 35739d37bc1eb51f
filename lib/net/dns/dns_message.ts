/**
 * DNS messages, as far as asking for the addresses of a name goes: pure, no I/O. Source: RFC 1035,
 * section 4; RFC 3596 (AAAA); RFC 6891 (EDNS).
 *
 * ```text
 * header    id u16 | flags u16 | questions u16 | answers u16 | authorities u16 | additional u16
 * question  name | type u16 | class u16
 * record    name | type u16 | class u16 | TTL u32 | length u16 | data
 * ```
 *
 * @module
 */

import { formatAddress } from "deno-tun";

/** Types of records. */
export const RecordType = { A: 1, CNAME: 5, AAAA: 28, OPT: 41 } as const;

const classInternet = 1;
const headerLength = 12;
const flagResponse = 0x8000;
const flagRecursionDesired = 0x0100;
const responseCodeMask = 0x000f;
/** The longest name, in bytes with the lengths of its labels (RFC 1035, section 2.3.4). */
const longestName = 255;
const longestLabel = 63;

/** The longest answer that we take, in bytes: what passes every path (RFC 9715, section 3.1). */
export const longestAnswer = 1232;

/**
 * A question for the addresses of `name`.
 *
 * @param id 0 to 65535, to be drawn anew for each question.
 * @throws {RangeError} when `name` is no host name that DNS could carry.
 */
export function encodeQuestion(
  id: number,
  name: string,
  type: typeof RecordType.A | typeof RecordType.AAAA,
): Uint8Array<ArrayBuffer> {
  const labels = name.replace(/\.$/, "").split(".").map((label) => new TextEncoder().encode(label));
  const nameLength = labels.reduce((sum, label) => sum + 1 + label.length, 1);
  if (
    nameLength > longestName || labels.some(({ length }) => length < 1 || length > longestLabel)
  ) {
    throw new RangeError("no name that DNS could carry");
  }
  const optLength = 11;
  const bytes = new Uint8Array(headerLength + nameLength + 4 + optLength);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, id);
  view.setUint16(2, flagRecursionDesired);
  view.setUint16(4, 1);
  view.setUint16(10, 1);
  let offset = headerLength;
  for (const label of labels) {
    bytes[offset++] = label.length;
    bytes.set(label, offset);
    offset += label.length;
  }
  offset++;
  view.setUint16(offset, type);
  view.setUint16(offset + 2, classInternet);
  // OPT: the root's name, the type, and in place of the class the longest answer.
  view.setUint16(offset + 5, RecordType.OPT);
  view.setUint16(offset + 7, longestAnswer);
  return bytes;
}

/** What an answer says. */
export interface DnsAnswer {
  /** RCODE: 0 none, 2 server failure, 3 no such name. */
  readonly responseCode: number;
  /** Addresses as text, in the answer's order. */
  readonly addresses: readonly string[];
}

/**
 * Reads an answer.
 *
 * @param question What `encodeQuestion` made.
 * @returns undefined when it is no answer to that question, or malformed.
 */
export function decodeAnswer(message: Uint8Array, question: Uint8Array): DnsAnswer | undefined {
  if (message.length < headerLength) return undefined;
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const asked = new DataView(question.buffer, question.byteOffset, question.byteLength);
  const flags = view.getUint16(2);
  if (view.getUint16(0) !== asked.getUint16(0) || (flags & flagResponse) === 0) return undefined;
  if (view.getUint16(4) !== 1) return undefined;
  const expected = readName(question, headerLength);
  const name = readName(message, headerLength);
  if (expected === undefined || name === undefined || name.text !== expected.text) return undefined;
  if (name.end + 4 > message.length) return undefined;
  const type = view.getUint16(name.end);
  if (type !== asked.getUint16(expected.end)) return undefined;
  if (view.getUint16(name.end + 2) !== classInternet) return undefined;
  const addresses: string[] = [];
  // The name and those that it is another name for (CNAME), which come in that order.
  const names = new Set([name.text]);
  let offset = name.end + 4;
  for (let i = 0; i < view.getUint16(6); i++) {
    const owner = readName(message, offset);
    if (owner === undefined || owner.end + 10 > message.length) return undefined;
    const recordType = view.getUint16(owner.end);
    const recordClass = view.getUint16(owner.end + 2);
    const length = view.getUint16(owner.end + 8);
    const data = owner.end + 10;
    if (data + length > message.length) return undefined;
    offset = data + length;
    if (recordClass !== classInternet || !names.has(owner.text)) continue;
    if (recordType === RecordType.CNAME) {
      const target = readName(message, data);
      if (target === undefined || target.end !== offset) return undefined;
      names.add(target.text);
    } else if (recordType === type) {
      if (length !== (type === RecordType.A ? 4 : 16)) return undefined;
      addresses.push(formatAddress(message.subarray(data, offset)));
    }
  }
  return { responseCode: flags & responseCodeMask, addresses };
}

/** A name in lower case, and where it ends in the message; undefined when malformed. */
function readName(
  message: Uint8Array,
  start: number,
): { readonly text: string; readonly end: number } | undefined {
  let text = "";
  let end = -1;
  let offset = start;
  // A pointer leads back only, and so does not go in circles.
  for (let limit = start;;) {
    if (offset >= message.length) return undefined;
    const length = message[offset];
    if (length === 0) return { text, end: end < 0 ? offset + 1 : end };
    if ((length & 0xc0) === 0xc0) {
      if (offset + 1 >= message.length) return undefined;
      const target = (length & 0x3f) << 8 | message[offset + 1];
      if (end < 0) end = offset + 2;
      if (target >= limit) return undefined;
      limit = offset = target;
      continue;
    }
    if (length > longestLabel || offset + 1 + length > message.length) return undefined;
    text += `${latin1(message.subarray(offset + 1, offset + 1 + length)).toLowerCase()}.`;
    if (text.length > longestName) return undefined;
    offset += 1 + length;
  }
}

/** Bytes as characters, one each: names are compared, not shown. */
function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
