/**
 * A server's figures for tests.
 *
 * @module
 */

import { ServerCounters } from "../../../../lib/app/server/server_counters.ts";
import { type ServerFigures, serverFigures } from "../../../../lib/app/server/server_figures.ts";
import type { ServerClient } from "../../../../lib/app/server/server_client.ts";
import { DropReason } from "../../../../lib/data/drop_reason.ts";
import { SharedCounters } from "../../../../lib/loop/counters.ts";

/** Real counters of a server with one client, and what they are written by. */
export function countedServer(): {
  readonly counters: ServerCounters;
  readonly shared: SharedCounters;
  readonly figures: () => ServerFigures;
  readonly clients: ServerClient[];
} {
  const counters = new ServerCounters();
  const shared = SharedCounters.create(4);
  const lease = { peerId: 2, netmask: "", networks: [] };
  // Only what the figures look at.
  const clients = [{ lease, keysSince: Date.now() - 90_000 } as unknown as ServerClient];
  shared.bytesIn[2] = 1000;
  shared.packetsIn[2] = 10;
  shared.bytesOut[2] = 2000;
  shared.packetsOut[2] = 20;
  shared.device[0] = 1500;
  shared.drops[DropReason.NOT_AUTHENTIC] = 7;
  shared.countTurn(250);
  counters.handshakes.succeeded = 3;
  counters.notAdmitted("tls-error");
  counters.renegotiations.server = 2;
  counters.renegotiationsCompleted = 1;
  const figures = () =>
    serverFigures({ counters, shared, clients, engine: "openssl", maximumClients: 4 });
  return { counters, shared, figures, clients };
}
