/**
 * What the data plane counts, as arrays by peer number, so that counting is one store.
 * `lib/loop` lays them over memory that both threads see.
 *
 * @module
 */

import { dropReasonCount } from "./drop_reason.ts";

/** Places in `TrafficCounters.device`. */
export const DeviceCounter = { read: 0, written: 1 } as const;

/** Counters by `DropReason` and by peer number. Times are `Date.now()` ms; 0: never. */
export interface TrafficCounters {
  /** Packets by {@linkcode DropReason}. */
  readonly drops: Float64Array;
  /** Bytes of packets from the TUN device and to it, at {@linkcode DeviceCounter}'s places. */
  readonly device: Float64Array;
  /** Authentic data packets from the peer. */
  readonly packetsIn: Float64Array;
  /** Bytes of these, as datagrams (UDP payload). */
  readonly bytesIn: Float64Array;
  /** Data packets to the peer. */
  readonly packetsOut: Float64Array;
  /** Bytes of these, as datagrams (UDP payload). */
  readonly bytesOut: Float64Array;
  /** Bytes of packets in the tunnel, both ways, pings and the like not counted. */
  readonly tunnelBytes: Float64Array;
  /** When the last authentic packet came from the peer. */
  readonly lastReceived: Float64Array;
  /** When the last packet was sent to the peer. */
  readonly lastSent: Float64Array;
}

/** Counters in ordinary memory, for tests and for whoever has one thread only. */
export function createTrafficCounters(maxPeers: number): TrafficCounters {
  return {
    drops: new Float64Array(dropReasonCount),
    device: new Float64Array(2),
    packetsIn: new Float64Array(maxPeers),
    bytesIn: new Float64Array(maxPeers),
    packetsOut: new Float64Array(maxPeers),
    bytesOut: new Float64Array(maxPeers),
    tunnelBytes: new Float64Array(maxPeers),
    lastReceived: new Float64Array(maxPeers),
    lastSent: new Float64Array(maxPeers),
  };
}

/** Forgets what was counted for a peer, when its number goes to another. */
export function resetPeerCounters(counters: TrafficCounters, peer: number): void {
  counters.packetsIn[peer] = 0;
  counters.bytesIn[peer] = 0;
  counters.packetsOut[peer] = 0;
  counters.bytesOut[peer] = 0;
  counters.tunnelBytes[peer] = 0;
  counters.lastReceived[peer] = 0;
  counters.lastSent[peer] = 0;
}
