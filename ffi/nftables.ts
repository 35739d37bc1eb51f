/**
 * nfnetlink's nf_tables, as far as a table can be seen and taken away without the program `nft`. Source:
 * `linux/netfilter/nfnetlink.h`, `linux/netfilter/nf_tables.h`.
 *
 * @module
 */

import { Errno, SysError } from "./errors.ts";
import { check, closeFd, cString, lastErrno, libc } from "./libc.ts";
import {
  decodeError,
  decodeMessages,
  encodeAttributes,
  encodeMessage,
  NetlinkControl,
  NetlinkFlag,
} from "./netlink_message.ts";

const AF_NETLINK = 16;
const NETLINK_NETFILTER = 12;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
/** `sizeof(struct sockaddr_nl)` */
const sockaddrLength = 12;
const timeoutSeconds = 5n;
const answerLength = 8192;

const NFNL_SUBSYS_NFTABLES = 10;
const NFNL_MSG_BATCH_BEGIN = 0x10;
const NFNL_MSG_BATCH_END = 0x11;
const NFT_MSG_GETTABLE = 1;
const NFT_MSG_DELTABLE = 2;
const NFTA_TABLE_NAME = 1;

/** Families of nf_tables: `NFPROTO_*`. */
export const NftFamily = { INET: 1, IPV4: 2, IPV6: 10 } as const;

/** One of {@linkcode NftFamily}. */
export type NftFamily = typeof NftFamily[keyof typeof NftFamily];

// struct nfgenmsg: family u8 | version u8 | resource id u16, big-endian
function generic(family: number, resource: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array([family, 0, resource >>> 8, resource & 0xff]);
}

/** The messages that delete a table: a transaction of one. */
export function encodeTableDeletion(family: NftFamily, name: string): Uint8Array<ArrayBuffer> {
  const batch = generic(0, NFNL_SUBSYS_NFTABLES);
  const attribute = encodeAttributes([{ type: NFTA_TABLE_NAME, payload: cString(name) }]);
  const deletion = new Uint8Array([...generic(family, 0), ...attribute]);
  const { REQUEST, ACK } = NetlinkFlag;
  const messages = [
    { type: NFNL_MSG_BATCH_BEGIN, flags: REQUEST, sequence: 1, body: batch },
    {
      type: NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELTABLE,
      flags: REQUEST | ACK,
      sequence: 2,
      body: deletion,
    },
    { type: NFNL_MSG_BATCH_END, flags: REQUEST, sequence: 3, body: batch },
  ].map(encodeMessage);
  const bytes = new Uint8Array(messages.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const message of messages) {
    bytes.set(message, offset);
    offset += message.length;
  }
  return bytes;
}

/**
 * Deletes a table with all that is in it, in the network namespace of the caller.
 *
 * @throws {SysError} ENOENT when there is none of that name, EPERM without CAP_NET_ADMIN,
 *   EPROTONOSUPPORT where the kernel has no netfilter.
 */
export function deleteNftTable(family: NftFamily, name: string): void {
  const call = "netlink NFT_MSG_DELTABLE";
  const errno = exchange(encodeTableDeletion(family, name), call);
  if (errno !== 0) throw new SysError(call, errno);
}

/**
 * Whether there is a table of that name in the network namespace of the caller.
 *
 * @throws {SysError} EPERM without CAP_NET_ADMIN, EPROTONOSUPPORT where the kernel has no netfilter.
 */
export function hasNftTable(family: NftFamily, name: string): boolean {
  const call = "netlink NFT_MSG_GETTABLE";
  const attribute = encodeAttributes([{ type: NFTA_TABLE_NAME, payload: cString(name) }]);
  const request = encodeMessage({
    type: NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE,
    flags: NetlinkFlag.REQUEST | NetlinkFlag.ACK,
    sequence: 1,
    body: new Uint8Array([...generic(family, 0), ...attribute]),
  });
  const errno = exchange(request, call);
  if (errno !== 0 && errno !== Errno.ENOENT) throw new SysError(call, errno);
  return errno === 0;
}

/** Sends a request; the errno of its acknowledgement. */
function exchange(request: Uint8Array<ArrayBuffer>, call: string): number {
  const socket = libc().socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
  const fd = check(socket, "socket NETLINK_NETFILTER");
  try {
    // struct timeval: seconds and microseconds, 64 bits each
    const timeout = new Uint8Array(new BigInt64Array([timeoutSeconds, 0n]).buffer);
    check(
      libc().setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, timeout, timeout.length),
      "setsockopt SO_RCVTIMEO",
    );
    const kernel = new Uint8Array(sockaddrLength);
    kernel[0] = AF_NETLINK;
    check(libc().sendto(fd, request, BigInt(request.length), 0, kernel, sockaddrLength), call);
    return answer(fd, call);
  } finally {
    closeFd(fd);
  }
}

/** The errno of the acknowledgement; a batch that is refused as a whole has one for its begin. */
function answer(fd: number, call: string): number {
  const buffer = new Uint8Array(answerLength);
  const sender = new Uint8Array(sockaddrLength);
  const senderLength = new Uint8Array(new Uint32Array([sockaddrLength]).buffer);
  for (;;) {
    const received = libc()
      .recvfrom(fd, buffer, BigInt(answerLength), 0, sender, senderLength);
    if (received < 0) {
      const errno = lastErrno();
      if (errno === Errno.EINTR) continue;
      throw new SysError(call, errno === Errno.EAGAIN ? Errno.ETIMEDOUT : errno);
    }
    // Other processes may send to this socket too; the kernel alone has port id 0.
    if (new DataView(sender.buffer).getUint32(4, true) !== 0) continue;
    for (const message of decodeMessages(buffer.slice(0, received)) ?? []) {
      if (message.type !== NetlinkControl.ERROR) continue;
      const error = decodeError(message);
      if (error === undefined) throw new Error(`${call}: malformed answer`);
      return error.errno;
    }
  }
}
