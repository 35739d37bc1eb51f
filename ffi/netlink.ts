/**
 * rtnetlink: links, addresses and routes of the network namespace that the socket was opened in.
 *
 * @module
 */

import { Errno, SysError } from "./errors.ts";
import * as addresses from "./netlink_addresses.ts";
import type { InterfaceAddress } from "./netlink_addresses.ts";
import * as links from "./netlink_links.ts";
import type { Link } from "./netlink_links.ts";
import {
  decodeError,
  encodeAttributes,
  encodeMessage,
  NetlinkControl,
  NetlinkFlag,
  type NetlinkMessage,
  u32,
} from "./netlink_message.ts";
import { NETLINK_ROUTE, NetlinkSocket } from "./netlink_socket.ts";
import * as routes from "./netlink_routes.ts";
import type { Route } from "./netlink_routes.ts";
import * as rules from "./netlink_rules.ts";
import type { Rule } from "./netlink_rules.ts";
import { AF_INET, AF_INET6 } from "./sockaddr.ts";

const maxDumpAttempts = 5;

/** The call that failed, for messages. */
const callNames: Readonly<Record<number, string>> = {
  [links.RTM_NEWLINK]: "RTM_NEWLINK",
  [links.RTM_DELLINK]: "RTM_DELLINK",
  [links.RTM_GETLINK]: "RTM_GETLINK",
  [addresses.RTM_NEWADDR]: "RTM_NEWADDR",
  [addresses.RTM_DELADDR]: "RTM_DELADDR",
  [addresses.RTM_GETADDR]: "RTM_GETADDR",
  [routes.RTM_NEWROUTE]: "RTM_NEWROUTE",
  [routes.RTM_DELROUTE]: "RTM_DELROUTE",
  [routes.RTM_GETROUTE]: "RTM_GETROUTE",
  [rules.RTM_NEWRULE]: "RTM_NEWRULE",
  [rules.RTM_DELRULE]: "RTM_DELRULE",
  [rules.RTM_GETRULE]: "RTM_GETRULE",
};

/**
 * A socket to rtnetlink. Calls are synchronous: the kernel answers at once. All of them throw a
 * `SysError` with the kernel's errno and, where it has some, its words: EPERM without
 * `CAP_NET_ADMIN`, EEXIST, ESRCH or ENODEV for what is there already or is not there, ETIMEDOUT if
 * there was no answer in 5 s.
 */
export class Netlink {
  readonly #socket: NetlinkSocket;
  #sequence = 0;

  private constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** Opens a socket; this needs no privilege. @throws {SysError} EMFILE, EAFNOSUPPORT. */
  static open(): Netlink {
    return new Netlink(NetlinkSocket.open(NETLINK_ROUTE));
  }

  /** All network interfaces. */
  links(): Link[] {
    return this.#dump(links.RTM_GETLINK, links.encodeLinkHeader(0), links.decodeLink);
  }

  /** The interface with that number; `undefined` if there is none. */
  link(index: number): Link | undefined {
    return this.#get(links.RTM_GETLINK, links.encodeLinkHeader(index), links.decodeLink, [
      Errno.ENODEV,
    ]);
  }

  /** Enables or disables an interface. */
  setLinkUp(index: number, up: boolean): void {
    const flags = up ? links.IFF_UP : 0;
    this.#change(links.RTM_NEWLINK, 0, links.encodeLinkHeader(index, flags, links.IFF_UP));
  }

  /** Sets an interface's MTU, in bytes. */
  setLinkMtu(index: number, mtu: number): void {
    const attribute = encodeAttributes([{ type: links.IFLA_MTU, payload: u32(mtu) }]);
    this.#change(links.RTM_NEWLINK, 0, joined(links.encodeLinkHeader(index), attribute));
  }

  /** Removes a virtual interface. */
  deleteLink(index: number): void {
    this.#change(links.RTM_DELLINK, 0, links.encodeLinkHeader(index));
  }

  /** The IPv4 and IPv6 addresses of all interfaces. */
  addresses(): InterfaceAddress[] {
    // The family is the first byte; 0 asks for all.
    return this.#dump(addresses.RTM_GETADDR, new Uint8Array(8), addresses.decodeInterfaceAddress);
  }

  /** Gives an interface an address. @throws {SysError} EEXIST when it has it already. */
  addAddress(address: InterfaceAddress): void {
    const flags = NetlinkFlag.CREATE | NetlinkFlag.EXCL;
    this.#change(addresses.RTM_NEWADDR, flags, addresses.encodeInterfaceAddress(address));
  }

  /** Takes it away again. @throws {SysError} EADDRNOTAVAIL when it is not there. */
  deleteAddress(address: InterfaceAddress): void {
    this.#change(addresses.RTM_DELADDR, 0, addresses.encodeInterfaceAddress(address));
  }

  /** Routes, of both families and all tables where `filter` does not say otherwise. */
  routes(filter: { readonly family?: 4 | 6; readonly table?: number } = {}): Route[] {
    const body = new Uint8Array(12);
    body[0] = filter.family === 4 ? AF_INET : filter.family === 6 ? AF_INET6 : 0;
    const decode = (message: Uint8Array) =>
      routes.isCachedRoute(message) ? undefined : routes.decodeRoute(message);
    return this.#dump(routes.RTM_GETROUTE, body, decode)
      .filter(({ table }) => filter.table === undefined || table === filter.table);
  }

  /**
   * The route that packets to an address take; `undefined` when there is none.
   *
   * @param options `mark`: of packets that carry this firewall mark.
   * @throws {TypeError} when `destination` is no IP address.
   */
  getRoute(destination: string, options: { readonly mark?: number } = {}): Route | undefined {
    const query = routes.encodeRouteQuery(destination, options.mark);
    return this.#get(routes.RTM_GETROUTE, query, routes.decodeRoute, [
      Errno.ENETUNREACH,
      Errno.EHOSTUNREACH,
    ]);
  }

  /** Adds a route. @throws {SysError} EEXIST when there is one of that network and metric. */
  addRoute(route: Route): void {
    const flags = NetlinkFlag.CREATE | NetlinkFlag.EXCL;
    this.#change(routes.RTM_NEWROUTE, flags, routes.encodeRoute(route, "add"));
  }

  /** Adds a route, or puts it in the place of the one with the same network and metric. */
  replaceRoute(route: Route): void {
    const flags = NetlinkFlag.CREATE | NetlinkFlag.REPLACE;
    this.#change(routes.RTM_NEWROUTE, flags, routes.encodeRoute(route, "add"));
  }

  /** Deletes the first route that has all the given fields. @throws {SysError} ESRCH: none has. */
  deleteRoute(route: Route): void {
    this.#change(routes.RTM_DELROUTE, 0, routes.encodeRoute(route, "delete"));
  }

  /**
   * Puts back, exactly as it was, a route that `routes` reported and that was deleted since.
   *
   * @throws {TypeError} when `route` does not come from `routes`.
   */
  restoreRoute(route: Route): void {
    if (route.message === undefined) throw new TypeError("not a route that the kernel reported");
    const flags = NetlinkFlag.CREATE | NetlinkFlag.EXCL;
    this.#change(routes.RTM_NEWROUTE, flags, routes.encodeRestoredRoute(route.message));
  }

  /** The rules of a family that have packets looked up in a table, the first asked first. */
  rules(family: 4 | 6): Rule[] {
    return this.#dump(rules.RTM_GETRULE, rules.encodeRuleQuery(family), rules.decodeRule);
  }

  /** Adds a rule. @throws {SysError} EEXIST when there is one like it. */
  addRule(rule: Rule): void {
    this.#change(rules.RTM_NEWRULE, NetlinkFlag.CREATE | NetlinkFlag.EXCL, rules.encodeRule(rule));
  }

  /** Deletes the first rule that has all the given fields. @throws {SysError} ENOENT: none has. */
  deleteRule(rule: Rule): void {
    this.#change(rules.RTM_DELRULE, 0, rules.encodeRule(rule));
  }

  /** Closes the socket. A second call does nothing; other calls throw EBADF. */
  close(): void {
    this.#socket.close();
  }

  #change(type: number, flags: number, body: Uint8Array): void {
    this.#request(type, flags | NetlinkFlag.ACK, body, () => {});
  }

  #get<T>(
    type: number,
    body: Uint8Array,
    decode: (body: Uint8Array) => T | undefined,
    none: readonly number[],
  ): T | undefined {
    let found: T | undefined;
    try {
      this.#request(type, NetlinkFlag.ACK, body, (message) => found = decode(message.body));
    } catch (error) {
      if (error instanceof SysError && none.includes(error.errno)) return undefined;
      throw error;
    }
    return found;
  }

  #dump<T>(type: number, body: Uint8Array, decode: (body: Uint8Array) => T | undefined): T[] {
    for (let attempt = 1;; attempt++) {
      const found: T[] = [];
      const consistent = this.#request(type, NetlinkFlag.DUMP, body, (message) => {
        const item = decode(message.body);
        if (item !== undefined) found.push(item);
      });
      // The tables changed meanwhile: what was read may lack entries.
      if (consistent || attempt === maxDumpAttempts) return found;
    }
  }

  /** Sends a request and reads until its end; whether no answer was marked as inconsistent. */
  #request(
    type: number,
    flags: number,
    body: Uint8Array,
    onMessage: (message: NetlinkMessage) => void,
  ): boolean {
    const call = `netlink ${callNames[type]}`;
    const sequence = this.#sequence = (this.#sequence + 1) >>> 0;
    const request = encodeMessage({ type, flags: flags | NetlinkFlag.REQUEST, sequence, body });
    this.#socket.send(request, call);
    let consistent = true;
    for (;;) {
      for (const message of this.#socket.receive(call)) {
        if (message.sequence !== sequence) continue; // left over from a request that failed
        if ((message.flags & NetlinkFlag.DUMP_INTR) !== 0) consistent = false;
        if (message.type === NetlinkControl.ERROR || message.type === NetlinkControl.DONE) {
          // DONE has the same first field as ERROR: 0, or what ended the dump.
          const error = decodeError(message);
          if (error === undefined) throw new Error(`${call}: malformed answer`);
          if (error.errno !== 0) throw new SysError(call, error.errno, error.detail);
          return consistent;
        }
        if (message.type === NetlinkControl.OVERRUN) throw new SysError(call, Errno.ENOBUFS);
        if (message.type !== NetlinkControl.NOOP) onMessage(message);
      }
    }
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}
