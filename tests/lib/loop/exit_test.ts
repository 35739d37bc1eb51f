// Exit nodes among a server's clients, packet by packet.

import assert from "node:assert/strict";
import { DropReason } from "../../../lib/data/drop_reason.ts";
import { noExit, serverExit } from "../../../lib/data/exit_routes.ts";
import { InMemoryNetwork } from "../../../lib/loop/in_memory.ts";
import {
  clientTunnelAddress,
  ipv4,
  ipv4Packet,
  numbered,
  numberOf,
  serverTunnelAddress,
  Tunnel,
} from "./tunnel.ts";

const outside = "203.0.113.9";

async function openTunnel(): Promise<Tunnel> {
  const tunnel = await Tunnel.open(new InMemoryNetwork(), { clients: 3, clientExits: true });
  const network = ipv4("10.8.0.0");
  await tunnel.server.loop.execute({ kind: "add-inside-network", network, prefixLength: 24 });
  return tunnel;
}

const out = (n: number, number: number) =>
  ipv4Packet(clientTunnelAddress(n), outside, numbered(number));
const back = (n: number, number: number) =>
  ipv4Packet(outside, clientTunnelAddress(n), numbered(number));

Deno.test("exit nodes: there and back through one client, and nobody else's", async () => {
  const tunnel = await openTunnel();
  const { server, clients: [chooser, other, exit] } = tunnel;
  await server.loop.execute({ kind: "set-exit", peer: 0, exit: 2 });
  chooser.device.inbound.push(out(0, 1));
  other.device.inbound.push(out(1, 2));
  exit.device.inbound.push(back(0, 3), back(1, 4));
  // By the server's own way, and from within the VPN.
  server.device.inbound.push(back(0, 5), back(1, 6));
  server.device.inbound.push(
    ipv4Packet(serverTunnelAddress, clientTunnelAddress(0), numbered(7)),
    ipv4Packet(clientTunnelAddress(1), clientTunnelAddress(0), numbered(8)),
  );
  await tunnel.pass(4);
  assert.deepEqual(exit.device.outbound, [out(0, 1)]);
  assert.deepEqual(server.device.outbound, [out(1, 2)]);
  assert.deepEqual(chooser.device.outbound.map(numberOf).sort(), [3, 7, 8]);
  assert.deepEqual(other.device.outbound, [back(1, 6)]);
  assert.equal(server.counters.dropped(DropReason.BAD_SOURCE), 1);
  assert.equal(server.counters.dropped(DropReason.OTHER_EXIT), 1);
  assert.equal(server.counters.dropped(DropReason.NO_ROUTE), 0);
  tunnel.close();
});

Deno.test("exit nodes: nothing leaks when one goes, or was never there", async () => {
  const tunnel = await openTunnel();
  const { server, clients: [chooser, other] } = tunnel;
  await server.loop.execute({ kind: "set-exit", peer: 0, exit: 2 });
  await server.loop.execute({ kind: "set-exit", peer: 1, exit: 7 });
  await server.loop.execute({ kind: "remove-peer", peer: 2 });
  chooser.device.inbound.push(out(0, 1), out(0, 2));
  other.device.inbound.push(out(1, 3));
  await tunnel.pass(4);
  assert.deepEqual(server.device.outbound, []);
  assert.equal(server.counters.dropped(DropReason.NO_EXIT), 3);
  await server.loop.execute({ kind: "set-exit", peer: 0, exit: serverExit });
  await server.loop.execute({ kind: "set-exit", peer: 1, exit: noExit });
  chooser.device.inbound.push(out(0, 4));
  other.device.inbound.push(out(1, 5));
  await tunnel.pass(4);
  assert.deepEqual(server.device.outbound, [out(0, 4)]);
  assert.equal(server.counters.dropped(DropReason.NO_EXIT), 4);
  tunnel.close();
});
