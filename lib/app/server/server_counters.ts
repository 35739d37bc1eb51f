/**
 * What a server counts of its control channel since its start. The data plane counts for itself
 * (`SharedCounters`); what it counted of clients that have left is kept here.
 *
 * @module
 */

import type { PeerTraffic } from "../../loop/counters.ts";

/** How the attempts of clients to come in end. */
export const handshakeResults = [
  /** The client is in. */
  "succeeded",
  /** It was told AUTH_FAILED: its certificate, its user, its options, or no place. */
  "refused",
  /** TLS failed, or took longer than `hand-window`. */
  "tls-error",
  /** One side left before there was a result. */
  "abandoned",
  /** As many clients as may be shake hands already. */
  "server-full",
  /** `connect-freq` or `connect-freq-initial`. */
  "rate-limited",
  /** `single-session`. */
  "single-session",
] as const;

/** One of them. */
export type HandshakeResult = (typeof handshakeResults)[number];

/** Why the control packet of somebody unknown got no answer. */
export const strangerRefusals = ["unauthenticated", "malformed", "cookie", "noncookie"] as const;

/** One of them. */
export type StrangerRefusal = (typeof strangerRefusals)[number];

/** Bytes and packets, as datagrams. */
export interface TrafficTotals {
  bytesIn: number;
  packetsIn: number;
  bytesOut: number;
  packetsOut: number;
}

/** See the module's page. */
export class ServerCounters {
  /** ms since 1970. */
  readonly startedAt: number = Date.now();
  /** By result. */
  readonly handshakes: Record<HandshakeResult, number> = zeros(handshakeResults);
  /** Control packets of nobody's session that were dropped, by reason. */
  readonly strangers: Record<StrangerRefusal, number> = zeros(strangerRefusals);
  /** Renegotiations that began, by who began them. */
  readonly renegotiations: Record<"client" | "server", number> = { client: 0, server: 0 };
  /** Those that led to new keys. */
  renegotiationsCompleted = 0;
  readonly #former: TrafficTotals = { bytesIn: 0, packetsIn: 0, bytesOut: 0, packetsOut: 0 };

  /** A client that was not in has gone, for that reason. */
  notAdmitted(reason: string): void {
    if (reason === "auth-failed") this.handshakes.refused++;
    else if (reason === "tls-error") this.handshakes["tls-error"]++;
    else this.handshakes.abandoned++;
  }

  /** A client has left: its number goes to another, and what was counted for it begins anew. */
  left(traffic: PeerTraffic): void {
    add(this.#former, traffic);
  }

  /** Of all clients since the start. `present`: what is counted for those that are there. */
  totals(present: Iterable<PeerTraffic>): TrafficTotals {
    const sum = { ...this.#former };
    for (const traffic of present) add(sum, traffic);
    return sum;
  }
}

function add(sum: TrafficTotals, traffic: PeerTraffic): void {
  sum.bytesIn += traffic.bytesIn;
  sum.packetsIn += traffic.packetsIn;
  sum.bytesOut += traffic.bytesOut;
  sum.packetsOut += traffic.packetsOut;
}

function zeros<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
}
