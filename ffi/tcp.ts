/**
 * TCP sockets: listened on, accepted and connected here; `StreamPort` moves bytes. Source: `tcp(7)`,
 * `accept(2)`, `connect(2)`.
 *
 * @module
 */

import { Errno, SysError } from "./errors.ts";
import { bindTo, InetSocket, openSocket, socketFlags } from "./inet_socket.ts";
import { check, closeFd, lastErrno, libc } from "./libc.ts";
import { u32 } from "./netlink_message.ts";
import { sockaddrIn6Length } from "./sockaddr.ts";
import {
  applySocketOptions,
  dualStack,
  localAddress,
  pendingError,
  setOption,
  type SocketOptions,
} from "./socket_options.ts";

const SOCK_STREAM = 1;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const TCP_NOTSENT_LOWAT = 25;

const F_DUPFD_CLOEXEC = 1030;

/** Connections that the kernel keeps unless told otherwise until they are accepted. */
const defaultBacklog = 1024;

/**
 * Bytes that a socket holds beyond what is on its way before it takes no more (`tcp(7)`,
 * `TCP_NOTSENT_LOWAT`). Without it up to 4 MB wait there, seconds on a slow path.
 */
const unsentLimit = 131_072;

/** How to listen. */
export interface TcpListenOptions extends SocketOptions {
  /** Connections that the kernel keeps until they are accepted; it cuts it to `somaxconn`. */
  readonly backlog?: number;
}

/** How to connect. */
export interface TcpConnectOptions
  extends Pick<SocketOptions, "receiveBuffer" | "sendBuffer" | "mark" | "device"> {
  /** The peer's raw sockaddr, as `encodeSockaddr` makes it. */
  readonly remote: Uint8Array;
  /** The local IP address. */
  readonly hostname?: string;
  /** The local port; 0 or absent: any free one. */
  readonly port?: number;
}

/** A socket that waits for connections. */
export class TcpListener extends InetSocket {
  private constructor(fd: number, readonly family: 4 | 6) {
    super(fd);
  }

  /**
   * Binds and listens. Accepted sockets inherit what is set here (`TCP_NODELAY`, buffers).
   *
   * @throws {SysError} EADDRINUSE, EADDRNOTAVAIL, EACCES (a port below 1024), EAFNOSUPPORT, EPERM
   *   (mark, device), ENODEV (device).
   * @throws {TypeError | RangeError} when `hostname` is no IP address or `port` no port.
   */
  static override bind(options: TcpListenOptions): TcpListener {
    return dualStack(options, (local) => {
      const fd = openSocket(SOCK_STREAM, local.ipv6, (fd) => {
        // Else a restart would have to wait until the former connections are forgotten.
        setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
        applySocketOptions(fd, local.ipv6, options);
        applyTcpOptions(fd);
        bindTo(fd, local.address, local.place);
        check(libc().listen(fd, options.backlog ?? defaultBacklog), "listen");
      });
      return new TcpListener(fd, local.ipv6 ? 6 : 4);
    });
  }

  /**
   * Another file descriptor of the same socket, closed on exec, which is the caller's to close. The
   * socket listens until all of them are closed.
   *
   * @throws {SysError} EMFILE: there are too many open files.
   */
  duplicate(): number {
    return check(libc().fcntl(this.fd, F_DUPFD_CLOEXEC, 0), "fcntl F_DUPFD_CLOEXEC");
  }
}

/** A connection that this end asked for. */
export class TcpSocket extends InetSocket {
  private constructor(fd: number) {
    super(fd);
  }

  /**
   * Begins to connect. It is done when the fd becomes writable: then `connectionError` tells how it
   * went.
   *
   * @throws {SysError} ENETUNREACH, ECONNREFUSED and others where that is known at once; for the
   *   local address as `TcpListener.bind`.
   * @throws {TypeError | RangeError} when `hostname` is no IP address of the remote's family, or
   *   `port` no port.
   */
  static connect(options: TcpConnectOptions): TcpSocket {
    const { remote, hostname, port = 0 } = options;
    const ipv6 = remote.length === sockaddrIn6Length;
    const fd = openSocket(SOCK_STREAM, ipv6, (fd) => {
      applySocketOptions(fd, ipv6, options);
      applyTcpOptions(fd);
      if (hostname !== undefined || port !== 0) {
        setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
        const { address, place } = localAddress(port, hostname, ipv6 ? 6 : 4);
        bindTo(fd, address, place);
      }
      const connected = libc().connect(fd, remote as Uint8Array<ArrayBuffer>, remote.length);
      if (connected < 0 && lastErrno() !== Errno.EINPROGRESS) {
        throw new SysError("connect", lastErrno());
      }
    });
    return new TcpSocket(fd);
  }
}

/** A connection that somebody else asked for. Its fd is the caller's to close. */
export interface AcceptedConnection {
  /** Its file descriptor. */
  readonly fd: number;
  /** Where it comes from: raw sockaddr. */
  readonly sockaddr: Uint8Array<ArrayBuffer>;
}

/**
 * Takes the next waiting connection of a listener, which may belong to another thread.
 *
 * @param fd Of a `TcpListener`.
 * @returns The connection, non-blocking and closed on exec; or errno: EAGAIN (none is waiting),
 *   ECONNABORTED and others of the network (that one is gone, ask again), EMFILE, ENFILE, ENOBUFS,
 *   ENOMEM (it goes on waiting, for there is no room).
 */
export function acceptConnection(fd: number): AcceptedConnection | number {
  const sockaddr = new Uint8Array(sockaddrIn6Length);
  const length = u32(sockaddr.length);
  const accepted = libc().accept4(fd, sockaddr, length, socketFlags);
  if (accepted < 0) return lastErrno();
  const used = Math.min(new DataView(length.buffer).getUint32(0, true), sockaddr.length);
  return { fd: accepted, sockaddr: sockaddr.slice(0, used) };
}

/** errno of a connection attempt that is over; 0: it went well. */
export function connectionError(fd: number): number {
  return pendingError(fd);
}

/** Closes the fd of an accepted connection. @throws {SysError} EBADF. */
export function closeConnection(fd: number): void {
  closeFd(fd);
}

function applyTcpOptions(fd: number): void {
  // What is sent is batched already; waiting for more would only delay it.
  setOption(fd, IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY");
  setOption(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, unsentLimit, "TCP_NOTSENT_LOWAT");
}
