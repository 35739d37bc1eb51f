// The worker's TCP sockets, over the loopback interface.

import assert from "node:assert/strict";
import {
  decodeSockaddr,
  encodeSockaddr,
  Epoll,
  EpollEvent,
  PinnedMemory,
  StreamPort,
  StreamWorkspace,
  TcpListener,
  TcpSocket,
} from "deno-tun";
import { DataPlane, type DataPlaneEvent } from "../../../lib/loop/data_plane.ts";
import { firstConnection } from "../../../lib/loop/messages.ts";
import { isolatedTest } from "../../ffi/isolated.ts";

const listenerNumber = 3;
const maximumFrame = 2000;
/** P_ACK_V1, as much of it as the worker looks at. */
const control = Uint8Array.of(5 << 3, 1, 2, 3, 4, 5, 6, 7, 8);
const framed = Uint8Array.of(0, control.length, ...control);

type Event<Kind> = Extract<DataPlaneEvent, { readonly kind: Kind }>;

/** A data plane with a listener. */
class Worker implements AsyncDisposable {
  readonly listener = TcpListener.bind({ hostname: "127.0.0.1", port: 0 });
  readonly events: DataPlaneEvent[] = [];
  readonly #clients: TcpSocket[] = [];
  readonly #memory = new PinnedMemory(65536);
  readonly #workspace = new StreamWorkspace(this.#memory, 4);
  readonly #in = this.#memory.allocate(4096);
  #plane!: DataPlane;
  #arrived = Promise.withResolvers<void>();

  static async start(maximumConnections = 10): Promise<Worker> {
    const worker = new Worker();
    worker.#plane = await DataPlane.start({
      engine: "auto",
      maxPeers: 4,
      role: "server",
      clientToClient: false,
      float: true,
      offload: true,
      onEvent: (event) => {
        if (event.kind === "control-datagram") worker.#plane.counters.leaveControlBacklog();
        worker.events.push(event);
        worker.#arrived.resolve();
        worker.#arrived = Promise.withResolvers();
      },
    });
    const { fd } = worker.listener;
    worker.plane.command({
      kind: "attach-listener",
      socket: listenerNumber,
      fd,
      maximumFrame,
      maximumConnections,
    });
    return worker;
  }

  get plane(): DataPlane {
    return this.#plane;
  }

  /** The `n`th event of that kind, from 0. */
  async event<Kind extends DataPlaneEvent["kind"]>(kind: Kind, n = 0): Promise<Event<Kind>> {
    for (;;) {
      const found = this.events.filter((event) => event.kind === kind)[n];
      if (found !== undefined) return found as Event<Kind>;
      await this.#arrived.promise;
    }
  }

  connect(): { socket: TcpSocket; port: StreamPort } {
    const { hostname, port } = this.listener.localAddress();
    const socket = TcpSocket.connect({ remote: encodeSockaddr(hostname, port) });
    this.#clients.push(socket);
    return { socket, port: new StreamPort(socket.fd, this.#workspace) };
  }

  /** What a client receives; undefined when its connection has ended. */
  receive({ socket, port }: { socket: TcpSocket; port: StreamPort }): Uint8Array | undefined {
    const epoll = Epoll.create(1);
    try {
      epoll.add(socket.fd, EpollEvent.IN, 0);
      assert.equal(epoll.wait(2000), 1, "nothing came");
    } finally {
      epoll.close();
    }
    const length = port.receive(this.#in, 4096);
    return length < 0 ? undefined : this.#memory.bytes.slice(this.#in, this.#in + length);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.plane.stop();
    this.listener.close();
    for (const client of this.#clients) client.close();
  }
}

Deno.test("a connection is accepted, carries control packets both ways, and is closed", async () => {
  await using worker = await Worker.start();
  const client = worker.connect();
  const opened = await worker.event("connection-opened");
  assert.equal(opened.listener, listenerNumber);
  assert.ok(opened.socket >= firstConnection);
  assert.deepEqual(decodeSockaddr(opened.address), client.socket.localAddress());

  assert.equal(client.port.send(framed.subarray(0, 5)), 5);
  assert.equal(client.port.send(framed.subarray(5)), framed.length - 5);
  const datagram = await worker.event("control-datagram");
  assert.equal(datagram.socket, opened.socket);
  assert.deepEqual(datagram.address, opened.address);
  assert.deepEqual(datagram.datagram, control);

  worker.plane.command({ kind: "send-control", socket: opened.socket, datagram: control });
  assert.deepEqual(worker.receive(client), framed);

  worker.plane.command({ kind: "close-connection", socket: opened.socket });
  worker.plane.command({ kind: "close-connection", socket: opened.socket });
  assert.equal(worker.receive(client), undefined);
  assert.ok(worker.events.every(({ kind }) => kind !== "connection-closed"));
});

Deno.test("a client that goes, or sends what is no packet, ends its connection alone", async () => {
  await using worker = await Worker.start();
  const [first, second, third] = [worker.connect(), worker.connect(), worker.connect()];
  const sockets = [];
  for (let n = 0; n < 3; n++) sockets.push((await worker.event("connection-opened", n)).socket);
  first.socket.close();
  const closed = await worker.event("connection-closed");
  assert.equal(closed.reason, "closed by the peer");
  second.port.send(Uint8Array.of(0xff, 0xff, 1));
  const refused = await worker.event("connection-closed", 1);
  assert.match(refused.reason, /a packet of 65535 bytes is announced, 1 to 2000 are taken/);
  assert.equal(new Set([closed.socket, refused.socket]).size, 2);
  assert.equal(worker.receive(second), undefined);
  third.port.send(framed);
  const { socket } = await worker.event("control-datagram");
  assert.ok(sockets.includes(socket) && socket !== closed.socket && socket !== refused.socket);
});

Deno.test("no more connections than the limit, and further ones when one is gone", async () => {
  await using worker = await Worker.start(2);
  const clients = [worker.connect(), worker.connect(), worker.connect()];
  const { socket } = await worker.event("connection-opened", 1);
  for (const client of clients) client.port.send(framed);
  // The worker has been through its turns: what it would have accepted is accepted.
  await worker.event("control-datagram", 1);
  assert.equal(worker.events.filter(({ kind }) => kind === "connection-opened").length, 2);
  worker.plane.command({ kind: "close-connection", socket });
  await worker.event("connection-opened", 2);
  await worker.event("control-datagram", 2);
});

Deno.test("main's own connection: made, refused, let go", async () => {
  await using worker = await Worker.start();
  const { hostname, port } = worker.listener.localAddress();
  const address = encodeSockaddr(hostname, port);
  const socket = TcpSocket.connect({ remote: address });
  worker.plane.command({
    ...{ kind: "attach-socket", socket: 7, fd: socket.fd, protocol: "tcp", address, maximumFrame },
  });
  const opened = [
    await worker.event("connection-opened"),
    await worker.event("connection-opened", 1),
  ];
  assert.deepEqual(opened.find((event) => event.listener === undefined)?.socket, 7);
  const accepted = opened.find((event) => event.listener !== undefined)!.socket;
  worker.plane.command({ kind: "send-control", socket: 7, datagram: control });
  assert.equal((await worker.event("control-datagram")).socket, accepted);
  worker.plane.command({ kind: "send-control", socket: accepted, datagram: control });
  assert.deepEqual((await worker.event("control-datagram", 1)).address, address);
  worker.plane.command({ kind: "detach-socket", socket: 7 });
  assert.equal((await worker.event("socket-detached")).socket, 7);
  socket.close();
  assert.equal((await worker.event("connection-closed")).socket, accepted);

  // Nobody listens there any more.
  const unused = TcpListener.bind({ hostname: "127.0.0.1", port: 0 });
  const nobody = encodeSockaddr("127.0.0.1", unused.localAddress().port);
  unused.close();
  const failing = TcpSocket.connect({ remote: nobody });
  worker.plane.command({
    kind: "attach-socket",
    socket: 8,
    fd: failing.fd,
    protocol: "tcp",
    address: nobody,
    maximumFrame,
  });
  const refused = await worker.event("connection-closed", 1);
  assert.deepEqual([refused.socket, refused.reason], [8, "ECONNREFUSED"]);
  worker.plane.command({ kind: "detach-socket", socket: 8 });
  await worker.event("socket-detached", 1);
  failing.close();
});

await isolatedTest(
  import.meta.url,
  "without file descriptors the worker waits a second at a time, and then goes on",
  async () => {
    await new Deno.Command("ip", { args: ["link", "set", "lo", "up"] }).output();
    // Deno opens files of its own for signals, when it needs them first, and panics without.
    Deno.addSignalListener("SIGWINCH", () => {});
    const worker = await Worker.start();
    const files: Deno.FsFile[] = [];
    try {
      for (;;) files.push(Deno.openSync("/dev/null"));
    } catch (error) {
      assert.match(String(error), /Too many open files/);
    }
    files.pop()?.close(); // for our end; the worker's has none
    worker.connect();
    const attempts = () => worker.events.filter(({ kind }) => kind === "log").length;
    assert.match((await worker.event("log")).message, /EMFILE/);
    await worker.event("log", 1);
    assert.equal(attempts(), 2);
    for (const file of files) file.close();
    await worker.event("connection-opened");
    assert.ok(attempts() <= 3);
    await worker[Symbol.asyncDispose]();
    Deno.exit(0); // the signal listener would go on
  },
  { wrapper: ["prlimit", "--nofile=400"] },
);
