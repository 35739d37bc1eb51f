/**
 * Where a server sends what a client sent: the source must be the client's; the destination may be
 * another client.
 *
 * Source: OpenVPN's `multi.c` (multi_process_incoming_link).
 *
 * @module
 */

import { DropReason } from "./drop_reason.ts";
import { ipv4Destination, ipv4Source, ipv6Destination, ipv6Source } from "./ip_packet.ts";
import type { PacketBatch } from "./packet_batch.ts";
import type { Peer } from "./peer.ts";
import type { RouteTable } from "./route_table.ts";
import type { TrafficCounters } from "./traffic_counters.ts";
import { Verdict } from "./verdict.ts";

/** Routes packets of clients. */
export class ClientRouting {
  readonly #routes: RouteTable;
  readonly #counters: TrafficCounters;
  readonly #clientToClient: boolean;

  /** @param clientToClient Packets to another client's network do not go to the TUN device. */
  constructor(routes: RouteTable, counters: TrafficCounters, clientToClient: boolean) {
    this.#routes = routes;
    this.#counters = counters;
    this.#clientToClient = clientToClient;
  }

  /**
   * What becomes of packet `i`, an IP packet of that version from `peer`; sets `destination` with
   * `FORWARD`, counts what it drops.
   */
  route(batch: PacketBatch, i: number, peer: Peer, version: 4 | 6): Verdict {
    const view = batch.memory.view;
    const offset = batch.offset[i];
    const source = version === 4
      ? this.#routes.lookupIpv4(view, offset + ipv4Source)
      : this.#routes.lookupIpv6(view, offset + ipv6Source);
    if (source !== peer.number) return this.#drop(DropReason.BAD_SOURCE);
    if (!this.#clientToClient) return Verdict.DELIVER;
    const destination = version === 4
      ? this.#routes.lookupIpv4(view, offset + ipv4Destination)
      : this.#routes.lookupIpv6(view, offset + ipv6Destination);
    if (destination < 0) return Verdict.DELIVER;
    batch.destination[i] = destination;
    return Verdict.FORWARD;
  }

  #drop(reason: DropReason): Verdict {
    this.#counters.drops[reason]++;
    return Verdict.NONE;
  }
}
