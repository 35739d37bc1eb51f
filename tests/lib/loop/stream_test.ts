// TCP connections: packets cut anywhere, streams that are no good, connections without room.

import assert from "node:assert/strict";
import { Errno, PinnedMemory } from "deno-tun";
import fc from "fast-check";
import { DropReason } from "../../../lib/data/drop_reason.ts";
import { PacketBatch } from "../../../lib/data/packet_batch.ts";
import type { DataKey } from "../../../lib/data/peer.ts";
import { ByteQueue } from "../../../lib/loop/byte_queue.ts";
import { SharedCounters } from "../../../lib/loop/counters.ts";
import { InMemoryNetwork } from "../../../lib/loop/in_memory.ts";
import { InMemoryStream } from "../../../lib/loop/in_memory_stream.ts";
import { FrameReceiver, StreamArea } from "../../../lib/loop/stream_frames.ts";
import { congestionLimit, StreamSender } from "../../../lib/loop/stream_sender.ts";
import {
  clientAddress,
  clientTunnelAddress,
  ipv4Packet,
  keyPair,
  numbered,
  numberOf,
  range,
  serverAddress,
  serverTunnelAddress,
  sockaddr,
  TunnelEnd,
} from "./tunnel.ts";

const maximumFrame = 2000;

/** A packet with its length in front, as OpenVPN's socket.c (link_socket_write_tcp) has it. */
function frame(packet: Uint8Array): number[] {
  return [packet.length >>> 8, packet.length & 0xff, ...packet];
}

/** Takes all that is there, packet by packet. */
function takeAll(receiver: FrameReceiver, area: StreamArea): Uint8Array[] {
  const packets: Uint8Array[] = [];
  do {
    const count = receiver.receive(area);
    for (let i = 0; i < count; i++) {
      const offset = area.offset[i];
      packets.push(area.memory.bytes.slice(offset, offset + area.length[i]));
    }
  } while (receiver.unfinished || !receiver.drained);
  return packets;
}

const memory = new PinnedMemory(65536);
const areaStart = memory.allocate(2 * (maximumFrame + 2));

function receiverOf(stream: InMemoryStream, packets = 16) {
  const area = new StreamArea(memory, areaStart, 2 * (maximumFrame + 2), packets);
  return { area, receiver: new FrameReceiver(stream, maximumFrame) };
}

Deno.test("a stream's packets come whole and in order, however it is cut", () => {
  const packets = fc.array(fc.uint8Array({ minLength: 1, maxLength: maximumFrame }), {
    maxLength: 12,
  });
  const cuts = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1 });
  fc.assert(
    fc.property(packets, cuts, fc.integer({ min: 1, max: 5 }), (sent, cut, perReceive) => {
      const stream = new InMemoryStream(memory);
      const { area, receiver } = receiverOf(stream, perReceive);
      let next = 0;
      stream.nextCut = () => cut[next++ % cut.length];
      stream.inject(sent.flatMap(frame));
      assert.deepEqual(takeAll(receiver, area), sent);
      assert.equal(receiver.ended, undefined);
      assert.equal(receiver.kept, 0);
    }),
    { numRuns: 300 },
  );
});

Deno.test("any bytes: nothing outside of the area, nothing thrown, no more kept than a packet", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 5000 }), { maxLength: 8 }),
      (chunks) => {
        const stream = new InMemoryStream(memory);
        const { area, receiver } = receiverOf(stream);
        const outside = areaStart + area.size;
        memory.bytes.fill(0xa5, outside);
        for (const chunk of chunks) {
          stream.inject(chunk);
          for (const packet of takeAll(receiver, area)) {
            assert.ok(packet.length >= 1 && packet.length <= maximumFrame);
          }
          assert.ok(receiver.kept <= maximumFrame + 1);
        }
        assert.ok(memory.bytes.subarray(outside).every((byte) => byte === 0xa5));
      },
    ),
    { numRuns: 200 },
  );
});

for (const [length, announced] of [[0, [0, 0]], [maximumFrame + 1, [0x07, 0xd1]]] as const) {
  Deno.test(`a length of ${length} ends the stream, after the packets before it`, () => {
    const stream = new InMemoryStream(memory);
    const { area, receiver } = receiverOf(stream);
    stream.inject([...frame(Uint8Array.of(7)), ...announced, 1, 2, 3]);
    assert.deepEqual(takeAll(receiver, area), [Uint8Array.of(7)]);
    assert.match(receiver.ended ?? "", new RegExp(`a packet of ${length} bytes is announced`));
    stream.inject(frame(Uint8Array.of(8)));
    assert.equal(receiver.receive(area), 0);
  });
}

Deno.test("who announces a long packet and stalls costs what it has sent", () => {
  const stream = new InMemoryStream(memory);
  const { area, receiver } = receiverOf(stream);
  stream.inject([0x07, 0xd0, 1, 2, 3]);
  assert.equal(receiver.receive(area), 0);
  assert.equal(receiver.drained, false);
  assert.equal(receiver.receive(area), 0);
  assert.equal(receiver.drained, true);
  assert.equal(receiver.kept, 5);
});

Deno.test("the end of a stream, and its failure, are told apart", () => {
  for (
    const [closed, failure, reason] of [[true, 0, /closed by the peer/], [
      false,
      Errno.ECONNRESET,
      /^ECONNRESET$/,
    ]] as const
  ) {
    const stream = new InMemoryStream(memory);
    const { area, receiver } = receiverOf(stream);
    stream.closed = closed;
    stream.failure = failure;
    assert.equal(receiver.receive(area), 0);
    assert.match(receiver.ended ?? "", reason);
    assert.equal(receiver.drained, true);
  }
});

Deno.test("a byte queue gives back what was put in, in order", () => {
  const step = fc.oneof(fc.uint8Array({ maxLength: 9000 }), fc.integer({ min: 0, max: 9000 }));
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const queue = new ByteQueue();
      let model: number[] = [];
      for (const step of steps) {
        if (typeof step === "number") {
          queue.shift(step);
          model = model.slice(step);
        } else {
          queue.push(step);
          queue.pushUint16(step.length);
          model.push(...step, step.length >>> 8, step.length & 0xff);
        }
        assert.equal(queue.length, model.length);
        assert.deepEqual([...queue.bytes], model);
      }
    }),
    { numRuns: 50 },
  );
});

/** What has arrived at a stream's other end, packet by packet. */
function arrivals(stream: InMemoryStream): Uint8Array[] {
  const { area, receiver } = receiverOf(stream);
  return takeAll(receiver, area);
}

/** A sender on socket 5, and the other end. */
function senderOf(room: number) {
  const [near, far] = [new InMemoryStream(memory), new InMemoryStream(memory)];
  near.connect(far);
  near.room = room;
  const counters = SharedCounters.create(1);
  return { near, far, counters, sender: new StreamSender(near, 5, counters) };
}

Deno.test("what has no room is queued up to a limit, whole packets only", () => {
  const size = 1000;
  const batch = new PacketBatch(memory, 400);
  const start = memory.allocate(size + 2) + 2;
  memory.bytes.fill(7, start, start + size);
  const key = { peer: { socket: 5 } } as DataKey; // all that a sender looks at
  for (let i = 0; i < 400; i++) {
    batch.offset[i] = start;
    batch.length[i] = size;
    batch.key[i] = key;
  }
  batch.count = 400;
  const { near, far, counters, sender } = senderOf(1500);
  sender.sendNow(batch);
  sender.sendNow(batch);
  assert.ok(sender.blocked && sender.congested);
  near.room = Infinity;
  assert.ok(sender.resume());
  assert.ok(!sender.blocked && !sender.congested);
  assert.ok(far.waiting <= 1500 + 3 * congestionLimit, `${far.waiting} bytes`);
  const packets = arrivals(far);
  assert.ok(packets.every((packet) => packet.length === size && packet.every((b) => b === 7)));
  assert.ok(packets.length >= 3 * congestionLimit / 1002);
  assert.equal(packets.length + counters.dropped(DropReason.QUEUE_FULL), 800);
});

Deno.test("control packets wait in order, up to a limit", () => {
  const { near, far, sender } = senderOf(0);
  const packet = (i: number) => new Uint8Array(1200).fill(i);
  for (let i = 0; i < 1000; i++) sender.sendControl(packet(i));
  near.room = Infinity;
  sender.resume();
  assert.ok(far.waiting <= 4 * congestionLimit);
  const packets = arrivals(far);
  assert.ok(packets.length > congestionLimit / 1202);
  for (const [i, received] of packets.entries()) assert.deepEqual(received, packet(i));
});

/** A server and clients, connected by streams; client `n`'s is the server's socket 100 + `n`. */
class StreamTunnel {
  readonly network = new InMemoryNetwork();
  readonly server = new TunnelEnd(this.network, { role: "server", address: serverAddress });
  readonly clients: TunnelEnd[] = [];
  /** The server's end of each, and the client's. */
  readonly near: InMemoryStream[] = [];
  readonly far: InMemoryStream[] = [];

  static async open(clients = 1, v1 = false): Promise<StreamTunnel> {
    const tunnel = new StreamTunnel();
    for (let n = 0; n < clients; n++) await tunnel.#add(n, v1);
    return tunnel;
  }

  async #add(n: number, v1: boolean): Promise<void> {
    const { server, network } = this;
    const client = new TunnelEnd(network, { role: "client", address: clientAddress(n) });
    const near = new InMemoryStream(server.memory);
    const far = new InMemoryStream(client.memory);
    near.connect(far);
    this.clients.push(client);
    this.near.push(near);
    this.far.push(far);
    const socket = 100 + n;
    server.loop.attachStream(socket, near, sockaddr(clientAddress(n)), maximumFrame);
    client.loop.attachStream(socket, far, sockaddr(serverAddress), 65_535);
    const keys = keyPair("AES-256-GCM");
    const remotePeerId = v1 ? undefined : n;
    await client.addPeer(0, serverAddress, { socket, remotePeerId });
    await client.installKey(0, 0, keys.client());
    await server.addPeer(n, clientAddress(n), { socket, remotePeerId });
    await server.installKey(n, 0, keys.server());
    await server.addRoute(n, clientTunnelAddress(n));
  }

  /** Works until nothing moves any more. */
  async pass(): Promise<void> {
    let before;
    do {
      before = this.#moved();
      for (const [n, client] of this.clients.entries()) {
        for (const [end, stream] of [[this.server, this.near[n]], [client, this.far[n]]] as const) {
          if (stream.waiting > 0 || stream.closed) end.loop.markSocketReadable(100 + n);
          end.loop.markSocketWritable(100 + n);
          await end.work();
        }
      }
    } while (this.#moved() !== before);
  }

  #moved(): string {
    const ends = [this.server, ...this.clients];
    return [
      ...ends.map(({ device }) => `${device.inbound.length}/${device.outbound.length}`),
      ...[...this.near, ...this.far].map(({ waiting }) => waiting),
    ].join(" ");
  }

  down(n: number, numbers: readonly number[], length?: number): void {
    for (const number of numbers) {
      this.server.device.inbound.push(
        ipv4Packet(serverTunnelAddress, clientTunnelAddress(n), numbered(number, length)),
      );
    }
  }

  up(n: number, numbers: readonly number[], length?: number): void {
    for (const number of numbers) {
      this.clients[n].device.inbound.push(
        ipv4Packet(clientTunnelAddress(n), serverTunnelAddress, numbered(number, length)),
      );
    }
  }

  close(): void {
    this.server.loop.stop();
    for (const client of this.clients) client.loop.stop();
  }
}

for (const v1 of [false, true]) {
  Deno.test(`packets cross a stream both ways, cut anywhere: P_DATA_V${v1 ? 1 : 2}`, async () => {
    const tunnel = await StreamTunnel.open(2, v1);
    let seed = 1;
    for (const stream of [...tunnel.near, ...tunnel.far]) {
      stream.nextCut = () => seed = 1 + seed * 7 % 4999;
    }
    for (const n of [0, 1]) {
      tunnel.up(n, range(1000 * n, 200), 1 + 700 * n);
      tunnel.down(n, range(1000 * n + 500, 200), 1300);
    }
    await tunnel.pass();
    assert.deepEqual(
      tunnel.server.device.outbound.map(numberOf).sort((a, b) => a - b),
      [...range(0, 200), ...range(1000, 200)],
    );
    for (const n of [0, 1]) {
      assert.deepEqual(
        tunnel.clients[n].device.outbound.map(numberOf),
        range(1000 * n + 500, 200),
      );
    }
    assert.ok(tunnel.server.counters.drops.every((count) => count === 0));
    tunnel.close();
  });
}

Deno.test("a client waits with its device while its connection is full, and loses nothing", async () => {
  const tunnel = await StreamTunnel.open();
  tunnel.up(0, range(0, 500), 1000);
  tunnel.far[0].room = 0;
  await tunnel.clients[0].work();
  assert.ok(tunnel.clients[0].device.inbound.length > 0, "the device waits");
  tunnel.clients[0].loop.sendControl(100, Uint8Array.of(5 << 3, 1, 2));
  // In pieces of odd sizes, so that packets are sent in parts.
  tunnel.far[0].room = 1717;
  await tunnel.pass();
  assert.deepEqual(tunnel.server.device.outbound.map(numberOf), range(0, 500));
  assert.deepEqual(tunnel.server.eventsOf("control-datagram").map(({ datagram }) => datagram), [
    Uint8Array.of(5 << 3, 1, 2),
  ]);
  assert.ok(tunnel.clients[0].counters.drops.every((count) => count === 0));
  tunnel.close();
});

Deno.test("a client that takes nothing holds up no other, and its queue is bounded", async () => {
  const tunnel = await StreamTunnel.open(2);
  tunnel.near[0].room = 777; // in the middle of a packet
  for (let burst = 0; burst < 20; burst++) {
    tunnel.down(0, range(1000 * burst, 100), 1000);
    tunnel.down(1, range(1000 * burst, 100), 1000);
    await tunnel.server.work();
    tunnel.clients[1].loop.markSocketReadable(101);
    await tunnel.clients[1].work();
  }
  assert.equal(tunnel.clients[1].device.outbound.length, 2000);
  const dropped = tunnel.server.counters.dropped(DropReason.QUEUE_FULL);
  const { packetsOut } = tunnel.server.counters.peer(0);
  // What is dropped for lack of room is not even sealed, once the queue is full.
  assert.ok(packetsOut * 1000 < 5 * congestionLimit, `${packetsOut} sealed`);
  assert.ok(dropped >= 2000 - packetsOut);
  // What was taken arrives whole and in order when it reads again.
  tunnel.near[0].room = Infinity;
  await tunnel.pass();
  const numbers = tunnel.clients[0].device.outbound.map(numberOf);
  assert.equal(numbers.length, 2000 - dropped);
  assert.deepEqual(numbers, numbers.toSorted((a, b) => a - b));
  assert.equal(tunnel.clients[0].loop.ended.length, 0);
  tunnel.close();
});

Deno.test("a connection's end is reported once, and what waited is dropped and counted", async () => {
  const tunnel = await StreamTunnel.open();
  tunnel.near[0].failure = Errno.ECONNRESET;
  tunnel.down(0, range(0, 10));
  await tunnel.server.work();
  assert.deepEqual(
    tunnel.server.loop.ended.map(({ number, ended }) => [number, ended]),
    [[100, "ECONNRESET"]],
  );
  tunnel.server.loop.ended.length = 0;
  tunnel.down(0, range(0, 10));
  tunnel.server.loop.markSocketReadable(100);
  await tunnel.server.work();
  assert.equal(tunnel.server.loop.ended.length, 0);
  const { counters } = tunnel.server;
  assert.equal(
    counters.dropped(DropReason.SEND_REFUSED) + counters.dropped(DropReason.QUEUE_FULL),
    20,
  );
  tunnel.server.loop.detachSocket(100);
  await tunnel.server.work();
  tunnel.close();
});

Deno.test("nobody floats to a connection, and an address there is nobody else's", async () => {
  const tunnel = await StreamTunnel.open(2);
  // Client 0's packet, authentic and new, comes in by client 1's connection.
  tunnel.near[0].connect(new InMemoryStream(tunnel.server.memory));
  tunnel.far[0].connect(tunnel.near[1]);
  tunnel.up(0, [1]);
  await tunnel.clients[0].work();
  tunnel.server.loop.markSocketReadable(101);
  await tunnel.server.work();
  assert.equal(tunnel.server.device.outbound.length, 0);
  assert.equal(tunnel.server.counters.dropped(DropReason.WRONG_ADDRESS), 1);
  assert.equal(tunnel.server.eventsOf("peer-float").length, 0);
  tunnel.close();
});

Deno.test("many small packets in one stream are taken over several turns, before anything else", async () => {
  const tunnel = await StreamTunnel.open(2);
  // 1 byte each, of an opcode that goes nowhere: more than a batch holds.
  const count = 5000;
  tunnel.near[0].inject(Array.from({ length: count }, () => [0, 1, 31 << 3]).flat());
  tunnel.near[1].inject(frame(Uint8Array.of(31 << 3)));
  tunnel.server.loop.markSocketReadable(100);
  tunnel.server.loop.markSocketReadable(101);
  await tunnel.server.work();
  assert.equal(tunnel.server.counters.dropped(DropReason.UNKNOWN_OPCODE), count + 1);
  tunnel.close();
});

Deno.test("detaching a connection whose packets are half taken leaves nothing behind", async () => {
  const tunnel = await StreamTunnel.open(2);
  tunnel.near[0].inject(Array.from({ length: 3000 }, () => [0, 1, 31 << 3]).flat());
  tunnel.server.loop.markSocketReadable(100);
  await tunnel.server.loop.turn();
  assert.equal(tunnel.server.loop.waitTime, 0);
  const taken = tunnel.server.counters.dropped(DropReason.UNKNOWN_OPCODE);
  assert.ok(taken > 0 && taken < 3000);
  tunnel.server.loop.detachSocket(100);
  tunnel.up(1, [1]);
  await tunnel.pass();
  assert.deepEqual(tunnel.server.device.outbound.map(numberOf), [1]);
  assert.equal(tunnel.server.counters.dropped(DropReason.UNKNOWN_OPCODE), taken);
  tunnel.close();
});
