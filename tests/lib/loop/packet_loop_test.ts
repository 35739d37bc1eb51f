// Whole tunnels over a network in memory.

import { availableEngines } from "../crypto/available_engines.ts";
import assert from "node:assert/strict";
import { Errno } from "deno-tun";
import type { CryptoEngine } from "../../../lib/crypto/engine.ts";
import { selectEngine } from "../../../lib/crypto/engines.ts";
import { DropReason } from "../../../lib/data/drop_reason.ts";
import { InMemoryNetwork } from "../../../lib/loop/in_memory.ts";
import {
  clientAddress,
  clientTunnelAddress,
  ipv4Packet,
  ipv6Packet,
  keyPair,
  numbered,
  numberOf,
  range,
  serverAddress,
  serverTunnelAddress,
  sockaddr,
  Tunnel,
} from "./tunnel.ts";

const engines = availableEngines;
const ciphers = ["AES-128-CBC", "AES-256-CBC", "AES-256-GCM", "CHACHA20-POLY1305"];
const framings = ["none", "stub", "stub-swap", "stub-v2"] as const;

for (const engine of engines) {
  for (const cipher of ciphers) {
    Deno.test(`packets cross both ways: ${engine}, ${cipher}`, async () => {
      for (const framing of framings) {
        for (const v1 of [false, true]) {
          const network = new InMemoryNetwork();
          const tunnel = await Tunnel.open(network, { cipher, engine, v1, peer: { framing } });
          tunnel.up(0, [1, 2, 3]);
          tunnel.down(0, range(10, 3), 1400);
          await tunnel.pass();
          const { server, clients: [client] } = tunnel;
          assert.deepEqual(
            server.device.outbound,
            [1, 2, 3].map((n) =>
              ipv4Packet(clientTunnelAddress(0), serverTunnelAddress, numbered(n))
            ),
            `${framing} ${v1}`,
          );
          assert.deepEqual(
            client.device.outbound,
            range(10, 3).map((n) =>
              ipv4Packet(serverTunnelAddress, clientTunnelAddress(0), numbered(n, 1400))
            ),
          );
          assert.equal(server.counters.peer(0).packetsIn, 3);
          assert.equal(server.counters.peer(0).packetsOut, 3);
          assert.equal(server.counters.peer(0).bytesIn, client.counters.peer(0).bytesOut);
          assert.equal(server.counters.peer(0).lastReceived, network.clock.wall() - 1);
          assert.ok(server.counters.drops.every((count) => count === 0));
          tunnel.close();
        }
      }
    });
  }

  Deno.test(`loss, reordering and duplication: each packet at most once, ${engine}`, async () => {
    const conditions = {
      loss: 0.1,
      duplication: 0.3,
      reordering: 0.3,
      reorderingDelay: 3,
    };
    const network = new InMemoryNetwork(conditions, 42);
    const tunnel = await Tunnel.open(network, { cipher: "AES-256-CBC", engine });
    for (let burst = 0; burst < 30; burst++) {
      tunnel.up(0, range(10 * burst, 10));
      tunnel.down(0, range(10 * burst, 10));
      await tunnel.pass(1);
    }
    await tunnel.pass(10);
    for (const end of [tunnel.server, tunnel.clients[0]]) {
      const numbers = end.device.outbound.map(numberOf);
      assert.equal(new Set(numbers).size, numbers.length, "no packet twice");
      assert.ok(numbers.length > 200, `${numbers.length} of 300 arrived`);
      assert.ok(numbers.some((n, i) => n < numbers[i - 1]), "the network did reorder");
      assert.ok(end.counters.dropped(DropReason.REPLAYED) > 30, "the network did duplicate");
    }
    tunnel.close();
  });

  Deno.test(`keys change under traffic without a lost packet: ${engine}`, async () => {
    const network = new InMemoryNetwork({ delay: 3, reordering: 0.2, reorderingDelay: 4 }, 7);
    const tunnel = await Tunnel.open(network, { engine });
    const { server, clients: [client] } = tunnel;
    let number = 0;
    const traffic = async () => {
      tunnel.up(0, range(number, 5));
      tunnel.down(0, range(number, 5));
      number += 5;
      await tunnel.pass(1);
    };
    for (let negotiation = 1; negotiation <= 20; negotiation++) {
      const keyId = (negotiation - 1) % 7 + 1;
      const keys = keyPair("AES-256-GCM");
      await server.installKey(0, keyId, keys.server(), false);
      await traffic();
      await client.installKey(0, keyId, keys.client());
      await traffic();
      await server.loop.execute({ kind: "activate-key", peer: 0, keyId });
      for (let i = 0; i < 8; i++) await traffic();
      const old = negotiation === 1 ? 0 : (negotiation - 2) % 7 + 1;
      await server.loop.execute({ kind: "retire-key", peer: 0, keyId: old });
      await client.loop.execute({ kind: "retire-key", peer: 0, keyId: old });
    }
    await tunnel.pass(20);
    for (const end of [server, client]) {
      const arrived = end.device.outbound.map(numberOf).sort((a, b) => a - b);
      assert.deepEqual(arrived, range(0, number));
    }
    assert.equal(client.eventsOf("key-installed").length, 21);
    tunnel.close();
  });
}

Deno.test("a peer's first packet shows that it has the key, another key changes nothing", async () => {
  const network = new InMemoryNetwork();
  const tunnel = await Tunnel.open(network);
  const { server, clients: [client] } = tunnel;
  const keys = keyPair("AES-256-GCM");
  // As in a new session: the server has its key and does not know whether the client has.
  await server.addPeer(0, clientAddress(0), { remotePeerId: 0 });
  await server.installKey(0, 0, keys.server(), false);
  await server.addRoute(0, clientTunnelAddress(0));
  tunnel.down(0, [1]);
  await tunnel.pass();
  assert.equal(server.counters.dropped(DropReason.NO_KEY), 1);
  // A packet under the former session's key is no sign.
  tunnel.up(0, [2]);
  await tunnel.pass();
  tunnel.down(0, [3]);
  await tunnel.pass();
  assert.equal(server.counters.dropped(DropReason.NO_KEY), 2);
  await client.installKey(0, 0, keys.client());
  tunnel.up(0, [4]);
  await tunnel.pass();
  tunnel.down(0, [5]);
  await tunnel.pass();
  assert.deepEqual(client.device.outbound.map(numberOf), [5]);
  // Later keys wait for main, whoever sends under them.
  const renewed = keyPair("AES-256-GCM");
  await server.installKey(0, 1, renewed.server(), false);
  await client.installKey(0, 1, renewed.client());
  tunnel.up(0, [6]);
  await tunnel.pass();
  const { sent } = network;
  tunnel.down(0, [7]);
  await tunnel.pass();
  assert.equal(sent.at(-1)!.datagram[0] & 7, 0);
  tunnel.close();
});

Deno.test("data for a key that is not there, or no more, is dropped and counted", async () => {
  const tunnel = await Tunnel.open(new InMemoryNetwork());
  const { server, clients: [client] } = tunnel;
  const keys = keyPair("AES-256-GCM");
  await client.installKey(0, 1, keys.client());
  tunnel.up(0, [1]);
  await tunnel.pass();
  assert.equal(server.counters.dropped(DropReason.UNKNOWN_KEY), 1);
  await server.installKey(0, 1, keys.server(), false);
  tunnel.up(0, [2]);
  await tunnel.pass();
  assert.deepEqual(server.device.outbound.map(numberOf), [2]);
  await server.loop.execute({ kind: "retire-key", peer: 0, keyId: 1 });
  tunnel.up(0, [3]);
  await tunnel.pass();
  assert.equal(server.counters.dropped(DropReason.UNKNOWN_KEY), 2);
  // The server still sends under key 0, which the client has too.
  tunnel.down(0, [4]);
  await tunnel.pass();
  assert.deepEqual(client.device.outbound.map(numberOf), [4]);
  await server.loop.execute({ kind: "retire-key", peer: 0, keyId: 0 });
  tunnel.down(0, [5]);
  await tunnel.pass();
  assert.equal(server.counters.dropped(DropReason.NO_KEY), 1);
  tunnel.close();
});

Deno.test("a replayed datagram is dropped and counted, also much later", async () => {
  const tunnel = await Tunnel.open(new InMemoryNetwork());
  const { server, network } = tunnel;
  tunnel.up(0, range(0, 100));
  await tunnel.pass();
  assert.equal(server.device.outbound.length, 100);
  const recorded = [...network.sent];
  assert.equal(recorded.length, 100);
  for (const { datagram } of recorded) {
    network.carry(sockaddr(clientAddress(0)), sockaddr(serverAddress), datagram);
  }
  await tunnel.pass();
  assert.equal(server.device.outbound.length, 100);
  assert.equal(server.counters.dropped(DropReason.REPLAYED), 100);
  tunnel.close();
});

Deno.test("forged datagrams are not believed: every bit of a packet counts", async () => {
  for (const cipher of ["AES-128-CBC", "AES-128-GCM"]) {
    const tunnel = await Tunnel.open(new InMemoryNetwork(), { cipher });
    const { server, network } = tunnel;
    tunnel.up(0, [1], 8);
    await tunnel.pass();
    tunnel.server.device.outbound.length = 0;
    const [{ datagram }] = network.sent;
    for (let bit = 0; bit < 8 * datagram.length; bit++) {
      const forged = datagram.slice();
      forged[bit >>> 3] ^= 1 << (bit & 7);
      network.carry(sockaddr(clientAddress(0)), sockaddr(serverAddress), forged);
      if (bit % 50 === 49) await tunnel.pass(1);
    }
    await tunnel.pass();
    assert.equal(server.device.outbound.length, 0);
    assert.ok(server.counters.dropped(DropReason.NOT_AUTHENTIC) >= 8 * (datagram.length - 4));
    tunnel.close();
  }
});

Deno.test("the server follows a client that floats, by authentic and new packets only", async () => {
  const tunnel = await Tunnel.open(new InMemoryNetwork());
  const { server, clients: [client], network } = tunnel;
  tunnel.up(0, [1]);
  await tunnel.pass();

  // A recording and a forgery from elsewhere move nothing.
  const elsewhere = sockaddr("203.0.113.9:5000");
  const [{ datagram }] = network.sent;
  network.carry(elsewhere, sockaddr(serverAddress), datagram);
  const forged = datagram.slice();
  forged[forged.length - 1] ^= 1;
  network.carry(elsewhere, sockaddr(serverAddress), forged);
  await tunnel.pass();
  assert.deepEqual(server.eventsOf("peer-float"), []);

  client.join("203.0.113.77:1234");
  tunnel.up(0, [2, 3]);
  await tunnel.pass();
  const floats = server.eventsOf("peer-float");
  assert.equal(floats.length, 1);
  assert.deepEqual(floats[0].address, sockaddr("203.0.113.77:1234"));
  assert.equal(floats[0].peer, 0);
  tunnel.down(0, [4]);
  await tunnel.pass();
  assert.deepEqual(client.device.outbound.map(numberOf), [4]);
  tunnel.close();
});

Deno.test("a packet that was under way when the client moved does not move it back", async () => {
  const network = new InMemoryNetwork();
  const tunnel = await Tunnel.open(network);
  const { server, clients: [client] } = tunnel;
  network.conditions = { delay: 50 };
  tunnel.up(0, [1]);
  await tunnel.work();
  network.conditions = {};
  client.join("203.0.113.77:1234");
  tunnel.up(0, [2]);
  await tunnel.pass();
  assert.equal(server.eventsOf("peer-float").length, 1);
  await tunnel.pass(60);
  assert.deepEqual(server.device.outbound.map(numberOf), [2, 1], "it is delivered all the same");
  assert.equal(server.eventsOf("peer-float").length, 1);
  tunnel.close();
});

Deno.test("nobody floats to an address that is another client's", async () => {
  const network = new InMemoryNetwork({ delay: 5 });
  const tunnel = await Tunnel.open(network, { clients: 2 });
  const { server } = tunnel;
  tunnel.up(0, [1]);
  await tunnel.work();
  // The genuine datagram is still under way; a copy from the other client's address overtakes it.
  network.conditions = { delay: 1 };
  network.carry(sockaddr(clientAddress(1)), sockaddr(serverAddress), network.sent[0].datagram);
  await tunnel.pass(2);
  assert.equal(server.counters.dropped(DropReason.ADDRESS_TAKEN), 1);
  assert.deepEqual(server.eventsOf("peer-float"), []);
  assert.deepEqual(server.device.outbound, []);
  // Both clients are still reached where they are.
  tunnel.down(0, [2]);
  tunnel.down(1, [3]);
  await tunnel.pass(2);
  assert.deepEqual(tunnel.clients.map(({ device }) => device.outbound.map(numberOf)), [[2], [3]]);
  tunnel.close();
});

Deno.test("a client believes the server's address alone, unless it has float", async () => {
  for (const clientFloat of [false, true]) {
    const tunnel = await Tunnel.open(new InMemoryNetwork(), { clientFloat });
    const { server, clients: [client] } = tunnel;
    server.join("203.0.113.1:1194");
    tunnel.down(0, [1]);
    await tunnel.pass();
    assert.deepEqual(client.device.outbound.map(numberOf), clientFloat ? [1] : []);
    assert.equal(client.counters.dropped(DropReason.WRONG_ADDRESS), clientFloat ? 0 : 1);
    tunnel.up(0, [2]);
    await tunnel.pass();
    assert.deepEqual(server.device.outbound.map(numberOf), clientFloat ? [2] : []);
    tunnel.close();
  }
});

Deno.test("the server takes packets from a client's own addresses only", async () => {
  const tunnel = await Tunnel.open(new InMemoryNetwork(), { clients: 2 });
  const { server, clients } = tunnel;
  await server.addRoute(0, "172.16.0.0", 12);
  const to = serverTunnelAddress;
  const send = (source: string) => ipv4Packet(source, to, numbered(1));
  clients[0].device.inbound.push(
    send(clientTunnelAddress(0)), // its own
    send("172.31.255.255"), // behind it
    send("172.32.0.0"), // next to that
    send(clientTunnelAddress(1)), // another client's
    send("127.0.0.1"),
    ipv6Packet(new Uint8Array(16), new Uint8Array(16), new Uint8Array(8)),
  );
  await tunnel.pass();
  assert.equal(server.device.outbound.length, 2);
  assert.equal(server.counters.dropped(DropReason.BAD_SOURCE), 4);

  await server.loop.execute({
    kind: "remove-route",
    peer: 0,
    network: Uint8Array.of(172, 16, 0, 0),
    prefixLength: 12,
  });
  clients[0].device.inbound.push(send("172.31.255.255"));
  await tunnel.pass();
  assert.equal(server.counters.dropped(DropReason.BAD_SOURCE), 5);
  tunnel.close();
});

Deno.test("packets between clients: forwarded with client-to-client, else left to the kernel", async () => {
  for (const engine of engines) {
    for (const clientToClient of [false, true]) {
      const tunnel = await Tunnel.open(new InMemoryNetwork(), {
        clients: 3,
        clientToClient,
        engine,
      });
      const { server, clients } = tunnel;
      const packets = range(0, 40).map((n) =>
        ipv4Packet(clientTunnelAddress(0), clientTunnelAddress(1 + n % 2), numbered(n, 50 * n))
      );
      clients[0].device.inbound.push(...packets);
      tunnel.up(0, [99]);
      await tunnel.pass(4);
      const even = packets.filter((_, n) => n % 2 === 0);
      assert.deepEqual(clients[1].device.outbound, clientToClient ? even : []);
      assert.equal(clients[2].device.outbound.length, clientToClient ? 20 : 0);
      assert.equal(server.device.outbound.length, clientToClient ? 1 : 41);
      tunnel.close();
    }
  }
});

Deno.test("packets without a route, and what is no IP packet, are dropped and counted", async () => {
  const tunnel = await Tunnel.open(new InMemoryNetwork());
  const { server, clients: [client] } = tunnel;
  server.device.inbound.push(
    ipv4Packet(serverTunnelAddress, "10.8.0.200", numbered(1)),
    new Uint8Array(3),
    new Uint8Array(100),
  );
  await tunnel.pass();
  assert.equal(server.counters.dropped(DropReason.NO_ROUTE), 3);
  client.device.inbound.push(new Uint8Array(100).fill(0x50), Uint8Array.of(0x45));
  await tunnel.pass();
  assert.equal(server.counters.dropped(DropReason.NOT_IP), 2);
  tunnel.close();
});

Deno.test("a removed peer's packets are dropped, and its number can be given again", async () => {
  const tunnel = await Tunnel.open(new InMemoryNetwork(), { clients: 2 });
  const { server } = tunnel;
  await server.loop.execute({ kind: "remove-peer", peer: 0 });
  tunnel.up(0, [1]);
  tunnel.up(1, [2]);
  tunnel.down(0, [3]);
  await tunnel.pass();
  assert.deepEqual(server.device.outbound.map(numberOf), [2]);
  assert.equal(server.counters.dropped(DropReason.UNKNOWN_PEER), 1);
  assert.equal(server.counters.dropped(DropReason.NO_ROUTE), 1);

  const keys = keyPair("AES-128-CBC", "SHA1");
  await server.addPeer(0, clientAddress(0));
  assert.equal(server.counters.peer(0).packetsIn, 0);
  await server.installKey(0, 3, keys.server());
  await tunnel.clients[0].installKey(0, 3, keys.client());
  tunnel.up(0, [5]);
  await tunnel.pass();
  assert.equal(server.counters.dropped(DropReason.BAD_SOURCE), 1, "the old peer's route is gone");
  await server.addRoute(0, clientTunnelAddress(0));
  tunnel.up(0, [4]);
  await tunnel.pass();
  assert.deepEqual(server.device.outbound.map(numberOf), [2, 4]);
  tunnel.close();
});

Deno.test("pings keep a peer alive, and silence is reported", async () => {
  const peer = { pingInterval: 10_000, pingTimeout: 60_000 };
  const network = new InMemoryNetwork();
  const tunnel = await Tunnel.open(network, { peer });
  const { server, clients: [client] } = tunnel;
  await tunnel.pass(120_000, 500);
  assert.deepEqual(server.eventsOf("peer-timeout"), []);
  const pings = server.counters.peer(0).packetsIn;
  assert.ok(pings === 11 || pings === 12, `${pings} pings in two minutes`);
  assert.deepEqual(server.device.outbound, []);

  network.conditions = { loss: 1 };
  await tunnel.pass(58_000, 500);
  assert.deepEqual(server.eventsOf("peer-timeout"), []);
  // Control packets are signs of life as well; main notes them.
  client.counters.markReceived(0, network.clock.wall());
  await tunnel.pass(14_000, 500);
  assert.deepEqual(server.eventsOf("peer-timeout").map((event) => event.peer), [0]);
  assert.deepEqual(client.eventsOf("peer-timeout"), []);
  tunnel.close();
});

Deno.test("setting the machine's clock times nobody out", async () => {
  const network = new InMemoryNetwork();
  const peer = { pingInterval: 1000, pingTimeout: 10_000 };
  let set = 0;
  const wall = network.clock.wall;
  network.clock.wall = () => wall() + set;
  const tunnel = await Tunnel.open(network, { peer });
  for (const shift of [86_400_000, -86_400_000, 3_600_000]) {
    set += shift;
    await tunnel.pass(5_000, 250);
  }
  assert.deepEqual(tunnel.server.eventsOf("peer-timeout"), []);
  assert.deepEqual(tunnel.clients[0].eventsOf("peer-timeout"), []);
  tunnel.close();
});

Deno.test("an exit notification reaches main, in both directions", async () => {
  const tunnel = await Tunnel.open(new InMemoryNetwork(), { peer: { framing: "stub" } });
  const { server, clients: [client] } = tunnel;
  await client.loop.execute({ kind: "send-exit", peer: 0 });
  await server.loop.execute({ kind: "send-exit", peer: 0 });
  await tunnel.pass();
  assert.deepEqual(server.eventsOf("peer-exit"), [{ kind: "peer-exit", peer: 0 }]);
  assert.deepEqual(client.eventsOf("peer-exit"), [{ kind: "peer-exit", peer: 0 }]);
  assert.deepEqual([...server.device.outbound, ...client.device.outbound], []);
  tunnel.close();
});

Deno.test("a packet by itself is sent before the device is asked for more, many are not", async () => {
  const tunnel = await Tunnel.open(new InMemoryNetwork());
  const { clients: [client] } = tunnel;
  const { device, transport } = client;
  const calls: string[] = [];
  const read = device.read.bind(device);
  device.read = (offset, capacity) => {
    const length = read(offset, capacity);
    calls.push(length > 0 ? "read" : "none");
    return length;
  };
  const flush = transport.flush.bind(transport);
  transport.flush = () => {
    const sent = flush();
    calls.push(`send ${sent}`);
    return sent;
  };
  await client.work();
  const callsFor = async (...numbers: number[]) => {
    calls.length = 0;
    tunnel.up(0, numbers);
    await client.work();
    return calls.join(", ");
  };
  const alone = "read, send 1, none";
  assert.equal(await callsFor(0), alone);
  assert.equal(await callsFor(1), alone);
  const many = "read, read, read, none, send 3";
  assert.equal(await callsFor(2, 3, 4), "read, send 1, read, read, none, send 2");
  assert.equal(await callsFor(5, 6, 7), many);
  assert.equal(await callsFor(8), "read, none, send 1");
  assert.equal(await callsFor(9), alone);
  await tunnel.pass();
  assert.deepEqual(tunnel.server.device.outbound.map(numberOf), range(0, 10));
  tunnel.close();
});

Deno.test("a full socket stops the reading of the device, and nothing is lost", async () => {
  const tunnel = await Tunnel.open(new InMemoryNetwork());
  const { server, clients: [client] } = tunnel;
  client.transport.room = 10;
  tunnel.up(0, range(0, 200));
  await tunnel.pass();
  assert.deepEqual(server.device.outbound.map(numberOf), range(0, 10));
  // The first goes by itself, as more are not looked for before it is sent.
  assert.equal(client.device.inbound.length, 200 - 1 - 128, "one batch waits, the rest stays");
  assert.ok(client.loop.isSocketBlocked(0));
  client.transport.room = Infinity;
  await tunnel.pass();
  assert.deepEqual(server.device.outbound.map(numberOf), range(0, 200));
  assert.equal(client.counters.dropped(DropReason.SEND_REFUSED), 0);
  tunnel.close();
});

Deno.test("detaching a full socket drops what waits, counted", async () => {
  const tunnel = await Tunnel.open(new InMemoryNetwork());
  const [client] = tunnel.clients;
  client.transport.room = 10;
  tunnel.up(0, range(0, 64));
  await tunnel.pass();
  client.loop.detachSocket(0);
  assert.equal(client.counters.dropped(DropReason.SEND_REFUSED), 54);
  client.join(clientAddress(0));
  tunnel.up(0, range(64, 10));
  await tunnel.pass();
  assert.deepEqual(tunnel.server.device.outbound.map(numberOf), [
    ...range(0, 10),
    ...range(64, 10),
  ]);
  tunnel.close();
});

Deno.test("runs of equal packets go in segments, and one by one where they cannot", async () => {
  for (const segmentRefusal of [0, Errno.EIO, Errno.EINVAL, Errno.EMSGSIZE]) {
    const tunnel = await Tunnel.open(new InMemoryNetwork(), {
      segmentation: true,
      transport: { segmentRefusal },
    });
    const { server, clients: [client] } = tunnel;
    for (let round = 0; round < 3; round++) {
      // 20 equal ones and a shorter one make a message, then a longer one begins the next.
      tunnel.up(0, range(100 * round, 20), 1000);
      tunnel.up(0, [100 * round + 20], 500);
      tunnel.up(0, [100 * round + 21, 100 * round + 22], 1200);
      await tunnel.pass();
    }
    assert.deepEqual(
      server.device.outbound.map(numberOf),
      [...range(0, 23), ...range(100, 23), ...range(200, 23)],
    );
    assert.equal(client.transport.segmentedMessages, segmentRefusal === 0 ? 6 : 0);
    assert.equal(client.counters.dropped(DropReason.SEND_REFUSED), 0);
    tunnel.close();
  }
});

Deno.test("control datagrams go to main, from anybody, and are bounded", async () => {
  const tunnel = await Tunnel.open(new InMemoryNetwork());
  const { server, network } = tunnel;
  const stranger = sockaddr("203.0.113.5:999");
  const hardReset = Uint8Array.of(7 << 3, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0);
  network.carry(stranger, sockaddr(serverAddress), hardReset);
  await tunnel.pass();
  assert.deepEqual(server.eventsOf("control-datagram"), [
    { kind: "control-datagram", socket: 0, address: stranger, datagram: hardReset },
  ]);
  for (let i = 0; i < 600; i++) network.carry(stranger, sockaddr(serverAddress), hardReset);
  await tunnel.pass();
  assert.equal(server.eventsOf("control-datagram").length, 512);
  assert.equal(server.counters.dropped(DropReason.CONTROL_BACKLOG), 89);
  server.counters.leaveControlBacklog();
  network.carry(stranger, sockaddr(serverAddress), hardReset);
  await tunnel.pass();
  assert.equal(server.eventsOf("control-datagram").length, 513);
  tunnel.close();
});

Deno.test("datagrams of no bytes, of too many, and of no opcode are dropped and counted", async () => {
  const tunnel = await Tunnel.open(new InMemoryNetwork());
  const { server, network } = tunnel;
  const send = (datagram: Uint8Array) =>
    network.carry(sockaddr(clientAddress(0)), sockaddr(serverAddress), datagram);
  send(new Uint8Array(0));
  send(new Uint8Array(70_000).fill(9 << 3));
  send(Uint8Array.of(9 << 3, 0x77, 0x77, 0x77)); // a header and nothing behind it
  send(Uint8Array.of(9 << 3));
  send(Uint8Array.of(6 << 3));
  const opcodes = [0, 1, 2, 12, 31]; // 1 and 2 are of key method 1
  for (const opcode of opcodes) send(Uint8Array.of(opcode << 3, 1, 2, 3));
  await tunnel.pass();
  assert.equal(server.counters.dropped(DropReason.EMPTY), 1);
  assert.equal(server.counters.dropped(DropReason.TRUNCATED), 1);
  assert.equal(server.counters.dropped(DropReason.TOO_SHORT), 3);
  assert.equal(server.counters.dropped(DropReason.UNKNOWN_OPCODE), opcodes.length);
  assert.deepEqual(server.events.filter(({ kind }) => kind !== "key-installed"), []);
  tunnel.close();
});

Deno.test("keys are wiped when they are retired or replaced, their peer removed, the loop stopped", async () => {
  const real = selectEngine("auto");
  let alive = 0;
  const engine: CryptoEngine = {
    name: real.name,
    supports: () => true,
    async createCipher(direction, material) {
      const cipher = await real.createCipher(direction, material);
      alive++;
      return {
        kind: cipher.kind,
        macLength: cipher.macLength,
        seal: (...run) => cipher.seal(...run),
        open: (...run) => cipher.open(...run),
        destroy: () => {
          alive--;
          cipher.destroy();
        },
      };
    },
  };
  const tunnel = await Tunnel.open(new InMemoryNetwork(), { clients: 2, engine });
  const { server, clients } = tunnel;
  assert.equal(alive, 8);
  const install = (keyId: number) => server.installKey(0, keyId, keyPair("AES-256-GCM").server());
  await install(1);
  assert.equal(alive, 10);
  await install(1);
  assert.equal(alive, 10);
  await server.loop.execute({ kind: "retire-key", peer: 0, keyId: 1 });
  assert.equal(alive, 8);
  await server.loop.execute({ kind: "remove-peer", peer: 0 });
  assert.equal(alive, 6);
  await server.addPeer(1, clientAddress(1));
  assert.equal(alive, 4, "another peer took its number");
  for (const client of clients) client.loop.stop();
  assert.equal(alive, 0);
  tunnel.close();
});

Deno.test("neither direction starves the other", async () => {
  const tunnel = await Tunnel.open(new InMemoryNetwork());
  const { server, clients: [client] } = tunnel;
  tunnel.up(0, range(0, 1000));
  await client.work();
  tunnel.network.advance(1);
  tunnel.down(0, range(0, 1000));
  server.loop.markDeviceReadable();
  server.loop.markSocketReadable(0);
  for (let turn = 0; turn < 5; turn++) await server.loop.turn();
  assert.equal(server.device.outbound.length, 5 * 64);
  assert.equal(server.device.inbound.length, 1000 - 1 - 4 * 128);
  tunnel.close();
});

Deno.test("a device that vanishes ends the loop, unless main exchanges it", async () => {
  const tunnel = await Tunnel.open(new InMemoryNetwork());
  const [client] = tunnel.clients;
  client.device.gone = true;
  tunnel.up(0, [1]);
  await tunnel.pass(1000, 500);
  client.device.gone = false;
  client.loop.attachDevice(client.device);
  await tunnel.pass(3000, 500);
  client.device.gone = true;
  client.loop.markDeviceReadable();
  await assert.rejects(tunnel.pass(3000, 500), /TUN device is gone/);
  tunnel.close();
});

Deno.test("what was dropped is logged once per second, in numbers", async () => {
  const tunnel = await Tunnel.open(new InMemoryNetwork());
  const { server, network } = tunnel;
  for (let i = 0; i < 5; i++) {
    network.carry(sockaddr("203.0.113.5:9"), sockaddr(serverAddress), Uint8Array.of(6 << 3, 1));
  }
  await tunnel.pass(3000, 100);
  assert.deepEqual(server.eventsOf("log"), [
    { kind: "log", verb: 4, message: "packets dropped: 5 unknown-peer" },
  ]);
  tunnel.close();
});

Deno.test("a command that cannot be carried out is logged and changes nothing", async () => {
  const tunnel = await Tunnel.open(new InMemoryNetwork());
  const { server } = tunnel;
  await server.loop.execute({ kind: "activate-key", peer: 0, keyId: 5 });
  await server.loop.execute({ kind: "activate-key", peer: 7, keyId: 0 });
  await server.addPeer(800, clientAddress(1));
  const { seal, open } = keyPair("AES-256-GCM").server();
  await server.loop.execute({
    kind: "install-key",
    peer: 0,
    keyId: 2,
    seal,
    open: { ...open, cipher: "ROT-13" },
  });
  assert.equal(server.eventsOf("log").length, 4);
  assert.ok(seal.cipherKey.every((byte) => byte === 0), "the keys are wiped all the same");
  // At a session's end these come in any order.
  await server.loop.execute({ kind: "remove-peer", peer: 7 });
  await server.loop.execute({ kind: "retire-key", peer: 7, keyId: 0 });
  await server.loop.execute({ kind: "send-exit", peer: 7 });
  assert.equal(server.eventsOf("log").length, 4);
  tunnel.up(0, [1]);
  await tunnel.pass();
  assert.equal(server.device.outbound.length, 1);
  tunnel.close();
});
