/**
 * A client's status, in the one format that OpenVPN has for it.
 *
 * @module
 */

import { statusTime } from "./status_text.ts";

/** What a client has counted since its start, in bytes. */
export interface ClientStatistics {
  /** Of this picture, ms since 1970. */
  readonly time: number;
  /** Packets from the TUN device. */
  readonly tunnelRead: number;
  /** Packets to it. */
  readonly tunnelWritten: number;
  /** From the server, as datagrams. */
  readonly linkRead: number;
  /** To the server, as datagrams. */
  readonly linkWritten: number;
  /** Of `linkRead` what was authentic data. */
  readonly authenticRead: number;
}

/** The lines of a status file. */
export function formatClientStatistics(statistics: ClientStatistics): string[] {
  return [
    "OpenVPN STATISTICS",
    `Updated,${statusTime(statistics.time)}`,
    `TUN/TAP read bytes,${statistics.tunnelRead}`,
    `TUN/TAP write bytes,${statistics.tunnelWritten}`,
    `TCP/UDP read bytes,${statistics.linkRead}`,
    `TCP/UDP write bytes,${statistics.linkWritten}`,
    `Auth read bytes,${statistics.authenticRead}`,
    "END",
  ];
}
