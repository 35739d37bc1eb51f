/**
 * Which network namespace this is.
 *
 * @module
 */

import { check, closeFd, libc } from "./libc.ts";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_NETNS_COOKIE = 71;

/**
 * The number of the caller's network namespace, which no other one has until the machine starts
 * anew (`SO_NETNS_COOKIE`); inode numbers come again. 0n before Linux 5.14, which has no such thing.
 *
 * @throws {SysError} EMFILE.
 */
export function networkNamespaceCookie(): bigint {
  const fd = check(libc().socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket AF_UNIX");
  try {
    const cookie = new Uint8Array(8);
    const length = new Uint8Array(new Uint32Array([cookie.length]).buffer);
    if (libc().getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, cookie, length) < 0) return 0n;
    return new DataView(cookie.buffer).getBigUint64(0, true);
  } finally {
    closeFd(fd);
  }
}
