/**
 * UDP sockets: made and set up here; `DatagramPort` moves datagrams in batches. Source: `socket(7)`,
 * `udp(7)`, `ip(7)`, `ipv6(7)`.
 *
 * @module
 */

import { Errno, SysError } from "./errors.ts";
import { check, closeFd, cString, lastErrno, libc } from "./libc.ts";
import { u32 } from "./netlink_message.ts";
import {
  AF_INET,
  AF_INET6,
  decodeSockaddr,
  encodeSockaddr,
  sockaddrIn6Length,
  type SocketAddress,
} from "./sockaddr.ts";

const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_BINDTODEVICE = 25;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SO_MARK = 36;
const IPPROTO_IP = 0;
const IP_MTU_DISCOVER = 10;
const IPPROTO_IPV6 = 41;
const IPV6_MTU_DISCOVER = 23;
const IPV6_V6ONLY = 26;
const IPPROTO_UDP = 17;
const UDP_SEGMENT = 103;
const UDP_GRO = 104;
const MSG_DONTWAIT = 0x40;

/** Path MTU discovery: whether datagrams may be fragmented. `ip(7)`, `IP_MTU_DISCOVER`. */
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

/** How to open a UDP socket. */
export interface UdpOptions {
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
}

/** A UDP socket, non-blocking and closed on exec. */
export class UdpSocket {
  #fd: number;

  private constructor(
    fd: number,
    /** 6 for an IPv6 socket, to which IPv4 peers have IPv4-mapped addresses. */
    readonly family: 4 | 6,
  ) {
    this.#fd = fd;
  }

  /** Its file descriptor; -1 after `close`, for the number may be somebody else's by then. */
  get fd(): number {
    return this.#fd;
  }

  /**
   * Opens a socket and binds it.
   *
   * @throws {SysError} EADDRINUSE, EADDRNOTAVAIL, EACCES (a port below 1024), EAFNOSUPPORT, EPERM
   *   (mark, device), ENODEV (device).
   * @throws {TypeError | RangeError} when `hostname` is no IP address or `port` no port.
   */
  static bind(options: UdpOptions): UdpSocket {
    const dual = options.hostname === undefined && options.family === undefined;
    if (!dual) return UdpSocket.#bindFamily(options, options.hostname, options.family);
    try {
      return UdpSocket.#bindFamily(options, "::", 6);
    } catch (error) {
      // A kernel without IPv6 has no such socket, or no such address (ipv6.disable).
      const noIpv6 = error instanceof SysError &&
        (error.errno === Errno.EAFNOSUPPORT || error.errno === Errno.EADDRNOTAVAIL);
      if (!noIpv6 || options.ipv6Only) throw error;
      return UdpSocket.#bindFamily(options, "0.0.0.0", 4);
    }
  }

  static #bindFamily(options: UdpOptions, hostname?: string, family?: 4 | 6): UdpSocket {
    const address = encodeSockaddr(
      hostname ?? (family === 6 ? "::" : "0.0.0.0"),
      options.port,
      family,
    );
    const ipv6 = address.length === sockaddrIn6Length;
    const fd = check(
      libc().socket(ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
      "socket",
    );
    try {
      if (ipv6) {
        setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, options.ipv6Only ? 1 : 0, "IPV6_V6ONLY");
      }
      setBuffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, options.receiveBuffer, "SO_RCVBUF");
      setBuffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, options.sendBuffer, "SO_SNDBUF");
      if (options.mark !== undefined) setOption(fd, SOL_SOCKET, SO_MARK, options.mark, "SO_MARK");
      if (options.device !== undefined) {
        const name = cString(options.device);
        const set = libc().setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, name.length);
        check(set, `setsockopt SO_BINDTODEVICE ${options.device}`);
      }
      check(
        libc().bind(fd, address, address.length),
        `bind ${hostname ?? "any address"} port ${options.port}`,
      );
    } catch (error) {
      closeFd(fd);
      throw error;
    }
    return new UdpSocket(fd, ipv6 ? 6 : 4);
  }

  /** The address and port that the socket is bound to. */
  localAddress(): SocketAddress {
    const bytes = new Uint8Array(sockaddrIn6Length);
    const length = u32(bytes.length);
    check(libc().getsockname(this.fd, bytes, length), "getsockname");
    return decodeSockaddr(
      bytes.subarray(0, Math.min(new DataView(length.buffer).getUint32(0, true), bytes.length)),
    );
  }

  /** The peer's address in the form that this socket's `sendTo` takes. */
  sockaddr(hostname: string, port: number): Uint8Array<ArrayBuffer> {
    return encodeSockaddr(hostname, port, this.family);
  }

  /**
   * Sends one datagram.
   *
   * @param sockaddr As `encodeSockaddr` makes it, of the socket's family.
   * @returns Whether the kernel took it. It does not when its buffer is full, the network is
   *   unreachable, or the datagram is too long.
   * @throws {SysError} EBADF, ENOTSOCK: the socket is not usable at all.
   */
  sendTo(data: Uint8Array, sockaddr: Uint8Array): boolean {
    return sendDatagram(this.fd, data, sockaddr);
  }

  /**
   * Takes the next datagram, if there is one.
   *
   * @param buffer Filled from its start; a longer datagram is cut.
   * @returns The bytes taken and the sender's raw sockaddr.
   * @throws {SysError} EBADF, ENOTSOCK.
   */
  receiveFrom(
    buffer: Uint8Array,
  ): { readonly length: number; readonly sockaddr: Uint8Array<ArrayBuffer> } | undefined {
    const sockaddr = new Uint8Array(sockaddrIn6Length);
    const sockaddrLength = u32(sockaddr.length);
    const length = libc().recvfrom(
      this.fd,
      buffer as Uint8Array<ArrayBuffer>, // shared memory would do as well
      BigInt(buffer.length),
      MSG_DONTWAIT,
      sockaddr,
      sockaddrLength,
    );
    if (length < 0) {
      throwIfUnusable("recvfrom");
      return undefined;
    }
    const used = Math.min(new DataView(sockaddrLength.buffer).getUint32(0, true), sockaddr.length);
    return { length, sockaddr: sockaddr.slice(0, used) };
  }

  /**
   * Sets path MTU discovery for both families that the socket sends.
   *
   * @param mode One of `MtuDiscover`.
   * @throws {SysError} EINVAL.
   */
  setMtuDiscover(mode: number): void {
    setOption(this.fd, IPPROTO_IP, IP_MTU_DISCOVER, mode, "IP_MTU_DISCOVER");
    if (this.family === 6) {
      setOption(this.fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, mode, "IPV6_MTU_DISCOVER");
    }
  }

  /** The sizes of the kernel's buffers, in bytes, its own overhead included (`socket(7)`). */
  bufferSizes(): { readonly receive: number; readonly send: number } {
    return {
      receive: getOption(this.fd, SOL_SOCKET, SO_RCVBUF) ?? 0,
      send: getOption(this.fd, SOL_SOCKET, SO_SNDBUF) ?? 0,
    };
  }

  /** Closes the socket; a second call does nothing. */
  close(): void {
    if (this.#fd < 0) return;
    closeFd(this.#fd);
    this.#fd = -1;
  }
}

/**
 * Sends one datagram by the fd of a `UdpSocket`, which may belong to another thread. See
 * `UdpSocket.sendTo`.
 *
 * @throws {SysError} EBADF, ENOTSOCK.
 */
export function sendDatagram(fd: number, data: Uint8Array, sockaddr: Uint8Array): boolean {
  const sent = libc().sendto(
    fd,
    data as Uint8Array<ArrayBuffer>, // shared memory would do as well
    BigInt(data.length),
    MSG_DONTWAIT,
    sockaddr as Uint8Array<ArrayBuffer>,
    sockaddr.length,
  );
  if (sent < 0) throwIfUnusable("sendto");
  return sent >= 0;
}

function throwIfUnusable(call: string): void {
  const errno = lastErrno();
  if (errno === Errno.EBADF || errno === Errno.ENOTSOCK) throw new SysError(call, errno);
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

function setOption(fd: number, level: number, option: number, value: number, name: string): void {
  check(libc().setsockopt(fd, level, option, u32(value), 4), `setsockopt ${name}`);
}

function getOption(fd: number, level: number, option: number): number | undefined {
  const value = u32(0);
  if (libc().getsockopt(fd, level, option, value, u32(4)) < 0) return undefined;
  return new DataView(value.buffer).getUint32(0, true);
}

/** Whether the kernel knows UDP_SEGMENT (GSO, since Linux 4.18). `fd`: of a UDP socket. */
export function supportsSegmentation(fd: number): boolean {
  return getOption(fd, IPPROTO_UDP, UDP_SEGMENT) !== undefined;
}

/**
 * Switches UDP_GRO on (Linux 5.0): runs of equal datagrams may arrive as one, with their size in
 * `DatagramPort.receivedSegmentSize`. Whether the kernel did.
 */
export function enableReceiveOffload(fd: number): boolean {
  return libc().setsockopt(fd, IPPROTO_UDP, UDP_GRO, u32(1), 4) >= 0;
}
