/**
 * `struct sockaddr_in` and `sockaddr_in6` as bytes. Source: `linux/in.h`, `linux/in6.h`.
 *
 * ```text
 * sockaddr_in   family u16 (native) | port u16 (network) | address 4 | zero 8            16 bytes
 * sockaddr_in6  family u16 (native) | port u16 (network) | flow info 4 | address 16
 *               | scope id u32 (native)                                                  28 bytes
 * ```
 *
 * @module
 */

import { formatAddress, isIpv4Mapped, parseAddress } from "./address.ts";
import { Errno, SysError } from "./errors.ts";
import { cString, libc } from "./libc.ts";

/** `AF_INET`. */
export const AF_INET = 2;
/** `AF_INET6`. */
export const AF_INET6 = 10;
/** Bytes of a `struct sockaddr_in`. */
export const sockaddrInLength = 16;
/** Bytes of a `struct sockaddr_in6`, the longer one. */
export const sockaddrIn6Length = 28;

const portOffset = 2;
const ipv4Offset = 4;
const ipv6Offset = 8;
const scopeIdOffset = 24;

/** An address and a port. */
export interface SocketAddress {
  /** The IP address as text; a link-local one with its zone: `fe80::1%3`. */
  readonly hostname: string;
  /** 0 to 65535. */
  readonly port: number;
}

/**
 * An address and a port as the kernel's struct.
 *
 * @param hostname An IP address, not a name; IPv6 may have a zone (`%eth0` or `%3`).
 * @param port 0 to 65535.
 * @param family What the socket wants: with 6 an IPv4 address becomes an IPv4-mapped one. Without
 *   it the address decides.
 * @returns 16 bytes (`sockaddr_in`) or 28 bytes (`sockaddr_in6`).
 * @throws {TypeError} when `hostname` is no IP address, or is IPv6 and `family` is 4.
 * @throws {RangeError} when `port` is out of range.
 * @throws {SysError} ENODEV when the zone names no interface.
 */
export function encodeSockaddr(
  hostname: string,
  port: number,
  family?: 4 | 6,
): Uint8Array<ArrayBuffer> {
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new RangeError(`${port} is no port: ports are 0 to 65535`);
  }
  const percent = hostname.indexOf("%");
  const address = parseAddress(percent < 0 ? hostname : hostname.slice(0, percent));
  if (address === undefined || (percent >= 0 && address.length === 4)) {
    throw new TypeError(`"${hostname}" is no IP address`);
  }
  if (address.length === 16 && family === 4) {
    throw new TypeError(`${hostname} is an IPv6 address, and the socket takes IPv4 only`);
  }
  if (address.length === 4 && family !== 6) {
    const bytes = new Uint8Array(sockaddrInLength);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, AF_INET, true);
    view.setUint16(portOffset, port);
    bytes.set(address, ipv4Offset);
    return bytes;
  }
  const bytes = new Uint8Array(sockaddrIn6Length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_INET6, true);
  view.setUint16(portOffset, port);
  if (address.length === 16) {
    bytes.set(address, ipv6Offset);
  } else {
    bytes.fill(0xff, ipv6Offset + 10, ipv6Offset + 12);
    bytes.set(address, ipv6Offset + 12);
  }
  if (percent >= 0) view.setUint32(scopeIdOffset, zoneIndex(hostname.slice(percent + 1)), true);
  return bytes;
}

function zoneIndex(zone: string): number {
  if (/^[0-9]{1,9}$/.test(zone)) return Number(zone);
  return interfaceIndex(zone);
}

/**
 * The number of the network interface `name`.
 *
 * @throws {SysError} ENODEV when there is none.
 */
export function interfaceIndex(name: string): number {
  const index = libc().if_nametoindex(cString(name));
  if (index === 0) throw new SysError(`if_nametoindex ${name}`, Errno.ENODEV);
  return index;
}

/**
 * The address and port of a `sockaddr_in` or `sockaddr_in6`; an IPv4-mapped address reads as IPv4.
 *
 * @throws {TypeError} when the bytes are neither.
 */
export function decodeSockaddr(bytes: Uint8Array): SocketAddress {
  if (bytes.length >= sockaddrInLength) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const family = view.getUint16(0, true);
    const port = view.getUint16(portOffset);
    if (family === AF_INET) {
      return { hostname: formatAddress(bytes.subarray(ipv4Offset, ipv4Offset + 4)), port };
    }
    if (family === AF_INET6 && bytes.length >= sockaddrIn6Length) {
      const address = bytes.subarray(ipv6Offset, ipv6Offset + 16);
      if (isIpv4Mapped(address)) return { hostname: formatAddress(address.subarray(12)), port };
      const scopeId = view.getUint32(scopeIdOffset, true);
      const zone = scopeId === 0 ? "" : `%${scopeId}`;
      return { hostname: formatAddress(address) + zone, port };
    }
  }
  throw new TypeError("not a sockaddr_in or sockaddr_in6");
}
