/**
 * TCP sockets: listened on, accepted and connected here; `StreamPort` moves bytes. Source: `tcp(7)`,
 * `accept(2)`, `connect(2)`.
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
  pendingError,
  resizeBuffers,
  setOption,
  type SocketOptions,
} from "./socket_options.ts";

const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
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

/** A socket that waits for connections, non-blocking and closed on exec. */
export class TcpListener {
  #fd: number;

  private constructor(fd: number, readonly family: 4 | 6) {
    this.#fd = fd;
  }

  /** Its file descriptor; -1 after `close`. */
  get fd(): number {
    return this.#fd;
  }

  /**
   * Binds and listens. Accepted sockets inherit what is set here (`TCP_NODELAY`, buffers).
   *
   * @throws {SysError} EADDRINUSE, EADDRNOTAVAIL, EACCES (a port below 1024), EAFNOSUPPORT, EPERM
   *   (mark, device), ENODEV (device).
   * @throws {TypeError | RangeError} when `hostname` is no IP address or `port` no port.
   */
  static bind(options: TcpListenOptions): TcpListener {
    return dualStack(options, (hostname, family) => TcpListener.#bind(options, hostname, family));
  }

  static #bind(options: TcpListenOptions, hostname?: string, family?: 4 | 6): TcpListener {
    const local = hostname ?? (family === 6 ? "::" : "0.0.0.0");
    const address = encodeSockaddr(local, options.port, family);
    const ipv6 = address.length === sockaddrIn6Length;
    const fd = openSocket(ipv6);
    try {
      // Else a restart would have to wait until the former connections are forgotten.
      setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
      applySocketOptions(fd, ipv6, options);
      applyTcpOptions(fd);
      check(
        libc().bind(fd, address, address.length),
        `bind ${hostname ?? "any address"} port ${options.port}`,
      );
      check(libc().listen(fd, options.backlog ?? defaultBacklog), "listen");
    } catch (error) {
      closeFd(fd);
      throw error;
    }
    return new TcpListener(fd, ipv6 ? 6 : 4);
  }

  /** The address and port that it listens on. */
  localAddress(): SocketAddress {
    return boundAddress(this.fd);
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

  /** Closes it; a second call does nothing. */
  close(): void {
    if (this.#fd < 0) return;
    closeFd(this.#fd);
    this.#fd = -1;
  }
}

/** A connection that this end asked for, non-blocking and closed on exec. */
export class TcpSocket {
  #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Its file descriptor; -1 after `close`. */
  get fd(): number {
    return this.#fd;
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
    const fd = openSocket(ipv6);
    try {
      applySocketOptions(fd, ipv6, options);
      applyTcpOptions(fd);
      if (hostname !== undefined || port !== 0) {
        setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
        const local = encodeSockaddr(hostname ?? (ipv6 ? "::" : "0.0.0.0"), port, ipv6 ? 6 : 4);
        check(libc().bind(fd, local, local.length), `bind ${hostname ?? "any address"}:${port}`);
      }
      const connected = libc().connect(fd, remote as Uint8Array<ArrayBuffer>, remote.length);
      if (connected < 0 && lastErrno() !== Errno.EINPROGRESS) {
        throw new SysError("connect", lastErrno());
      }
    } catch (error) {
      closeFd(fd);
      throw error;
    }
    return new TcpSocket(fd);
  }

  /** The local address and port. */
  localAddress(): SocketAddress {
    return boundAddress(this.fd);
  }

  /** The sizes of the kernel's buffers, in bytes, its own overhead included (`socket(7)`). */
  bufferSizes(): { readonly receive: number; readonly send: number } {
    return bufferSizes(this.fd);
  }

  /** Sets the sizes that are given, as `SocketOptions` has them. @throws {SysError} EBADF. */
  resizeBuffers(sizes: Pick<SocketOptions, "receiveBuffer" | "sendBuffer">): void {
    resizeBuffers(this.fd, sizes);
  }

  /** Closes it; a second call does nothing. */
  close(): void {
    if (this.#fd < 0) return;
    closeFd(this.#fd);
    this.#fd = -1;
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
  const accepted = libc().accept4(fd, sockaddr, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
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

function openSocket(ipv6: boolean): number {
  const type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  return check(libc().socket(ipv6 ? AF_INET6 : AF_INET, type, 0), "socket");
}

function applyTcpOptions(fd: number): void {
  // What is sent is batched already; waiting for more would only delay it.
  setOption(fd, IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY");
  setOption(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, unsentLimit, "TCP_NOTSENT_LOWAT");
}
