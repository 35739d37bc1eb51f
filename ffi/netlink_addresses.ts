/**
 * rtnetlink's interface addresses: `struct ifaddrmsg` and its attributes. Source:
 * `linux/if_addr.h`.
 *
 * @module
 */

import { formatAddress, parseAddress } from "./address.ts";
import { type Attribute, attributesByType, encodeAttributes } from "./netlink_message.ts";
import { AF_INET, AF_INET6 } from "./sockaddr.ts";

/** Message types. */
export const RTM_NEWADDR = 20;
/** Deletes an address. */
export const RTM_DELADDR = 21;
/** Asks for all addresses. */
export const RTM_GETADDR = 22;

const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_BROADCAST = 4;
const IFA_F_NODAD = 0x02;

// struct ifaddrmsg: family u8 | prefix length u8 | flags u8 | scope u8 | index u32
const headerLength = 8;
const flagsOffset = 2;
const indexOffset = 4;

/** An address of an interface. */
export interface InterfaceAddress {
  /** The interface's number. */
  readonly index: number;
  /** The interface's own address, IPv4 or IPv6. */
  readonly address: string;
  /** 0 to 32, or 0 to 128. Of the peer's network where there is a peer. */
  readonly prefixLength: number;
  /** The address at the other end of a point-to-point interface. */
  readonly peer?: string;
  /** IPv4 only. */
  readonly broadcast?: string;
  /**
   * IPv6, in requests: no duplicate address detection, so that the address is usable at once. For
   * links with one other end, where there is nobody to ask.
   */
  readonly noDuplicateDetection?: boolean;
}

/**
 * The bytes of an address in a request.
 *
 * @throws {TypeError} when `text` is no IP address, or not as long as `length` asks.
 */
export function requireAddress(text: string, length?: number): Uint8Array<ArrayBuffer> {
  const bytes = parseAddress(text);
  if (bytes === undefined) throw new TypeError(`"${text}" is no IP address`);
  if (length !== undefined && bytes.length !== length) {
    throw new TypeError(`${text} is not an ${length === 4 ? "IPv4" : "IPv6"} address`);
  }
  return bytes;
}

/**
 * `prefixLength`, for an address of `length` bytes.
 *
 * @throws {RangeError} when it is not an integer from 0 to 32 or 128.
 */
export function requirePrefixLength(prefixLength: number, length: number): number {
  if (!Number.isInteger(prefixLength) || prefixLength < 0 || prefixLength > length * 8) {
    throw new RangeError(`a prefix length of ${prefixLength} is not 0 to ${length * 8}`);
  }
  return prefixLength;
}

/** The body of a RTM_NEWADDR or RTM_DELADDR. @throws {TypeError | RangeError} on bad fields. */
export function encodeInterfaceAddress(address: InterfaceAddress): Uint8Array<ArrayBuffer> {
  const local = requireAddress(address.address);
  const attributes: Attribute[] = [{ type: IFA_LOCAL, payload: local }];
  const peer = address.peer === undefined ? local : requireAddress(address.peer, local.length);
  attributes.push({ type: IFA_ADDRESS, payload: peer });
  if (address.broadcast !== undefined) {
    attributes.push({ type: IFA_BROADCAST, payload: requireAddress(address.broadcast, 4) });
  }
  const encoded = encodeAttributes(attributes);
  const body = new Uint8Array(headerLength + encoded.length);
  body[0] = local.length === 4 ? AF_INET : AF_INET6;
  body[1] = requirePrefixLength(address.prefixLength, local.length);
  if (address.noDuplicateDetection && local.length === 16) body[flagsOffset] = IFA_F_NODAD;
  new DataView(body.buffer).setUint32(indexOffset, address.index, true);
  body.set(encoded, headerLength);
  return body;
}

/** The address in the body of a RTM_NEWADDR; `undefined` when malformed or of another family. */
export function decodeInterfaceAddress(body: Uint8Array): InterfaceAddress | undefined {
  const attributes = attributesByType(body, headerLength);
  if (attributes === undefined) return undefined;
  const length = body[0] === AF_INET ? 4 : body[0] === AF_INET6 ? 16 : 0;
  // IPv6 has IFA_LOCAL on point-to-point addresses only.
  const prefixAddress = attributes.get(IFA_ADDRESS);
  const local = attributes.get(IFA_LOCAL) ?? prefixAddress;
  if (length === 0 || local?.length !== length || body[1] > length * 8) return undefined;
  const broadcast = attributes.get(IFA_BROADCAST);
  const address = formatAddress(local);
  const peer = prefixAddress?.length === length ? formatAddress(prefixAddress) : address;
  return {
    index: new DataView(body.buffer, body.byteOffset).getUint32(indexOffset, true),
    address,
    prefixLength: body[1],
    ...(peer === address ? {} : { peer }),
    ...(broadcast?.length === 4 ? { broadcast: formatAddress(broadcast) } : {}),
  };
}
