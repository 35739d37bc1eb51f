/**
 * Which client's Internet traffic goes by which other client.
 *
 * The Internet is what is in none of the VPN's own networks: not in one behind a client (`RouteTable`
 * has these), not in one that the server named. A packet of a client for the Internet goes to its
 * exit node's peer; one from the Internet comes to a client from its exit node's peer, and from
 * nobody else.
 *
 * @module
 */

import { RouteTable } from "./route_table.ts";

/** The server itself: by the TUN device, as if there were no exit nodes. */
export const serverExit = -1;

/** None: packets for the Internet are dropped, as while an exit node is away. */
export const noExit = -2;

/** Networks that no exit node has anything to do with, by family. */
const neverOutside: readonly (readonly [network: readonly number[], prefixLength: number])[] = [
  // This network, loopback, link-local, multicast and reserved with broadcast (RFC 6890).
  [[0, 0, 0, 0], 8],
  [[127, 0, 0, 0], 8],
  [[169, 254, 0, 0], 16],
  [[224, 0, 0, 0], 3],
  // Unspecified and loopback, link-local, multicast (RFC 4291).
  [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 127],
  [[0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 10],
  [[0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 8],
];

/** Exit nodes by client. */
export class ExitRoutes {
  /** Networks of the VPN's own; the peers in this table mean nothing. */
  readonly #inside = new RouteTable();
  /** By peer: the peer that is its exit node, `serverExit` or `noExit`. */
  readonly #exits: Int32Array;
  /** How many peers have another one than the server. */
  #chosen = 0;

  constructor(maxPeers: number) {
    this.#exits = new Int32Array(maxPeers).fill(serverExit);
    for (const [network, prefixLength] of neverOutside) this.addNetwork(network, prefixLength);
  }

  /** Whether anybody has another exit than the server; else nothing here need be asked. */
  get active(): boolean {
    return this.#chosen > 0;
  }

  /**
   * A network of the VPN's own, which the server reaches.
   *
   * @param network 4 or 16 bytes.
   * @throws {VpnError} when it is malformed.
   */
  addNetwork(network: ArrayLike<number>, prefixLength: number): void {
    this.#inside.add(Uint8Array.from(network), prefixLength, 0);
  }

  /** The exit of a peer: another peer, `serverExit` or `noExit`. */
  of(peer: number): number {
    return this.#exits[peer];
  }

  /**
   * Sends a peer's Internet traffic by another peer from here on.
   *
   * @param exit A peer, `serverExit` or `noExit`.
   */
  set(peer: number, exit: number): void {
    const former = this.#exits[peer];
    this.#exits[peer] = exit;
    this.#chosen += Number(exit !== serverExit) - Number(former !== serverExit);
  }

  /** A peer is gone: it has no exit of its own any more, and whoever went by it goes nowhere. */
  removePeer(peer: number): void {
    this.set(peer, serverExit);
    for (let other = 0; other < this.#exits.length; other++) {
      if (this.#exits[other] === peer) this.#exits[other] = noExit;
    }
  }

  /** Whether the IPv4 or IPv6 address at `offset`, no peer's, is outside of the VPN. */
  isOutside(view: DataView, offset: number, version: 4 | 6): boolean {
    return version === 4
      ? this.#inside.lookupIpv4(view, offset) < 0
      : this.#inside.lookupIpv6(view, offset) < 0;
  }
}
