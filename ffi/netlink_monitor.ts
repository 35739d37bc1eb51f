/**
 * Netlink's announcements: that links, addresses or routes have changed (rtnetlink), or nftables
 * (nfnetlink). Source: `linux/rtnetlink.h`, `linux/netfilter/nfnetlink.h`, `netlink(7)`.
 *
 * @module
 */

import { Errno, SysError } from "./errors.ts";
import { closeFd, lastErrno, libc } from "./libc.ts";
import {
  AF_NETLINK,
  NETLINK_NETFILTER,
  NETLINK_ROUTE,
  netlinkSockaddrLength,
  openNetlink,
} from "./netlink_socket.ts";

const SOCK_NONBLOCK = 0o4000;
const groupsOffset = 8;
const RTMGRP_LINK = 0x1;
const RTMGRP_IPV4_IFADDR = 0x10;
const RTMGRP_IPV4_ROUTE = 0x40;
const RTMGRP_IPV6_IFADDR = 0x100;
const RTMGRP_IPV6_ROUTE = 0x400;
/** Group 7 of nfnetlink, `NFNLGRP_NFTABLES`, as a bit. */
const NFNLGRP_NFTABLES = 0x40;
const bufferLength = 32768;
/** Datagrams taken in one look: more come with the next. */
const mostAtOnce = 256;

/** Hears of changes of the network namespace that it was opened in. */
export class NetlinkMonitor {
  #fd: number;
  readonly #buffer = new Uint8Array(bufferLength);

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /**
   * Hears of links, addresses and routes from now on; needs no privilege.
   *
   * @throws {SysError} EMFILE, EAFNOSUPPORT.
   */
  static open(): NetlinkMonitor {
    const groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_IFADDR |
      RTMGRP_IPV6_ROUTE;
    return NetlinkMonitor.#open(NETLINK_ROUTE, groups);
  }

  /** Hears of changes of nftables. @throws {SysError} EPERM without CAP_NET_ADMIN; as `open`. */
  static openNftables(): NetlinkMonitor {
    return NetlinkMonitor.#open(NETLINK_NETFILTER, NFNLGRP_NFTABLES);
  }

  static #open(family: number, groups: number): NetlinkMonitor {
    const fd = openNetlink(family, SOCK_NONBLOCK);
    const address = new Uint8Array(netlinkSockaddrLength);
    const view = new DataView(address.buffer);
    view.setUint16(0, AF_NETLINK, true);
    view.setUint32(groupsOffset, groups, true);
    if (libc().bind(fd, address, address.length) < 0) {
      const errno = lastErrno();
      closeFd(fd);
      throw new SysError("bind AF_NETLINK", errno);
    }
    return new NetlinkMonitor(fd);
  }

  /** Whether anything changed since the last call. Returns at once. */
  changed(): boolean {
    let any = false;
    for (let i = 0; i < mostAtOnce; i++) {
      const received = libc().recvfrom(this.#fd, this.#buffer, BigInt(bufferLength), 0, null, null);
      if (received >= 0) {
        any = true;
        continue;
      }
      const errno = lastErrno();
      if (errno === Errno.EBADF || errno === Errno.ENOTSOCK) {
        throw new SysError("recvfrom AF_NETLINK", errno);
      }
      if (errno === Errno.EINTR) continue;
      // Mostly EAGAIN: nothing more. ENOBUFS: more was announced than the kernel keeps, which is a
      // change too.
      if (errno !== Errno.ENOBUFS) return any;
      any = true;
    }
    return any;
  }

  /** Closes the socket. A second call does nothing. */
  close(): void {
    if (this.#fd < 0) return;
    closeFd(this.#fd);
    this.#fd = -1;
  }
}
