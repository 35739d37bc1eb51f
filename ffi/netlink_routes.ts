/**
 * rtnetlink's routes: `struct rtmsg` and its attributes. Source: `linux/rtnetlink.h`.
 *
 * @module
 */

import { formatAddress } from "./address.ts";
import { requireAddress, requirePrefixLength } from "./netlink_addresses.ts";
import {
  type Attribute,
  attributesByType,
  encodeAttributes,
  readU32,
  u32,
} from "./netlink_message.ts";
import { AF_INET, AF_INET6 } from "./sockaddr.ts";

/** Message types. */
export const RTM_NEWROUTE = 24;
/** Deletes a route. */
export const RTM_DELROUTE = 25;
/** Asks for all routes, or for the one to a destination. */
export const RTM_GETROUTE = 26;

const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
const RTA_PREFSRC = 7;
const RTA_MULTIPATH = 9;
const RTA_TABLE = 15;
const RTA_MARK = 16;

/** What the kernel does with packets on a route: `RTN_*`. */
export const RouteType = {
  UNICAST: 1,
  LOCAL: 2,
  BROADCAST: 3,
  ANYCAST: 4,
  MULTICAST: 5,
  /** Dropped in silence. */
  BLACKHOLE: 6,
  /** Dropped; the sender gets "host unreachable". */
  UNREACHABLE: 7,
  /** Dropped; the sender gets "administratively prohibited". */
  PROHIBIT: 8,
  THROW: 9,
} as const;

/** How far away a destination is: `RT_SCOPE_*`. */
export const RouteScope = { UNIVERSE: 0, SITE: 200, LINK: 253, HOST: 254, NOWHERE: 255 } as const;

/** Who made a route: `RTPROT_*`; 5 to 255 are not interpreted by the kernel. */
export const RouteProtocol = { UNSPEC: 0, REDIRECT: 1, KERNEL: 2, BOOT: 3, STATIC: 4 } as const;

/** Routing tables with a name: `RT_TABLE_*`. */
export const RouteTable = { DEFAULT: 253, MAIN: 254, LOCAL: 255 } as const;

// Routes cloned into the cache are no table's (RTM_F_CLONED).
const RTM_F_CLONED = 0x200;
const RTNH_F_ONLINK = 0x4;

// struct rtmsg: family u8 | destination length u8 | source length u8 | tos u8 | table u8
// | protocol u8 | scope u8 | type u8 | flags u32
const headerLength = 12;
const flagsOffset = 8;

/** A route. In requests, what is absent takes the default of `ip route`. */
export interface Route {
  /** First address of the network: `0.0.0.0` and `::` for the default route. */
  readonly destination: string;
  /** 0 to 32, or 0 to 128. */
  readonly prefixLength: number;
  /** The next router; absent for a network on the link. */
  readonly gateway?: string;
  /** The interface's number; absent for blackholes and for several next hops. */
  readonly interfaceIndex?: number;
  /** The lower wins; 0 where absent (IPv6: the kernel makes it 1024). */
  readonly metric?: number;
  /** `RouteTable` or another number; the main table where absent. */
  readonly table?: number;
  /** The source address of packets that the machine itself sends. */
  readonly preferredSource?: string;
  /** `RouteScope`. */
  readonly scope?: number;
  /** `RouteProtocol`; where absent, `STATIC`. */
  readonly protocol?: number;
  /** `RouteType`; where absent, `UNICAST`. */
  readonly type?: number;
  /** Set in answers of the kernel: there are several next hops, so no `gateway` here. */
  readonly multipath?: boolean;
  /** Set in answers of the kernel: its own message, by which `restoreRoute` puts it back. */
  readonly message?: Uint8Array;
}

/** The body of a RTM_NEWROUTE or RTM_DELROUTE. @throws {TypeError | RangeError} on bad fields. */
export function encodeRoute(route: Route, purpose: "add" | "delete"): Uint8Array<ArrayBuffer> {
  const destination = requireAddress(route.destination);
  const size = destination.length;
  const attributes: Attribute[] = [];
  if (requirePrefixLength(route.prefixLength, size) > 0) {
    attributes.push({ type: RTA_DST, payload: destination });
  }
  if (route.gateway !== undefined) {
    attributes.push({ type: RTA_GATEWAY, payload: requireAddress(route.gateway, size) });
  }
  if (route.interfaceIndex !== undefined) {
    attributes.push({ type: RTA_OIF, payload: u32(route.interfaceIndex) });
  }
  if (route.metric !== undefined) {
    attributes.push({ type: RTA_PRIORITY, payload: u32(route.metric) });
  }
  if (route.preferredSource !== undefined) {
    attributes.push({ type: RTA_PREFSRC, payload: requireAddress(route.preferredSource, size) });
  }
  const table = route.table ?? RouteTable.MAIN;
  attributes.push({ type: RTA_TABLE, payload: u32(table) });
  const encoded = encodeAttributes(attributes);
  const body = new Uint8Array(headerLength + encoded.length);
  body[0] = size === 4 ? AF_INET : AF_INET6;
  body[1] = route.prefixLength;
  body[4] = table < 256 ? table : 0; // RT_TABLE_UNSPEC; RTA_TABLE has the number
  // A delete matches any protocol, scope and type that it leaves open (fib_table_delete).
  body[5] = route.protocol ?? (purpose === "add" ? RouteProtocol.STATIC : RouteProtocol.UNSPEC);
  body[6] = route.scope ?? (purpose === "add" ? defaultScope(route, size) : RouteScope.NOWHERE);
  body[7] = route.type ?? (purpose === "add" ? RouteType.UNICAST : 0);
  body.set(encoded, headerLength);
  return body;
}

// As `ip route` does: what is on the link has link scope. IPv6 knows no scopes of routes.
function defaultScope(route: Route, size: number): number {
  const unicast = (route.type ?? RouteType.UNICAST) === RouteType.UNICAST;
  const onLink = size === 4 && unicast && route.gateway === undefined;
  return onLink ? RouteScope.LINK : RouteScope.UNIVERSE;
}

/** The body of a RTM_GETROUTE that asks where packets to `destination` go. */
export function encodeRouteQuery(destination: string, mark?: number): Uint8Array<ArrayBuffer> {
  const address = requireAddress(destination);
  const attributes: Attribute[] = [{ type: RTA_DST, payload: address }];
  if (mark !== undefined) attributes.push({ type: RTA_MARK, payload: u32(mark) });
  const encoded = encodeAttributes(attributes);
  const body = new Uint8Array(headerLength + encoded.length);
  body[0] = address.length === 4 ? AF_INET : AF_INET6;
  body[1] = address.length * 8;
  body.set(encoded, headerLength);
  return body;
}

/** Whether the body of a RTM_NEWROUTE is a cache entry rather than a table's. */
export function isCachedRoute(body: Uint8Array): boolean {
  if (body.length < headerLength) return false;
  const flags = new DataView(body.buffer, body.byteOffset).getUint32(flagsOffset, true);
  return (flags & RTM_F_CLONED) !== 0;
}

/** The route in the body of a RTM_NEWROUTE; `undefined` when malformed or of another family. */
export function decodeRoute(body: Uint8Array): Route | undefined {
  const attributes = attributesByType(body, headerLength);
  if (attributes === undefined) return undefined;
  const size = body[0] === AF_INET ? 4 : body[0] === AF_INET6 ? 16 : 0;
  const destination = attributes.get(RTA_DST) ?? new Uint8Array(size);
  if (size === 0 || body[1] > size * 8 || destination.length !== size) return undefined;
  const address = (type: number) => {
    const payload = attributes.get(type);
    return payload?.length === size ? formatAddress(payload) : undefined;
  };
  const gateway = address(RTA_GATEWAY);
  const preferredSource = address(RTA_PREFSRC);
  const interfaceIndex = readU32(attributes.get(RTA_OIF));
  const metric = readU32(attributes.get(RTA_PRIORITY));
  return {
    destination: formatAddress(destination),
    prefixLength: body[1],
    ...(gateway === undefined ? {} : { gateway }),
    ...(interfaceIndex === undefined ? {} : { interfaceIndex }),
    ...(metric === undefined ? {} : { metric }),
    table: readU32(attributes.get(RTA_TABLE)) ?? body[4],
    ...(preferredSource === undefined ? {} : { preferredSource }),
    scope: body[6],
    protocol: body[5],
    type: body[7],
    ...(attributes.has(RTA_MULTIPATH) ? { multipath: true } : {}),
    message: body.slice(),
  };
}

/** The body of a RTM_NEWROUTE that puts back a route the kernel reported. */
export function encodeRestoredRoute(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(message);
  const view = new DataView(body.buffer);
  // The kernel refuses flags that describe a state (dead, link down) rather than a wish.
  view.setUint32(flagsOffset, view.getUint32(flagsOffset, true) & RTNH_F_ONLINK, true);
  return body;
}
