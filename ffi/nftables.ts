/**
 * nfnetlink's nf_tables, as far as a table can be seen and taken away without the program `nft`. Source:
 * `linux/netfilter/nfnetlink.h`, `linux/netfilter/nf_tables.h`.
 *
 * @module
 */

import { Errno, SysError } from "./errors.ts";
import { cString } from "./libc.ts";
import {
  decodeError,
  encodeAttributes,
  encodeMessage,
  NetlinkControl,
  NetlinkFlag,
} from "./netlink_message.ts";
import { NETLINK_NETFILTER, NetlinkSocket } from "./netlink_socket.ts";

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

/**
 * Sends a request; the errno of its acknowledgement. A batch that is refused as a whole has one for
 * its begin.
 */
function exchange(request: Uint8Array<ArrayBuffer>, call: string): number {
  using socket = NetlinkSocket.open(NETLINK_NETFILTER);
  socket.send(request, call);
  for (;;) {
    for (const message of socket.receive(call)) {
      if (message.type !== NetlinkControl.ERROR) continue;
      const error = decodeError(message);
      if (error === undefined) throw new Error(`${call}: malformed answer`);
      return error.errno;
    }
  }
}
