import assert from "node:assert/strict";
import { ServerCounters } from "../../../../lib/app/server/server_counters.ts";
import { serverFigures } from "../../../../lib/app/server/server_figures.ts";
import type { ServerClient } from "../../../../lib/app/server/server_client.ts";
import { DropReason, dropReasonCount } from "../../../../lib/data/drop_reason.ts";
import { SharedCounters } from "../../../../lib/loop/counters.ts";

/** Only what the figures look at. */
function client(peerId: number | undefined, keysSince?: number): ServerClient {
  const lease = peerId === undefined ? undefined : { peerId, netmask: "", networks: [] };
  return { lease, keysSince } as unknown as ServerClient;
}

function carry(shared: SharedCounters, peer: number, packets: number): void {
  shared.packetsIn[peer] += packets;
  shared.bytesIn[peer] += packets * 100;
  shared.packetsOut[peer] += packets * 2;
  shared.bytesOut[peer] += packets * 1000;
}

Deno.test("what clients carried that have left stays in the sums", () => {
  const shared = SharedCounters.create(2);
  const counters = new ServerCounters();
  const figures = (clients: ServerClient[]) =>
    serverFigures({ counters, shared, clients, engine: "openssl", maximumClients: 2 });
  carry(shared, 0, 5);
  carry(shared, 1, 1);
  const first = figures([client(0), client(1)]);
  assert.deepEqual(first.traffic, {
    ...{ packetsIn: 6, bytesIn: 600, packetsOut: 12, bytesOut: 6000 },
  });
  counters.left(shared.peer(0));
  assert.deepEqual(figures([client(1)]).traffic, first.traffic);
  // The next one of that number begins at 0.
  shared.resetPeer(0);
  assert.deepEqual(figures([client(0), client(1)]).traffic, first.traffic);
  carry(shared, 0, 1);
  assert.equal(figures([client(0), client(1)]).traffic.packetsIn, 7);
});

Deno.test("the oldest keys are those of the clients that are there", () => {
  const parts = { counters: new ServerCounters(), shared: SharedCounters.create(4) };
  const of = (clients: ServerClient[]) =>
    serverFigures({ ...parts, clients, engine: "webcrypto", maximumClients: 4 });
  assert.equal(of([client(0, 30), client(1, 20), client(undefined)]).oldestKeys, 20);
  assert.equal(of([client(0, 30), client(1, 20), client(undefined)]).clients, 2);
  assert.ok(!("oldestKeys" in of([])));
});

Deno.test("every reason for a drop is there, and every result of a handshake", () => {
  const shared = SharedCounters.create(1);
  shared.drops[DropReason.REPLAYED] = 3;
  const counters = new ServerCounters();
  for (const reason of ["auth-failed", "tls-error", "connection-reset", "the key was revoked"]) {
    counters.notAdmitted(reason);
  }
  const { drops, handshakes } = serverFigures({
    ...{ counters, shared, clients: [], engine: "webcrypto", maximumClients: 1 },
  });
  assert.equal(Object.keys(drops).length, dropReasonCount);
  assert.equal(drops.replayed, 3);
  assert.deepEqual(handshakes, {
    succeeded: 0,
    refused: 1,
    "tls-error": 1,
    abandoned: 2,
    "server-full": 0,
    "rate-limited": 0,
    "single-session": 0,
  });
});

Deno.test("the loop's own figures are seen from the other thread's side", () => {
  const worker = SharedCounters.create(3);
  const main = new SharedCounters(worker.buffer);
  worker.countTurn(0.5);
  worker.countTurn(1.25);
  worker.streamQueue = 4096;
  assert.deepEqual([main.turns, main.busyTime, main.streamQueue], [2, 1.75, 4096]);
  // They lie apart from the counters around them.
  assert.ok(main.drops.every((count) => count === 0) && main.packetsIn.every((n) => n === 0));
});
