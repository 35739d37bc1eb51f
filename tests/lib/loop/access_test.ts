// Access lists and multicast, through whole tunnels over a network in memory.

import assert from "node:assert/strict";
import type { AccessRule } from "../../../lib/data/access_list.ts";
import { DropReason } from "../../../lib/data/drop_reason.ts";
import { InMemoryNetwork } from "../../../lib/loop/in_memory.ts";
import {
  clientTunnelAddress,
  ipv4,
  ipv4Packet,
  ipv6Packet,
  numbered,
  numberOf,
  range,
  serverTunnelAddress,
  Tunnel,
} from "./tunnel.ts";

function allow(network: string, prefixLength: number): AccessRule {
  const rest = { protocol: 0, firstPort: 0, lastPort: 65535 };
  return { allow: true, network: ipv4(network), prefixLength, ...rest };
}

async function restrict(tunnel: Tunnel, peer: number, ...rules: AccessRule[]): Promise<void> {
  await tunnel.server.loop.execute({ kind: "update-peer", peer, accessRules: rules });
}

Deno.test("a client talks to those alone that its list allows, both ways", async () => {
  const tunnel = await Tunnel.open(new InMemoryNetwork(), { clients: 2 });
  const { server, clients: [restricted, other] } = tunnel;
  await restrict(tunnel, 0, allow("10.1.0.0", 16));
  const to = (n: number, destination: string, number: number) =>
    ipv4Packet(clientTunnelAddress(n), destination, numbered(number));
  const from = (n: number, source: string, number: number) =>
    ipv4Packet(source, clientTunnelAddress(n), numbered(number));
  restricted.device.inbound.push(to(0, "10.1.0.1", 1), to(0, "10.2.0.1", 2));
  other.device.inbound.push(to(1, "10.2.0.1", 3));
  server.device.inbound.push(
    from(0, "10.1.0.1", 4),
    from(0, "10.2.0.1", 5),
    from(1, "10.2.0.1", 6),
  );
  await tunnel.pass();
  assert.deepEqual(server.device.outbound.map(numberOf).sort(), [1, 3]);
  assert.deepEqual(restricted.device.outbound.map(numberOf), [4]);
  assert.deepEqual(other.device.outbound.map(numberOf), [6]);
  assert.equal(server.counters.dropped(DropReason.ACCESS_DENIED), 2);
  tunnel.close();
});

Deno.test("between clients the lists of both count", async () => {
  const tunnel = await Tunnel.open(new InMemoryNetwork(), { clients: 3, clientToClient: true });
  const send = (from: number, to: number) =>
    tunnel.clients[from].device.inbound.push(
      ipv4Packet(clientTunnelAddress(from), clientTunnelAddress(to), numbered(10 * from + to)),
    );
  await restrict(tunnel, 0, allow(clientTunnelAddress(1), 32));
  for (const [from, to] of [[0, 1], [0, 2], [1, 0], [2, 0], [1, 2], [2, 1]]) send(from, to);
  await tunnel.pass();
  assert.deepEqual(
    tunnel.clients.map(({ device }) => device.outbound.map(numberOf).sort()),
    [[10], [1, 21], [12]],
  );
  assert.equal(tunnel.server.counters.dropped(DropReason.ACCESS_DENIED), 2);
  tunnel.close();
});

Deno.test("multicast from the device goes to all clients, many packets in their order", async () => {
  const tunnel = await Tunnel.open(new InMemoryNetwork(), { clients: 3 });
  const { server, clients } = tunnel;
  await restrict(tunnel, 2, allow("10.1.0.0", 16));
  // More than one batch, and unicast in between.
  for (const number of range(0, 100)) {
    server.device.inbound.push(
      ipv4Packet(serverTunnelAddress, "224.0.0.251", numbered(number)),
      ipv4Packet(serverTunnelAddress, clientTunnelAddress(1), numbered(1000 + number)),
    );
  }
  await tunnel.pass();
  assert.deepEqual(clients[0].device.outbound.map(numberOf), range(0, 100));
  assert.deepEqual(
    clients[1].device.outbound.map(numberOf),
    range(0, 100).flatMap((number) => [number, 1000 + number]),
  );
  assert.deepEqual(clients[2].device.outbound, []);
  assert.equal(server.counters.dropped(DropReason.ACCESS_DENIED), 100);
  assert.equal(server.counters.dropped(DropReason.NO_ROUTE), 0);
  const source = Uint8Array.of(0xfd, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
  const allNodes = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
  const packet = ipv6Packet(source, allNodes, numbered(7));
  server.device.inbound.push(packet);
  await tunnel.pass();
  assert.deepEqual(clients[0].device.outbound.at(-1), packet);
  tunnel.close();
});

Deno.test("multicast from a client goes to the others with client-to-client, else to the device alone", async () => {
  for (const clientToClient of [false, true]) {
    const tunnel = await Tunnel.open(new InMemoryNetwork(), { clients: 3, clientToClient });
    tunnel.clients[1].device.inbound.push(
      ipv4Packet(clientTunnelAddress(1), "239.1.2.3", numbered(9)),
    );
    await tunnel.pass();
    assert.deepEqual(tunnel.server.device.outbound.map(numberOf), [9]);
    assert.deepEqual(
      tunnel.clients.map(({ device }) => device.outbound.map(numberOf)),
      clientToClient ? [[9], [], [9]] : [[], [], []],
    );
    tunnel.close();
  }
});

Deno.test("bytes in the tunnel are counted, pings are not", async () => {
  const peer = { pingInterval: 1000 };
  const tunnel = await Tunnel.open(new InMemoryNetwork(), { peer });
  tunnel.up(0, [1], 80);
  tunnel.down(0, [2], 180);
  await tunnel.pass(20_000, 500);
  const { server, clients: [client] } = tunnel;
  assert.ok(server.counters.peer(0).packetsIn > 5, "no pings");
  assert.equal(server.counters.peer(0).tunnelBytes, 100 + 200);
  assert.equal(client.counters.peer(0).tunnelBytes, 100 + 200);
  tunnel.close();
});

Deno.test("with block-ipv6 a client's IPv6 is refused, and it is told", async () => {
  const source = Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7);
  const tunnel = await Tunnel.open(new InMemoryNetwork(), {
    clients: 2,
    clientToClient: true,
    ipv6RefusalSource: source,
  });
  const { server, clients: [client, other] } = tunnel;
  const own = Uint8Array.of(0xfd, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2);
  const far = Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
  const group = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
  const short = ipv6Packet(own, far, numbered(1));
  const long = ipv6Packet(own, far, numbered(2, 1400));
  const ping = ipv6Packet(own, far, numbered(3));
  ping[6] = 58;
  const nobody = ipv6Packet(new Uint8Array(16), far, numbered(4));
  client.device.inbound.push(short, long, ping, ipv6Packet(own, group, numbered(5)), nobody);
  tunnel.up(0, [6]);
  await tunnel.pass();
  assert.deepEqual(server.device.outbound.map(numberOf), [6]);
  assert.deepEqual(other.device.outbound, []);
  assert.equal(server.counters.dropped(DropReason.IPV6_BLOCKED), 5);
  assert.equal(client.device.outbound.length, 2);
  for (const [i, sent] of [short, long].entries()) {
    const answer = client.device.outbound[i];
    const quoted = Math.min(sent.length, 1280 - 48);
    assert.equal(answer.length, 48 + quoted);
    assert.deepEqual(answer.subarray(8, 24), source);
    assert.deepEqual(answer.subarray(24, 40), own);
    assert.deepEqual([...answer.subarray(40, 42)], [1, 0], "no route to destination");
    assert.deepEqual(answer.subarray(48), sent.subarray(0, quoted));
    assert.equal(checksum(answer), 0xffff);
  }
  tunnel.close();
});

/** The sum that ICMPv6's checksum covers (RFC 4443, section 2.3); 0xffff when it is right. */
function checksum(packet: Uint8Array): number {
  const view = new DataView(packet.slice(8).buffer);
  let sum = packet.length - 40 + 58;
  for (let at = 0; at < view.byteLength; at += 2) sum += view.getUint16(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}
