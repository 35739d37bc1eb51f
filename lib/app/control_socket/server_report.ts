/**
 * What a server says of itself over its control socket.
 *
 * @module
 */

import { programVersion } from "../../base/version.ts";
import type { ServerFigures } from "../server/server_figures.ts";
import type { ClientStatus, ServerStatus } from "../status/server_status.ts";

/** Times are ms since 1970, sizes bytes. */
export interface ServerReport {
  /** When it was taken. */
  readonly time: number;
  /** The program's. */
  readonly version: string;
  /** The server's process. */
  readonly pid: number;
  /** When the server started. */
  readonly startedAt: number;
  /** The crypto engine. */
  readonly engine: string;
  /** `max-clients`. */
  readonly maximumClients: number;
  /** From all clients since the start. */
  readonly received: number;
  /** To all clients since the start. */
  readonly sent: number;
  /** Packets that went no further, by reason; reasons without any are left out. */
  readonly drops: Readonly<Record<string, number>>;
  /** Attempts of clients to come in, by how they ended. */
  readonly handshakes: Readonly<Record<string, number>>;
  /** By peer-id. */
  readonly clients: readonly ClientStatus[];
}

/** Takes one. */
export function serverReport(status: ServerStatus, figures: ServerFigures): ServerReport {
  const drops = Object.entries(figures.drops).filter(([, count]) => count > 0);
  return {
    time: status.time,
    version: programVersion,
    pid: Deno.pid,
    startedAt: figures.startedAt,
    engine: figures.engine,
    maximumClients: figures.maximumClients,
    received: figures.traffic.bytesIn,
    sent: figures.traffic.bytesOut,
    drops: Object.fromEntries(drops),
    handshakes: figures.handshakes,
    clients: status.clients,
  };
}
