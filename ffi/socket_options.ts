/**
 * What UDP and TCP sockets have in common: addresses, buffers, mark, device. Source: `socket(7)`,
 * `ipv6(7)`.
 *
 * @module
 */

import { Errno, SysError } from "./errors.ts";
import { check, cString, libc } from "./libc.ts";
import { u32 } from "./netlink_message.ts";
import {
  decodeSockaddr,
  encodeSockaddr,
  sockaddrIn6Length,
  type SocketAddress,
} from "./sockaddr.ts";

const SOL_SOCKET = 1;
const SO_ERROR = 4;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_BINDTODEVICE = 25;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SO_MARK = 36;
const IPV6_V6ONLY = 26;
const IPPROTO_IP = 0;
const IP_MTU_DISCOVER = 10;
const IPV6_MTU_DISCOVER = 23;

/** Level of IPv6's options. */
export const IPPROTO_IPV6 = 41;

/** How to open a socket that is bound to a local address. */
export interface SocketOptions {
  /** The local IP address; without it all addresses, of both families where there is IPv6. */
  readonly hostname?: string;
  /** The local port; 0: any free one. */
  readonly port: number;
  /**
   * 4: an IPv4 socket. 6: an IPv6 socket, which takes IPv4 too (as IPv4-mapped addresses) unless
   * `ipv6Only` is set.
   */
  readonly family?: 4 | 6;
  /** An IPv6 socket takes no IPv4 (`bind ipv6only`). Default: no. */
  readonly ipv6Only?: boolean;
  /** In bytes; beyond `net.core.rmem_max` only with CAP_NET_ADMIN. */
  readonly receiveBuffer?: number;
  /** In bytes; beyond `net.core.wmem_max` only with CAP_NET_ADMIN. */
  readonly sendBuffer?: number;
  /** Firewall mark of what is sent; needs CAP_NET_ADMIN (or, since Linux 5.17, CAP_NET_RAW). */
  readonly mark?: number;
  /** Name of the interface to use and no other. */
  readonly device?: string;
  /** One of `MtuDiscover`. Default: the system's (`net.ipv4.ip_no_pmtu_disc`). */
  readonly mtuDiscover?: number;
}

/** Path MTU discovery: whether packets may be fragmented. `ip(7)`, `IP_MTU_DISCOVER`. */
export const MtuDiscover = {
  /** Never sets "don't fragment". */
  DONT: 0,
  /** Fragments what is longer than the path's known MTU. The kernel's default. */
  WANT: 1,
  /** Always sets "don't fragment"; what is longer than the known MTU is refused (EMSGSIZE). */
  DO: 2,
  /** Sets "don't fragment" and ignores the known MTU. */
  PROBE: 3,
} as const;

/** Where a socket is to be bound. */
export interface LocalAddress {
  readonly ipv6: boolean;
  /** Raw sockaddr. */
  readonly address: Uint8Array<ArrayBuffer>;
  /** The same for messages. */
  readonly place: string;
}

/** @throws {TypeError | RangeError} when `hostname` is no IP address or `port` no port. */
export function localAddress(port: number, hostname?: string, family?: 4 | 6): LocalAddress {
  const address = encodeSockaddr(hostname ?? (family === 6 ? "::" : "0.0.0.0"), port, family);
  const ipv6 = address.length === sockaddrIn6Length;
  return { ipv6, address, place: `${hostname ?? "any address"} port ${port}` };
}

/**
 * Opens a socket with `open`; where neither address nor family is asked for, one of both families,
 * or of IPv4 alone where the kernel has no IPv6.
 */
export function dualStack<Socket>(
  { hostname, family, port, ipv6Only }: SocketOptions,
  open: (local: LocalAddress) => Socket,
): Socket {
  if (hostname !== undefined || family !== undefined) {
    return open(localAddress(port, hostname, family));
  }
  try {
    return open(localAddress(port, "::", 6));
  } catch (error) {
    // A kernel without IPv6 has no such socket, or no such address (ipv6.disable).
    const noIpv6 = error instanceof SysError &&
      (error.errno === Errno.EAFNOSUPPORT || error.errno === Errno.EADDRNOTAVAIL);
    if (!noIpv6 || ipv6Only) throw error;
    return open(localAddress(port, "0.0.0.0", 4));
  }
}

/**
 * Sets what the options say of a socket that is not bound yet.
 *
 * @throws {SysError} EPERM (mark, device), ENODEV (device).
 */
export function applySocketOptions(
  fd: number,
  ipv6: boolean,
  options: Omit<SocketOptions, "port">,
): void {
  if (ipv6) setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, options.ipv6Only ? 1 : 0, "IPV6_V6ONLY");
  resizeBuffers(fd, options);
  if (options.mark !== undefined) setOption(fd, SOL_SOCKET, SO_MARK, options.mark, "SO_MARK");
  if (options.device !== undefined) {
    const name = cString(options.device);
    const set = libc().setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, name.length);
    check(set, `setsockopt SO_BINDTODEVICE ${options.device}`);
  }
  if (options.mtuDiscover !== undefined) setMtuDiscover(fd, ipv6, options.mtuDiscover);
}

/** Sets path MTU discovery for both families that a socket sends. @throws {SysError} EINVAL. */
export function setMtuDiscover(fd: number, ipv6: boolean, mode: number): void {
  setOption(fd, IPPROTO_IP, IP_MTU_DISCOVER, mode, "IP_MTU_DISCOVER");
  if (ipv6) setOption(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, mode, "IPV6_MTU_DISCOVER");
}

/** Sets the sizes of the kernel's buffers that are given. */
export function resizeBuffers(
  fd: number,
  { receiveBuffer, sendBuffer }: Pick<SocketOptions, "receiveBuffer" | "sendBuffer">,
): void {
  setBuffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, receiveBuffer, "SO_RCVBUF");
  setBuffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, sendBuffer, "SO_SNDBUF");
}

function setBuffer(
  fd: number,
  forced: number,
  plain: number,
  size: number | undefined,
  name: string,
): void {
  if (size === undefined) return;
  // The forced form passes the system's limit but needs CAP_NET_ADMIN; the plain one is capped.
  if (libc().setsockopt(fd, SOL_SOCKET, forced, u32(size), 4) < 0) {
    setOption(fd, SOL_SOCKET, plain, size, name);
  }
}

/** Sets a 32-bit option. @throws {SysError} */
export function setOption(
  fd: number,
  level: number,
  option: number,
  value: number,
  name: string,
): void {
  check(libc().setsockopt(fd, level, option, u32(value), 4), `setsockopt ${name}`);
}

/** A 32-bit option; undefined where the kernel does not know it. */
export function getOption(fd: number, level: number, option: number): number | undefined {
  const value = u32(0);
  if (libc().getsockopt(fd, level, option, value, u32(4)) < 0) return undefined;
  return new DataView(value.buffer).getUint32(0, true);
}

/** errno of the error that a socket has pending, such as a failed `connect`; 0: none. Clears it. */
export function pendingError(fd: number): number {
  return getOption(fd, SOL_SOCKET, SO_ERROR) ?? 0;
}

/** The sizes of the kernel's buffers, in bytes, its own overhead included (`socket(7)`). */
export function bufferSizes(fd: number): { readonly receive: number; readonly send: number } {
  return {
    receive: getOption(fd, SOL_SOCKET, SO_RCVBUF) ?? 0,
    send: getOption(fd, SOL_SOCKET, SO_SNDBUF) ?? 0,
  };
}

/** The address and port that a socket is bound to. @throws {SysError} EBADF, ENOTSOCK. */
export function boundAddress(fd: number): SocketAddress {
  const bytes = new Uint8Array(sockaddrIn6Length);
  const length = u32(bytes.length);
  check(libc().getsockname(fd, bytes, length), "getsockname");
  const used = Math.min(new DataView(length.buffer).getUint32(0, true), bytes.length);
  return decodeSockaddr(bytes.subarray(0, used));
}
