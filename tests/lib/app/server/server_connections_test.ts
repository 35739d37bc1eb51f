import assert from "node:assert/strict";
import { encodeSockaddr } from "deno-tun";
import { openLog } from "../../../../lib/base/log.ts";
import type { DataPlaneCommand } from "../../../../lib/loop/data_plane.ts";
import { ServerConnections } from "../../../../lib/app/server/server_connections.ts";
import { serverMaximumFrame } from "../../../../lib/app/sockets.ts";

const address = encodeSockaddr("192.0.2.9", 5000);

function connections(maxClients: number, handWindow = 60) {
  const commands: DataPlaneCommand[] = [];
  const closed = () =>
    commands.flatMap((command) => command.kind === "close-connection" ? [command.socket] : []);
  const table = new ServerConnections(
    // Only what it looks at.
    {
      maxClients,
      mtu: { tunMtu: 1500 },
      tls: { handWindow },
    } as ConstructorParameters<typeof ServerConnections>[0],
    openLog(0, () => {}),
    (command) => commands.push(command),
  );
  return { table, closed };
}

Deno.test("a flood of silent connections: the oldest have to go, sessions stay", () => {
  const { table, closed } = connections(10);
  for (let socket = 0; socket < 10; socket++) {
    table.opened(socket, address);
    table.sessionBegan(socket);
  }
  for (let socket = 10; socket < 1000; socket++) table.opened(socket, address);
  assert.equal(table.size, 10 + 64);
  assert.deepEqual(closed(), Array.from({ length: 990 - 64 }, (_, i) => 10 + i));
  assert.ok(Array.from({ length: 10 }, (_, i) => i).every((socket) => table.has(socket)));
  const { maximumConnections } = table.listen(0, 5);
  assert.ok(maximumConnections > 10 + 64);
  table.close();
});

Deno.test("a flood from one network, IPv4 or IPv6, keeps nobody else out", () => {
  for (const flooder of ["192.0.2.1", "2001:db8::1"]) {
    const { table, closed } = connections(10);
    const others = ["192.0.2.2", "198.51.100.1", "2001:db8:0:1::1"];
    for (const [i, other] of others.entries()) table.opened(i, encodeSockaddr(other, 1));
    for (let socket = 10; socket < 500; socket++) {
      // An IPv6 host has as many addresses as it likes.
      const address = flooder.includes(":") ? `2001:db8::${socket}` : flooder;
      table.opened(socket, encodeSockaddr(address, socket, 6));
    }
    assert.ok(others.every((_, i) => table.has(i)));
    assert.equal(closed()[0], 10);
    table.close();
  }
});

Deno.test("a connection without a session is closed after hand-window", async () => {
  const { table, closed } = connections(10, 0.02);
  table.opened(1, address);
  table.opened(2, address);
  table.sessionBegan(2);
  while (table.has(1)) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(closed(), [1]);
  assert.ok(table.has(2));
  table.close();
});

Deno.test("a connection ends with its last session, and what is not ours ends it before", () => {
  const { table, closed } = connections(10);
  table.opened(1, address);
  table.sessionBegan(1);
  table.sessionBegan(1);
  table.sessionEnded(1);
  // A forged packet in a stream that has a session ends nothing.
  table.refuse(1, "unauthenticated");
  assert.deepEqual(closed(), []);
  table.sessionEnded(1);
  assert.deepEqual(closed(), [1]);
  table.opened(2, address);
  table.refuse(2, "unauthenticated");
  assert.deepEqual(closed(), [1, 2]);
  table.opened(3, address);
  assert.equal(table.closed(3), address);
  assert.equal(table.closed(3), undefined);
  assert.deepEqual(closed(), [1, 2]);
  table.close();
});

Deno.test("the longest packet goes with the MTU", () => {
  assert.ok(serverMaximumFrame(1500) >= 1500 + 90 && serverMaximumFrame(1500) < 4096);
  assert.ok(serverMaximumFrame(9000) >= 9000 + 90);
  assert.equal(serverMaximumFrame(65_535), 65_535);
});
