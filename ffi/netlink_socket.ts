/**
 * A socket to one of netlink's families, for requests that the kernel answers at once. Source:
 * `netlink(7)`.
 *
 * @module
 */

import { Errno, SysError } from "./errors.ts";
import { check, closeFd, lastErrno, libc } from "./libc.ts";
import { decodeMessages, type NetlinkMessage, u32 } from "./netlink_message.ts";

const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SOL_NETLINK = 270;
const NETLINK_EXT_ACK = 11;
const MSG_TRUNC = 0x20;
const portIdOffset = 4;
// The kernel fills at most 32 KiB per datagram of a dump (netlink_dump).
const bufferLength = 65536;
const timeoutSeconds = 5n;

/** Address family of netlink's sockets. */
export const AF_NETLINK = 16;
/** `sizeof(struct sockaddr_nl)`: family u16 | pad u16 | port id u32 | groups u32. */
export const netlinkSockaddrLength = 12;
/** Family of links, addresses, routes and rules. */
export const NETLINK_ROUTE = 0;
/** Family of netfilter. */
export const NETLINK_NETFILTER = 12;

/** Opens a socket, closed on exec. `flags`: more of its type. @throws {SysError} EMFILE. */
export function openNetlink(family: number, flags = 0): number {
  return check(
    libc().socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, family),
    "socket AF_NETLINK",
  );
}

/** See the module's page. */
export class NetlinkSocket implements Disposable {
  #fd: number;
  readonly #buffer = new Uint8Array(bufferLength);

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Opens a socket; this needs no privilege. @throws {SysError} EMFILE, EAFNOSUPPORT. */
  static open(family: number): NetlinkSocket {
    const fd = openNetlink(family);
    try {
      // struct timeval: seconds and microseconds, 64 bits each
      const timeout = new Uint8Array(new BigInt64Array([timeoutSeconds, 0n]).buffer);
      const set = libc().setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, timeout, timeout.length);
      check(set, "setsockopt SO_RCVTIMEO");
      // Kernels before 4.12 have no words with their errors; the errno is enough.
      libc().setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, u32(1), 4);
    } catch (error) {
      closeFd(fd);
      throw error;
    }
    return new NetlinkSocket(fd);
  }

  /** Sends a request to the kernel. `call` is its name in errors. @throws {SysError} */
  send(request: Uint8Array<ArrayBuffer>, call: string): void {
    const kernel = new Uint8Array(netlinkSockaddrLength);
    kernel[0] = AF_NETLINK;
    check(
      libc().sendto(this.#fd, request, BigInt(request.length), 0, kernel, kernel.length),
      call,
    );
  }

  /**
   * The messages of the next datagram from the kernel; none when it was somebody else's.
   *
   * @throws {SysError} ETIMEDOUT if there was no answer in 5 s, EMSGSIZE.
   */
  receive(call: string): NetlinkMessage[] {
    const sender = new Uint8Array(netlinkSockaddrLength);
    const received = libc().recvfrom(
      this.#fd,
      this.#buffer,
      BigInt(bufferLength),
      MSG_TRUNC,
      sender,
      u32(sender.length),
    );
    if (received < 0) return this.#noAnswer(call);
    // Other processes may send to this socket too; the kernel alone has port id 0.
    if (new DataView(sender.buffer).getUint32(portIdOffset, true) !== 0) return [];
    if (received > bufferLength) throw new SysError(call, Errno.EMSGSIZE, "answer too long");
    const messages = decodeMessages(this.#buffer.slice(0, received));
    if (messages === undefined) throw new Error(`${call}: malformed answer`);
    return messages;
  }

  #noAnswer(call: string): NetlinkMessage[] {
    const errno = lastErrno();
    if (errno === Errno.EINTR) return [];
    throw new SysError(call, errno === Errno.EAGAIN ? Errno.ETIMEDOUT : errno);
  }

  /** Closes the socket. A second call does nothing; other calls throw EBADF. */
  close(): void {
    if (this.#fd < 0) return;
    closeFd(this.#fd);
    this.#fd = -1; // the number may be somebody else's from now on
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
