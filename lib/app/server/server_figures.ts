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
  /** Round-trip times of the control channels, ms; absent before one is measured. */
  readonly roundTrip?: RoundTripQuantiles;
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

/** Of so many clients in a hundred the round-trip time is at most that. */
export interface RoundTripQuantiles {
  readonly half: number;
  readonly nineTenths: number;
  readonly all: number;
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
  const roundTrip = quantilesOf(clients.flatMap(({ roundTrip }) => roundTrip?.time ?? []));
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
    ...roundTrip !== undefined && { roundTrip },
    loop: { turns: shared.turns, busy: shared.busyTime },
    queues: { control: shared.controlBacklog, stream: shared.streamQueue },
  };
}

/** By nearest rank: each is the time of some client. */
function quantilesOf(times: number[]): RoundTripQuantiles | undefined {
  if (times.length === 0) return undefined;
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.max(0, Math.ceil(share * times.length) - 1)];
  return { half: at(0.5), nineTenths: at(0.9), all: at(1) };
}

function allDrops(shared: SharedCounters): Record<string, number> {
  const drops: Record<string, number> = {};
  for (let reason = 0; reason < dropReasonCount; reason++) {
    drops[dropReasonName(reason as DropReason)] = shared.dropped(reason as DropReason);
  }
  return drops;
}
