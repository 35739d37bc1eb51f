/**
 * What a client's status says, taken from its counters.
 *
 * @module
 */

import type { SharedCounters } from "../../loop/counters.ts";
import type { ClientStatistics } from "../status/client_statistics.ts";
import { serverPeer } from "./server_peer_command.ts";

/** What was counted; nothing yet without counters. */
export function clientStatistics(counters: SharedCounters | undefined): ClientStatistics {
  const { bytesIn = 0, bytesOut = 0 } = counters?.peer(serverPeer) ?? {};
  return {
    time: Date.now(),
    tunnelRead: counters?.deviceRead ?? 0,
    tunnelWritten: counters?.deviceWritten ?? 0,
    linkRead: bytesIn,
    linkWritten: bytesOut,
    authenticRead: bytesIn,
  };
}
