/**
 * UDP sockets: made and set up here; `DatagramPort` moves datagrams in batches. Source: `socket(7)`,
 * `udp(7)`, `ip(7)`, `ipv6(7)`.
 *
 * @module
 */

import { Errno, SysError } from "./errors.ts";
import { bindTo, InetSocket, openSocket } from "./inet_socket.ts";
import { lastErrno, libc } from "./libc.ts";
import { u32 } from "./netlink_message.ts";
import { encodeSockaddr, sockaddrIn6Length } from "./sockaddr.ts";
import {
  applySocketOptions,
  dualStack,
  getOption,
  setMtuDiscover,
  type SocketOptions,
} from "./socket_options.ts";

const SOCK_DGRAM = 2;
const IPPROTO_UDP = 17;
const UDP_SEGMENT = 103;
const UDP_GRO = 104;
const MSG_DONTWAIT = 0x40;

/** How to open a UDP socket. */
export type UdpOptions = SocketOptions;

/** A UDP socket. */
export class UdpSocket extends InetSocket {
  private constructor(
    fd: number,
    /** 6 for an IPv6 socket, to which IPv4 peers have IPv4-mapped addresses. */
    readonly family: 4 | 6,
  ) {
    super(fd);
  }

  /**
   * Opens a socket and binds it.
   *
   * @throws {SysError} EADDRINUSE, EADDRNOTAVAIL, EACCES (a port below 1024), EAFNOSUPPORT, EPERM
   *   (mark, device), ENODEV (device).
   * @throws {TypeError | RangeError} when `hostname` is no IP address or `port` no port.
   */
  static override bind(options: UdpOptions): UdpSocket {
    return dualStack(options, (local) => {
      const fd = openSocket(SOCK_DGRAM, local.ipv6, (fd) => {
        applySocketOptions(fd, local.ipv6, options);
        bindTo(fd, local.address, local.place);
      });
      return new UdpSocket(fd, local.ipv6 ? 6 : 4);
    });
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
