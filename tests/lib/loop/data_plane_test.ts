// The worker with real eventfd, epoll and UDP sockets on the loopback interface; tun_test.ts has the
// TUN device.

import assert from "node:assert/strict";
import { encodeSockaddr, UdpSocket } from "deno-tun";
import { VpnError } from "../../../lib/base/errors.ts";
import { DataPlane, type DataPlaneEvent } from "../../../lib/loop/data_plane.ts";
import { keyPair } from "./tunnel.ts";

const loopback = "127.0.0.1";

/** Events of one data plane, to be waited for. */
class Events {
  readonly all: DataPlaneEvent[] = [];
  #waiting: { kind: string; resolve: (event: DataPlaneEvent) => void }[] = [];

  readonly take = (event: DataPlaneEvent): void => {
    this.all.push(event);
    const index = this.#waiting.findIndex(({ kind }) => kind === event.kind);
    if (index >= 0) this.#waiting.splice(index, 1)[0].resolve(event);
  };

  /** The next event of that kind from now on. */
  next<Kind extends DataPlaneEvent["kind"]>(
    kind: Kind,
  ): Promise<Extract<DataPlaneEvent, { kind: Kind }>> {
    return new Promise((resolve) => {
      this.#waiting.push({
        kind,
        resolve: (event) => resolve(event as Extract<DataPlaneEvent, { kind: Kind }>),
      });
    });
  }
}

async function startPlane(events: Events, role: "server" | "client"): Promise<DataPlane> {
  return await DataPlane.start({
    engine: "auto",
    maxPeers: 4,
    role,
    clientToClient: false,
    float: role === "server",
    offload: true,
    onEvent: events.take,
  });
}

Deno.test("the worker hands control datagrams to main, bounded", async () => {
  const events = new Events();
  const plane = await startPlane(events, "client");
  const socket = UdpSocket.bind({ hostname: loopback, port: 0 });
  const stranger = UdpSocket.bind({ hostname: loopback, port: 0 });
  try {
    plane.command({ kind: "attach-socket", socket: 7, fd: socket.fd, protocol: "udp" });
    const { port } = socket.localAddress();
    const arrival = events.next("control-datagram");
    // P_CONTROL_HARD_RESET_CLIENT_V2, key id 0.
    const datagram = Uint8Array.of(7 << 3, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0);
    assert.ok(stranger.sendTo(datagram, encodeSockaddr(loopback, port)));
    const event = await arrival;
    assert.equal(event.socket, 7);
    assert.deepEqual(event.datagram, datagram);
    assert.deepEqual(
      event.address,
      encodeSockaddr(loopback, stranger.localAddress().port),
    );
    assert.equal(plane.counters.controlBacklog, 1);
    plane.counters.leaveControlBacklog();
    assert.equal(plane.counters.controlBacklog, 0);

    const detached = events.next("socket-detached");
    plane.command({ kind: "detach-socket", socket: 7 });
    assert.equal((await detached).socket, 7);
  } finally {
    await plane.stop();
    socket.close();
    stranger.close();
  }
});

Deno.test("two workers exchange pings, time out and take leave over real sockets", async () => {
  const serverEvents = new Events();
  const clientEvents = new Events();
  const server = await startPlane(serverEvents, "server");
  const client = await startPlane(clientEvents, "client");
  const serverSocket = UdpSocket.bind({ hostname: loopback, port: 0 });
  const clientSocket = UdpSocket.bind({ hostname: loopback, port: 0 });
  try {
    server.command({ kind: "attach-socket", socket: 0, fd: serverSocket.fd, protocol: "udp" });
    client.command({ kind: "attach-socket", socket: 0, fd: clientSocket.fd, protocol: "udp" });
    const keys = keyPair("AES-256-GCM", "SHA256");
    const common = { socket: 0, framing: "none", replayWindow: 64, replayTime: 15_000 } as const;
    client.command({
      kind: "add-peer",
      peer: 0,
      address: encodeSockaddr(loopback, serverSocket.localAddress().port),
      remotePeerId: 2,
      pingInterval: 1000,
      pingTimeout: 0,
      ...common,
    });
    server.command({
      kind: "add-peer",
      peer: 2,
      address: encodeSockaddr(loopback, clientSocket.localAddress().port),
      pingInterval: 0,
      pingTimeout: 0,
      ...common,
    });
    const installed = [clientEvents.next("key-installed"), serverEvents.next("key-installed")];
    const mine = keys.client();
    client.command({ kind: "install-key", peer: 0, keyId: 1, ...mine });
    server.command({ kind: "install-key", peer: 2, keyId: 1, ...keys.server() });
    assert.ok(mine.seal.cipherKey.every((byte) => byte === 0), "main's copy is wiped");
    await Promise.all(installed);
    client.command({ kind: "activate-key", peer: 0, keyId: 1 });
    const exit = serverEvents.next("peer-exit");
    client.command({ kind: "send-exit", peer: 0 });
    assert.equal((await exit).peer, 2);
    assert.equal(server.counters.peer(2).packetsIn, 1);
    assert.equal(client.counters.peer(0).packetsOut, 1);
    assert.ok(server.counters.peer(2).lastReceived > 0);
    assert.equal(
      server.counters.peer(2).bytesIn,
      client.counters.peer(0).bytesOut,
    );
  } finally {
    await Promise.all([server.stop(), client.stop()]);
    serverSocket.close();
    clientSocket.close();
  }
});

Deno.test("a worker that cannot start says why, and stops without harm", async () => {
  await assert.rejects(
    DataPlane.start({
      engine: "none" as "auto", // what the type forbids: the worker must not die in silence
      maxPeers: 1,
      role: "client",
      clientToClient: false,
      float: false,
      offload: false,
      onEvent: () => {},
    }),
    VpnError,
  );
});

Deno.test("a device that is no device ends the worker with an error", async () => {
  const events = new Events();
  const plane = await startPlane(events, "client");
  const failed = events.next("failed");
  plane.command({
    kind: "attach-tun",
    fd: 1_000_000,
    mtu: 1500,
    vnetHeader: false,
    udpSegmentation: false,
  });
  assert.match((await failed).message, /EBADF/);
  await plane.stop();
  await plane.stop();
});

Deno.test("a worker that was not waited for carries out what it was asked meanwhile", async () => {
  const events = new Events();
  const started = Promise.withResolvers<string>();
  const options = {
    ...{ engine: "auto", maxPeers: 4, role: "client", clientToClient: false } as const,
    ...{ float: false, offload: true, onEvent: events.take },
  };
  const plane = DataPlane.begin(options, (engine) => started.resolve(engine));
  const socket = UdpSocket.bind({ hostname: loopback, port: 0 });
  try {
    const detached = events.next("socket-detached");
    plane.command({ kind: "attach-socket", socket: 3, fd: socket.fd, protocol: "udp" });
    plane.command({ kind: "detach-socket", socket: 3 });
    assert.equal((await detached).socket, 3);
    assert.equal(await started.promise, plane.engine);
    assert.notEqual(plane.engine, "");
  } finally {
    await plane.stop();
    socket.close();
  }
});

Deno.test("that a worker cannot start is told to who did not wait for it", async () => {
  const events = new Events();
  const failed = events.next("failed");
  const options = {
    ...{ engine: "none" as "auto", maxPeers: 1, role: "client", clientToClient: false } as const,
    ...{ float: false, offload: false, onEvent: events.take },
  };
  const plane = DataPlane.begin(options, () => assert.fail("it has started"));
  assert.notEqual((await failed).message, "");
  await plane.stop();
  assert.deepEqual(events.all.map((event) => event.kind), ["failed"]);
});
