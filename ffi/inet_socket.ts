/**
 * A UDP or TCP socket that is owned here: its fd, its address, its buffers, its end.
 *
 * @module
 */

import { check, closeFd, libc } from "./libc.ts";
import { AF_INET, AF_INET6, type SocketAddress } from "./sockaddr.ts";
import { boundAddress, bufferSizes, resizeBuffers, type SocketOptions } from "./socket_options.ts";

const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;

/** How sockets are opened: non-blocking and closed on exec. */
export const socketFlags = SOCK_NONBLOCK | SOCK_CLOEXEC;

/**
 * Opens a socket, and sets it up by `prepare`; it is closed when that fails.
 *
 * @param type `SOCK_STREAM` or `SOCK_DGRAM`.
 * @throws {SysError} EAFNOSUPPORT, EMFILE, and whatever `prepare` throws.
 */
export function openSocket(type: number, ipv6: boolean, prepare: (fd: number) => void): number {
  const fd = check(libc().socket(ipv6 ? AF_INET6 : AF_INET, type | socketFlags, 0), "socket");
  try {
    prepare(fd);
  } catch (error) {
    closeFd(fd);
    throw error;
  }
  return fd;
}

/** Binds a socket to a raw sockaddr. `place`: the same for messages. @throws {SysError} */
export function bindTo(fd: number, address: Uint8Array<ArrayBuffer>, place: string): void {
  check(libc().bind(fd, address, address.length), `bind ${place}`);
}

/** A socket, non-blocking and closed on exec. */
export abstract class InetSocket {
  #fd: number;

  /** Takes a socket over, which is nobody else's. */
  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Its file descriptor; -1 after `close`, for the number may be somebody else's by then. */
  get fd(): number {
    return this.#fd;
  }

  /** The address and port that it is bound to. */
  localAddress(): SocketAddress {
    return boundAddress(this.#fd);
  }

  /** The sizes of the kernel's buffers, in bytes, its own overhead included (`socket(7)`). */
  bufferSizes(): { readonly receive: number; readonly send: number } {
    return bufferSizes(this.#fd);
  }

  /** Sets the sizes that are given, as `SocketOptions` has them. @throws {SysError} EBADF. */
  resizeBuffers(sizes: Pick<SocketOptions, "receiveBuffer" | "sendBuffer">): void {
    resizeBuffers(this.#fd, sizes);
  }

  /** Closes it; a second call does nothing. */
  close(): void {
    if (this.#fd < 0) return;
    closeFd(this.#fd);
    this.#fd = -1;
  }
}
