/**
 * rtnetlink's network interfaces: `struct ifinfomsg` and its attributes. Source:
 * `linux/rtnetlink.h`, `linux/if_link.h`.
 *
 * @module
 */

import { attributesByType, readString, readU32 } from "./netlink_message.ts";

/** Message types. */
export const RTM_NEWLINK = 16;
/** Deletes an interface. */
export const RTM_DELLINK = 17;
/** Asks for one interface or for all. */
export const RTM_GETLINK = 18;

/** Attribute: MTU, u32. */
export const IFLA_MTU = 4;
const IFLA_IFNAME = 3;
const IFLA_LINKINFO = 18;
const IFLA_INFO_KIND = 1;

/** `IFF_UP` of `net/if.h`. */
export const IFF_UP = 0x1;

// struct ifinfomsg: family u8 | pad u8 | type u16 | index i32 | flags u32 | change u32
const headerLength = 16;
const indexOffset = 4;
const flagsOffset = 8;
const changeOffset = 12;

/** A network interface. */
export interface Link {
  /** The number that the kernel knows it by, above 0. */
  readonly index: number;
  /** Its name, up to 15 bytes. */
  readonly name: string;
  /** In bytes. */
  readonly mtu: number;
  /** `IFF_*` of `net/if.h`. */
  readonly flags: number;
  /** Whether `IFF_UP` is set: an administrator enabled it. */
  readonly up: boolean;
  /** What kind of virtual interface it is: `tun`, `veth`, `bridge` …; absent for hardware. */
  readonly kind?: string;
}

/** A `struct ifinfomsg` for interface `index`; `change` says which bits of `flags` count. */
export function encodeLinkHeader(index: number, flags = 0, change = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(headerLength);
  const view = new DataView(bytes.buffer);
  view.setInt32(indexOffset, index, true);
  view.setUint32(flagsOffset, flags, true);
  view.setUint32(changeOffset, change, true);
  return bytes;
}

/** The interface in the body of a RTM_NEWLINK; `undefined` when it is malformed. */
export function decodeLink(body: Uint8Array): Link | undefined {
  const attributes = attributesByType(body, headerLength);
  const name = readString(attributes?.get(IFLA_IFNAME));
  if (attributes === undefined || name === undefined) return undefined;
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const flags = view.getUint32(flagsOffset, true);
  const information = attributes.get(IFLA_LINKINFO);
  const kind = information &&
    readString(attributesByType(information, 0)?.get(IFLA_INFO_KIND));
  return {
    index: view.getInt32(indexOffset, true),
    name,
    mtu: readU32(attributes.get(IFLA_MTU)) ?? 0,
    flags,
    up: (flags & IFF_UP) !== 0,
    ...(kind === undefined ? {} : { kind }),
  };
}
