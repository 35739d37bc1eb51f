/**
 * The codec of netlink messages and their attributes: pure, no I/O. Source: `linux/netlink.h`.
 *
 * ```text
 * message    length u32 | type u16 | flags u16 | sequence u32 | port id u32 | body | to 4 bytes
 * attribute  length u16 | type u16 | payload | to 4 bytes          (lengths include the header)
 * ```
 *
 * All integers are in native order, little-endian on both architectures this module runs on.
 *
 * @module
 */

/** Types below 16, which every netlink family has. */
export const NetlinkControl = { NOOP: 1, ERROR: 2, DONE: 3, OVERRUN: 4 } as const;

/** `nlmsghdr.nlmsg_flags`. */
export const NetlinkFlag = {
  REQUEST: 0x01,
  MULTI: 0x02,
  ACK: 0x04,
  DUMP_INTR: 0x10,
  DUMP: 0x300,
  REPLACE: 0x100,
  EXCL: 0x200,
  CREATE: 0x400,
  APPEND: 0x800,
  /** On an error message: the request's body is not quoted. */
  CAPPED: 0x100,
  /** On an error message: attributes follow. */
  ACK_TLVS: 0x200,
} as const;

/** `sizeof(struct nlmsghdr)`. */
export const messageHeaderLength = 16;
const attributeHeaderLength = 4;
// Upper bits of an attribute's type: NLA_F_NESTED, NLA_F_NET_BYTEORDER.
const attributeTypeMask = 0x3fff;

// Not by bit operations, which turn lengths from 2^31 on into negative numbers.
const align4 = (length: number) => Math.ceil(length / 4) * 4;

/** One message. */
export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** All after the header. */
  readonly body: Uint8Array;
}

/** One attribute. */
export interface Attribute {
  /** Without its two flag bits. */
  readonly type: number;
  readonly payload: Uint8Array;
}

/** A request as it goes to the kernel (port id 0: the kernel fills it in). */
export function encodeMessage(message: NetlinkMessage): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(align4(messageHeaderLength + message.body.length));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, messageHeaderLength + message.body.length, true);
  view.setUint16(4, message.type, true);
  view.setUint16(6, message.flags, true);
  view.setUint32(8, message.sequence, true);
  bytes.set(message.body, messageHeaderLength);
  return bytes;
}

/** The messages in one datagram; `undefined` when a length does not fit. */
export function decodeMessages(datagram: Uint8Array): NetlinkMessage[] | undefined {
  const messages: NetlinkMessage[] = [];
  for (let offset = 0; offset < datagram.length;) {
    if (datagram.length - offset < messageHeaderLength) return undefined;
    const view = new DataView(datagram.buffer, datagram.byteOffset + offset);
    const length = view.getUint32(0, true);
    if (length < messageHeaderLength || length > datagram.length - offset) return undefined;
    messages.push({
      type: view.getUint16(4, true),
      flags: view.getUint16(6, true),
      sequence: view.getUint32(8, true),
      body: datagram.subarray(offset + messageHeaderLength, offset + length),
    });
    offset += align4(length);
  }
  return messages;
}

/** Attributes one after the other, each padded to 4 bytes. */
export function encodeAttributes(attributes: readonly Attribute[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const { payload } of attributes) length += align4(attributeHeaderLength + payload.length);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const { type, payload } of attributes) {
    const attributeLength = attributeHeaderLength + payload.length;
    if (attributeLength > 0xffff) throw new RangeError(`attribute of ${payload.length} bytes`);
    view.setUint16(offset, attributeLength, true);
    view.setUint16(offset + 2, type, true);
    bytes.set(payload, offset + attributeHeaderLength);
    offset += align4(attributeLength);
  }
  return bytes;
}

/** The attributes in `bytes`; `undefined` when a length does not fit. */
export function decodeAttributes(bytes: Uint8Array): Attribute[] | undefined {
  const attributes: Attribute[] = [];
  for (let offset = 0; offset < bytes.length;) {
    if (bytes.length - offset < attributeHeaderLength) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset + offset);
    const length = view.getUint16(0, true);
    if (length < attributeHeaderLength || length > bytes.length - offset) return undefined;
    attributes.push({
      type: view.getUint16(2, true) & attributeTypeMask,
      payload: bytes.subarray(offset + attributeHeaderLength, offset + length),
    });
    offset += align4(length);
  }
  return attributes;
}

/** The attributes after a fixed struct of `headerLength` bytes, by type; the last one counts. */
export function attributesByType(
  body: Uint8Array,
  headerLength: number,
): Map<number, Uint8Array> | undefined {
  if (body.length < headerLength) return undefined;
  const attributes = decodeAttributes(body.subarray(headerLength));
  return attributes && new Map(attributes.map(({ type, payload }) => [type, payload]));
}

/** A `u32` payload. */
export function u32(value: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

/** The `u32` in a payload, if it has one. */
export function readU32(payload: Uint8Array | undefined): number | undefined {
  if (payload === undefined || payload.length !== 4) return undefined;
  return new DataView(payload.buffer, payload.byteOffset).getUint32(0, true);
}

/** The text of a C string payload, if there is one. */
export function readString(payload: Uint8Array | undefined): string | undefined {
  if (payload === undefined) return undefined;
  const end = payload.indexOf(0);
  return new TextDecoder().decode(end < 0 ? payload : payload.subarray(0, end));
}

/** What a message of type ERROR says; an acknowledgement has errno 0. */
export interface NetlinkError {
  /** Positive, or 0. */
  readonly errno: number;
  /** The kernel's own words (extended acknowledgement). */
  readonly detail?: string;
}

const NLMSGERR_ATTR_MSG = 1;

/** `struct nlmsgerr`: error i32 | header of the request | its body unless capped | attributes. */
export function decodeError(message: NetlinkMessage): NetlinkError | undefined {
  const { body, flags } = message;
  if (body.length < 4) return undefined;
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const errno = -view.getInt32(0, true);
  if (errno < 0) return undefined;
  if ((flags & NetlinkFlag.ACK_TLVS) === 0 || body.length < 4 + messageHeaderLength) {
    return { errno };
  }
  const quoted = (flags & NetlinkFlag.CAPPED) !== 0 ? messageHeaderLength : view.getUint32(4, true);
  const attributes = attributesByType(body, 4 + align4(quoted));
  return { errno, detail: readString(attributes?.get(NLMSGERR_ATTR_MSG)) };
}
