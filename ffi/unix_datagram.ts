/**
 * Datagrams to a unix socket: how syslog and systemd are told things.
 *
 * Source: unix(7).
 *
 * @module
 */

import { check, closeFd, lastErrno, libc } from "./libc.ts";
import { Errno, SysError } from "./errors.ts";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;

/** Nobody listens there, or no longer. */
const gone: readonly number[] = [Errno.ECONNREFUSED, Errno.ENOENT, Errno.EPIPE];
/** The other end has no room at present. */
const full: readonly number[] = [Errno.EAGAIN, Errno.ENOBUFS];

/** `sizeof(sun_path)`. */
const longestPath = 108;

/** A socket that only sends, each datagram to the same place. */
export class UnixDatagram implements Disposable {
  readonly #fd: number;
  readonly #address: Uint8Array<ArrayBuffer>;
  #connected = false;

  /**
   * Nothing is sent yet, and nobody has to be there.
   *
   * @param path Of the socket; a name in the abstract namespace starts with `@` in place of a NUL.
   * @throws {SysError} EINVAL for a path that is too long.
   */
  static open(path: string): UnixDatagram {
    const address = unixAddress(path);
    const fd = check(
      libc().socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
      "socket",
    );
    const socket = new UnixDatagram(fd, address);
    socket.#connect();
    return socket;
  }

  private constructor(fd: number, address: Uint8Array<ArrayBuffer>) {
    this.#fd = fd;
    this.#address = address;
  }

  /**
   * Sends; false when nobody is there or the other end has no room. Who was there once needs no
   * permission any more; one that took its place is looked for again.
   *
   * @throws {SysError} EMSGSIZE, EACCES …
   */
  send(datagram: Uint8Array<ArrayBuffer>): boolean {
    let errno = this.#connected ? this.#send(datagram) : Errno.ECONNREFUSED;
    if (gone.includes(errno)) {
      errno = this.#connect();
      if (errno === 0) errno = this.#send(datagram);
    }
    if (errno === 0) return true;
    if (gone.includes(errno) || full.includes(errno)) return false;
    throw new SysError("send", errno);
  }

  #connect(): number {
    const result = libc().connect(this.#fd, this.#address, this.#address.length);
    this.#connected = result === 0;
    return result < 0 ? lastErrno() : 0;
  }

  #send(datagram: Uint8Array<ArrayBuffer>): number {
    const sent = libc().send(this.#fd, datagram, BigInt(datagram.length), MSG_NOSIGNAL);
    return sent < 0 ? lastErrno() : 0;
  }

  /** Closes the socket. */
  [Symbol.dispose](): void {
    closeFd(this.#fd);
  }
}

/** `struct sockaddr_un`, as long as it has to be. */
function unixAddress(path: string): Uint8Array<ArrayBuffer> {
  const name = new TextEncoder().encode(path);
  if (name.length === 0 || name.length >= longestPath) {
    throw new SysError("sockaddr_un", Errno.EINVAL, `a path of ${name.length} bytes`);
  }
  const abstract = path.startsWith("@");
  // The length tells where an abstract name ends; a path ends with a NUL.
  const address = new Uint8Array(2 + name.length + (abstract ? 0 : 1));
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  address.set(name, 2);
  if (abstract) address[2] = 0;
  return address;
}
