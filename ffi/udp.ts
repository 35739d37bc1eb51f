/**
 * UDP sockets: made and set up here; `DatagramPort` moves datagrams in batches. Source: `socket(7)`,
 * `udp(7)`, `ip(7)`, `ipv6(7)`.
 *
 * @module
 */

import { Errno, SysError } from "./errors.ts";
import { check, closeFd, lastErrno, libc } from "./libc.ts";
import { u32 } from "./netlink_message.ts";
import {
  AF_INET,
  AF_INET6,
  encodeSockaddr,
  sockaddrIn6Length,
  type SocketAddress,
} from "./sockaddr.ts";
import {
  applySocketOptions,
  boundAddress,
  bufferSizes,
  dualStack,
  getOption,
  resizeBuffers,
  setMtuDiscover,
  type SocketOptions,
} from "./socket_options.ts";

const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const IPPROTO_UDP = 17;
const UDP_SEGMENT = 103;
const UDP_GRO = 104;
const MSG_DONTWAIT = 0x40;

/** How to open a UDP socket. */
export type UdpOptions = SocketOptions;

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
    return dualStack(options, (hostname, family) => UdpSocket.#bind(options, hostname, family));
  }

  static #bind(options: UdpOptions, hostname?: string, family?: 4 | 6): UdpSocket {
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
      applySocketOptions(fd, ipv6, options);
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
    return boundAddress(this.fd);
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
    setMtuDiscover(this.fd, this.family === 6, mode);
  }

  /** The sizes of the kernel's buffers, in bytes, its own overhead included (`socket(7)`). */
  bufferSizes(): { readonly receive: number; readonly send: number } {
    return bufferSizes(this.fd);
  }

  /** Sets the sizes that are given, as `SocketOptions` has them. @throws {SysError} EBADF. */
  resizeBuffers(sizes: Pick<SocketOptions, "receiveBuffer" | "sendBuffer">): void {
    resizeBuffers(this.fd, sizes);
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
