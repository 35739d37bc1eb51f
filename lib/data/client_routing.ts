/**
 * Where a server sends what a client sent: the source must be the client's, the destination may be
 * another client or, for a client that has an exit node, the Internet behind it.
 *
 * Source: OpenVPN's `multi.c` (multi_process_incoming_link).
 *
 * @module
 */

import { DropReason } from "./drop_reason.ts";
import { type ExitRoutes, serverExit } from "./exit_routes.ts";
import {
  ipv4Destination,
  ipv4Source,
  ipv6Destination,
  ipv6Source,
  isMulticast,
} from "./ip_packet.ts";
import type { PacketBatch } from "./packet_batch.ts";
import type { Peer } from "./peer.ts";
import type { PeerTable } from "./peer_table.ts";
import type { RouteTable } from "./route_table.ts";
import type { TrafficCounters } from "./traffic_counters.ts";
import { Verdict } from "./verdict.ts";

/** Routes packets of clients. */
export class ClientRouting {
  readonly #peers: PeerTable;
  readonly #routes: RouteTable;
  readonly #exits: ExitRoutes;
  readonly #counters: TrafficCounters;
  readonly #clientToClient: boolean;
  readonly #blockIpv6: boolean;

  /**
   * @param clientToClient Packets to another client's network do not go to the TUN device.
   * @param blockIpv6 IPv6 packets go nowhere.
   */
  constructor(
    peers: PeerTable,
    routes: RouteTable,
    exits: ExitRoutes,
    counters: TrafficCounters,
    clientToClient: boolean,
    blockIpv6 = false,
  ) {
    this.#peers = peers;
    this.#routes = routes;
    this.#exits = exits;
    this.#counters = counters;
    this.#clientToClient = clientToClient;
    this.#blockIpv6 = blockIpv6;
  }

  /**
   * What becomes of packet `i`, an IP packet of that version from `peer`; sets `destination` with
   * `FORWARD`, counts what it drops.
   */
  route(batch: PacketBatch, i: number, peer: Peer, version: 4 | 6): Verdict {
    if (version === 6 && this.#blockIpv6) {
      this.#drop(DropReason.IPV6_BLOCKED);
      return Verdict.REFUSE;
    }
    const view = batch.memory.view;
    const offset = batch.offset[i];
    const source = version === 4
      ? this.#routes.lookupIpv4(view, offset + ipv4Source)
      : this.#routes.lookupIpv6(view, offset + ipv6Source);
    if (source !== peer.number) {
      return source < 0 && this.#exits.active
        ? this.#fromInternet(batch, i, peer, version)
        : this.#drop(DropReason.BAD_SOURCE);
    }
    if (peer.access?.permits(view, offset, batch.length[i], true) === false) {
      return this.#drop(DropReason.ACCESS_DENIED);
    }
    if (!this.#clientToClient && !this.#exits.active) return Verdict.DELIVER;
    if (this.#clientToClient && isMulticast(batch.memory.bytes, offset, version)) {
      return Verdict.BROADCAST;
    }
    const destination = this.#destination(view, offset, version);
    if (destination < 0) return this.#toInternet(batch, i, peer, version);
    // What an exit node itself says to who goes by it, as that a packet was too large.
    const answer = this.#exits.active && this.#exits.of(destination) === peer.number;
    if (!this.#clientToClient && !answer) return Verdict.DELIVER;
    return this.#toClient(batch, i, destination);
  }

  #destination(view: DataView, offset: number, version: 4 | 6): number {
    return version === 4
      ? this.#routes.lookupIpv4(view, offset + ipv4Destination)
      : this.#routes.lookupIpv6(view, offset + ipv6Destination);
  }

  /** A packet for no client: for the Internet, or a network of the server's. */
  #toInternet(batch: PacketBatch, i: number, peer: Peer, version: 4 | 6): Verdict {
    const exit = this.#exits.of(peer.number);
    if (exit === serverExit) return Verdict.DELIVER;
    const at = batch.offset[i] + (version === 4 ? ipv4Destination : ipv6Destination);
    if (!this.#exits.isOutside(batch.memory.view, at, version)) return Verdict.DELIVER;
    if (exit < 0) return this.#drop(DropReason.NO_EXIT);
    batch.destination[i] = exit;
    return Verdict.FORWARD;
  }

  /** A packet with nobody's source: an exit node may bring it, for who goes by it. */
  #fromInternet(batch: PacketBatch, i: number, peer: Peer, version: 4 | 6): Verdict {
    const view = batch.memory.view;
    const offset = batch.offset[i];
    const source = offset + (version === 4 ? ipv4Source : ipv6Source);
    if (!this.#exits.isOutside(view, source, version)) return this.#drop(DropReason.BAD_SOURCE);
    const destination = this.#destination(view, offset, version);
    if (destination < 0 || this.#exits.of(destination) !== peer.number) {
      return this.#drop(DropReason.BAD_SOURCE);
    }
    return this.#toClient(batch, i, destination);
  }

  #toClient(batch: PacketBatch, i: number, destination: number): Verdict {
    const { view } = batch.memory;
    const access = this.#peers.get(destination)?.access;
    if (access?.permits(view, batch.offset[i], batch.length[i], false) === false) {
      return this.#drop(DropReason.ACCESS_DENIED);
    }
    batch.destination[i] = destination;
    return Verdict.FORWARD;
  }

  #drop(reason: DropReason): Verdict {
    this.#counters.drops[reason]++;
    return Verdict.NONE;
  }
}
