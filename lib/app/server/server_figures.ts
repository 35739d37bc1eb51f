/**
 * A server in figures: what metrics and the control socket say of it.
 *
 * @module
 */

import { type DropReason, dropReasonCount, dropReasonName } from "../../data/drop_reason.ts";
import type { SharedCounters } from "../../loop/counters.ts";
import type { ServerClient } from "./server_client.ts";
import type {
  HandshakeResult,
  ServerCounters,
  StrangerRefusal,
  TrafficTotals,
} from "./server_counters.ts";

/** All since the start, unless it says otherwise. Times are ms since 1970. */
export interface ServerFigures {
  readonly startedAt: number;
  /** The crypto engine in use. */
  readonly engine: string;
  /** Now. */
  readonly clients: number;
  readonly maximumClients: number;
  readonly traffic: Readonly<TrafficTotals>;
  /** Bytes of packets from the TUN device and to it. */
  readonly device: { readonly read: number; readonly written: number };
  /** Packets that went no further, by every reason that there is. */
  readonly drops: Readonly<Record<string, number>>;
  readonly handshakes: Readonly<Record<HandshakeResult, number>>;
  readonly strangers: Readonly<Record<StrangerRefusal, number>>;
  readonly renegotiations: Readonly<Record<"client" | "server", number>>;
  readonly renegotiationsCompleted: number;
  /** When the oldest keys that are in use were made; absent without clients. */
  readonly oldestKeys?: number;
  readonly loop: {
    /** Rounds of the packet loop. */
    readonly turns: number;
    /** Time that it worked in these, ms; the rest it waited. */
    readonly busy: number;
  };
  readonly queues: {
    /** Control packets on their way from the packet loop to the control channel, now. */
    readonly control: number;
    /** Bytes that wait for room in TCP connections, up to a second ago. */
    readonly stream: number;
  };
}

/** Takes them. `clients`: those that are let in. */
export function serverFigures(parts: {
  readonly counters: ServerCounters;
  readonly shared: SharedCounters;
  readonly clients: readonly ServerClient[];
  readonly engine: string;
  readonly maximumClients: number;
}): ServerFigures {
  const { counters, shared, clients, engine, maximumClients } = parts;
  const peers = clients.flatMap(({ lease }) => lease === undefined ? [] : [lease.peerId]);
  const keys = clients.flatMap(({ keysSince }) => keysSince ?? []);
  return {
    startedAt: counters.startedAt,
    engine,
    clients: peers.length,
    maximumClients,
    traffic: counters.totals(peers.map((peer) => shared.peer(peer))),
    device: { read: shared.deviceRead, written: shared.deviceWritten },
    drops: allDrops(shared),
    handshakes: { ...counters.handshakes },
    strangers: { ...counters.strangers },
    renegotiations: { ...counters.renegotiations },
    renegotiationsCompleted: counters.renegotiationsCompleted,
    ...keys.length > 0 && { oldestKeys: keys.reduce((least, since) => Math.min(least, since)) },
    loop: { turns: shared.turns, busy: shared.busyTime },
    queues: { control: shared.controlBacklog, stream: shared.streamQueue },
  };
}

function allDrops(shared: SharedCounters): Record<string, number> {
  const drops: Record<string, number> = {};
  for (let reason = 0; reason < dropReasonCount; reason++) {
    drops[dropReasonName(reason as DropReason)] = shared.dropped(reason as DropReason);
  }
  return drops;
}
