/** The gate: how many connections it takes, and that it loses none. */
import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { ConnectionGate } from "../../../../lib/app/portal/connection_gate.ts";
import { eventually } from "../../../harness/eventually.ts";

Deno.test("connections that come in any number while it pauses are all taken in the end", async () => {
  const sockets: Socket[] = [];
  await using gate = await ConnectionGate.open(
    { host: "127.0.0.1", port: 0 },
    100,
    (socket) => {
      socket.on("error", () => {});
      sockets.push(socket.end("x"));
    },
  );
  const visit = async () => {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: gate.port });
    const buffer = new Uint8Array(4);
    assert.equal(await connection.read(buffer), 1);
  };
  // Ten that come one after the other, all the time: in the middle of whatever it does.
  await Promise.all(Array.from({ length: 10 }, async () => {
    for (let i = 0; i < 15; i++) await visit();
  }));
  // Many at once, of which the first make it pause.
  await Promise.all(Array.from({ length: 60 }, visit));
  assert.equal(sockets.length, 210);
  assert.ok(gate.pauses >= 3, `${gate.pauses}`);
  for (const socket of sockets) socket.destroy();
});

Deno.test("an address that is taken is said", async () => {
  await using gate = await ConnectionGate.open({ host: "127.0.0.1", port: 0 }, 100, () => {});
  const { port } = gate;
  await assert.rejects(
    () => ConnectionGate.open({ host: "127.0.0.1", port }, 100, () => {}),
    /the portal cannot listen at 127\.0\.0\.1:\d+: .*EADDRINUSE/,
  );
});

Deno.test("without an address it listens at all of both families", async () => {
  const taken: string[] = [];
  const take = (socket: Socket) => {
    taken.push(socket.remoteAddress!);
    socket.destroy();
  };
  await using both = await ConnectionGate.open({ host: undefined, port: 0 }, 100, take);
  using _4 = await Deno.connect({ hostname: "127.0.0.1", port: both.port });
  using _6 = await Deno.connect({ hostname: "::1", port: both.port });
  await eventually("all have come", () => taken.length === 2);
});
