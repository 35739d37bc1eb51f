import assert from "node:assert/strict";
import fc from "fast-check";
import {
  acceptConnection,
  type AcceptedConnection,
  closeConnection,
  connectionError,
  decodeSockaddr,
  encodeSockaddr,
  Epoll,
  EpollEvent,
  Errno,
  PinnedMemory,
  StreamPort,
  StreamWorkspace,
  SysError,
  TcpListener,
  TcpSocket,
} from "../../ffi/mod.ts";
import { isolatedTest } from "./isolated.ts";

const room = 262_144;

/** Waits until the fd is ready; 0 after a second without. */
function waitFor(fd: number, events: number): number {
  const epoll = Epoll.create(1);
  try {
    epoll.add(fd, events, 0);
    return epoll.wait(1000) === 0 ? 0 : epoll.events(0);
  } finally {
    epoll.close();
  }
}

function accept(listener: TcpListener): AcceptedConnection {
  waitFor(listener.fd, EpollEvent.IN);
  const accepted = acceptConnection(listener.fd);
  if (typeof accepted === "number") throw new SysError("accept4", accepted);
  return accepted;
}

/** A connection over the loopback interface, both ends in one memory. */
class Pair implements Disposable {
  readonly memory = new PinnedMemory(4 * room);
  readonly listener: TcpListener;
  readonly client: TcpSocket;
  readonly accepted: AcceptedConnection;
  readonly near: StreamPort;
  readonly far: StreamPort;
  readonly out = this.memory.allocate(room);
  readonly in = this.memory.allocate(room);
  #farOpen = true;

  constructor(local = "127.0.0.1") {
    this.listener = TcpListener.bind({ hostname: local, port: 0 });
    const { hostname, port } = this.listener.localAddress();
    this.client = TcpSocket.connect({ remote: encodeSockaddr(hostname, port) });
    this.accepted = accept(this.listener);
    waitFor(this.client.fd, EpollEvent.OUT);
    assert.equal(connectionError(this.client.fd), 0);
    const workspace = new StreamWorkspace(this.memory, 64);
    this.near = new StreamPort(this.client.fd, workspace);
    this.far = new StreamPort(this.accepted.fd, workspace);
  }

  closeFar(): void {
    if (this.#farOpen) closeConnection(this.accepted.fd);
    this.#farOpen = false;
  }

  /** What the far end gets next, waiting for it. */
  receive(port = this.far, fd = this.accepted.fd): Uint8Array | number {
    waitFor(fd, EpollEvent.IN);
    const length = port.receive(this.in, room);
    return length > 0 ? this.memory.bytes.slice(this.in, this.in + length) : length;
  }

  [Symbol.dispose](): void {
    this.listener.close();
    this.client.close();
    this.closeFar();
  }
}

for (const local of ["127.0.0.1", "::1"]) {
  Deno.test(`TCP: pieces arrive as one stream, in order, from ${local}`, () => {
    using pair = new Pair(local);
    const pieces = [[1, 2, 3], [4], [5, 6]];
    let at = pair.out;
    for (const piece of pieces) {
      pair.memory.bytes.set(piece, at + 100);
      assert.ok(pair.near.append(at + 100, piece.length));
      at += 1000;
    }
    assert.equal(pair.near.flush(), 6);
    assert.deepEqual(pair.receive(), Uint8Array.of(1, 2, 3, 4, 5, 6));
    assert.equal(pair.far.receive(pair.in, room), 0);
    assert.equal(pair.far.lastError, Errno.EAGAIN);
    assert.equal(pair.far.send(Uint8Array.of(7, 8)), 2);
    assert.deepEqual(pair.receive(pair.near, pair.client.fd), Uint8Array.of(7, 8));
    assert.deepEqual(decodeSockaddr(pair.accepted.sockaddr), pair.client.localAddress());
  });
}

Deno.test("TCP: a listener without an address takes IPv4 and IPv6", () => {
  const listener = TcpListener.bind({ port: 0 });
  try {
    const { port } = listener.localAddress();
    for (const hostname of ["127.0.0.1", "::1"]) {
      const client = TcpSocket.connect({ remote: encodeSockaddr(hostname, port) });
      const accepted = accept(listener);
      assert.equal(decodeSockaddr(accepted.sockaddr).hostname, hostname);
      closeConnection(accepted.fd);
      client.close();
    }
    const only = TcpListener.bind({ port: 0, family: 6, ipv6Only: true });
    const client = TcpSocket.connect({
      remote: encodeSockaddr("127.0.0.1", only.localAddress().port),
    });
    waitFor(client.fd, EpollEvent.OUT);
    assert.equal(connectionError(client.fd), Errno.ECONNREFUSED);
    client.close();
    only.close();
  } finally {
    listener.close();
  }
});

Deno.test("TCP: a socket listens until all its file descriptors are closed", () => {
  const listener = TcpListener.bind({ hostname: "127.0.0.1", port: 0, backlog: 4 });
  const remote = encodeSockaddr("127.0.0.1", listener.localAddress().port);
  const duplicate = listener.duplicate();
  listener.close();
  // FD_CLOEXEC, as /proc shows it (proc_pid_fdinfo(5)): no program that is started has it.
  const info = Deno.readTextFileSync(`/proc/self/fdinfo/${duplicate}`);
  const flags = parseInt(/^flags:\s*(\d+)$/m.exec(info)![1], 8);
  assert.notEqual(flags & 0o2000000, 0);
  const client = TcpSocket.connect({ remote });
  waitFor(duplicate, EpollEvent.IN);
  const accepted = acceptConnection(duplicate);
  assert.ok(typeof accepted === "object");
  closeConnection(accepted.fd);
  client.close();
  closeConnection(duplicate);
  const late = TcpSocket.connect({ remote });
  waitFor(late.fd, EpollEvent.OUT);
  assert.equal(connectionError(late.fd), Errno.ECONNREFUSED);
  late.close();
});

Deno.test("TCP: nothing waiting is EAGAIN, and an address in use is refused", () => {
  const listener = TcpListener.bind({ hostname: "127.0.0.1", port: 0 });
  assert.equal(acceptConnection(listener.fd), Errno.EAGAIN);
  assert.throws(
    () => TcpListener.bind({ hostname: "127.0.0.1", port: listener.localAddress().port }),
    (error) => error instanceof SysError && error.errno === Errno.EADDRINUSE,
  );
  listener.close();
  listener.close();
  assert.equal(listener.fd, -1);
});

Deno.test("TCP: the local address and buffers are the ones asked for", () => {
  const listener = TcpListener.bind({ hostname: "127.0.0.1", port: 0 });
  const { hostname, port } = listener.localAddress();
  const client = TcpSocket.connect({
    remote: encodeSockaddr(hostname, port),
    hostname: "127.0.0.7",
    sendBuffer: 30_000,
  });
  assert.equal(client.localAddress().hostname, "127.0.0.7");
  // The kernel doubles it, for its own overhead (socket(7)).
  assert.equal(client.bufferSizes().send, 60_000);
  client.close();
  listener.close();
});

Deno.test("TCP: the other end's close, and its reset, end the stream", () => {
  {
    using pair = new Pair();
    pair.closeFar();
    assert.equal(pair.receive(pair.near, pair.client.fd), -1);
    assert.equal(pair.near.lastError, 0);
  }
  using pair = new Pair();
  pair.near.send(Uint8Array.of(1));
  waitFor(pair.accepted.fd, EpollEvent.IN);
  pair.closeFar(); // with a byte unread: RFC 9293 has it send a reset
  assert.equal(pair.receive(pair.near, pair.client.fd), -1);
  assert.equal(pair.near.lastError, Errno.ECONNRESET);
  // No SIGPIPE ends the process.
  assert.equal(pair.near.send(Uint8Array.of(1)), -1);
  assert.equal(pair.near.lastError, Errno.EPIPE);
  pair.near.append(pair.out, 1);
  assert.equal(pair.near.flush(), -1);
  assert.equal(pair.near.lastError, Errno.EPIPE);
});

Deno.test("TCP: a full socket takes a part, then nothing, and all arrives once", () => {
  using pair = new Pair();
  let sent = 0;
  for (;;) {
    pair.memory.view.setUint32(pair.out, sent);
    pair.near.append(pair.out, room);
    const taken = pair.near.flush();
    if (taken === 0) break;
    sent += taken;
  }
  assert.equal(pair.near.lastError, Errno.EAGAIN);
  let received = 0;
  while (received < sent) {
    const bytes = pair.receive();
    if (typeof bytes === "number") throw new Error(`receive: ${bytes}`);
    received += bytes.length;
  }
  assert.equal(received, sent);
  assert.ok((waitFor(pair.client.fd, EpollEvent.OUT) & EpollEvent.OUT) !== 0);
});

Deno.test("TCP: any pieces arrive as their concatenation", () => {
  using pair = new Pair();
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 3000 }), {
        minLength: 1,
        maxLength: 20,
      }),
      (pieces) => {
        let at = pair.out;
        for (const piece of pieces) {
          pair.memory.bytes.set(piece, at);
          assert.ok(pair.near.append(at, piece.length));
          at += piece.length + 7;
        }
        const total = pieces.reduce((sum, piece) => sum + piece.length, 0);
        assert.equal(pair.near.flush(), total);
        const received: number[] = [];
        while (received.length < total) {
          const bytes = pair.receive();
          if (typeof bytes === "number") throw new Error(`receive: ${bytes}`);
          received.push(...bytes);
        }
        assert.deepEqual(received, pieces.flatMap((piece) => [...piece]));
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("TCP: pieces beyond the workspace and bytes outside of the memory are refused", () => {
  using pair = new Pair();
  for (let i = 0; i < 64; i++) assert.ok(pair.near.append(pair.out, 1));
  assert.equal(pair.near.append(pair.out, 1), false);
  assert.equal(pair.near.flush(), 64);
  assert.throws(() => pair.near.append(pair.memory.size - 1, 2), RangeError);
  assert.throws(() => pair.near.receive(pair.memory.size - 1, 2), RangeError);
  assert.throws(() => new StreamWorkspace(pair.memory, 1025), RangeError);
});

await isolatedTest(
  import.meta.url,
  "TCP: a mark and a device are set, a device that is not there is refused",
  async () => {
    await new Deno.Command("ip", { args: ["link", "set", "lo", "up"] }).output();
    const listener = TcpListener.bind({ hostname: "127.0.0.1", port: 0, mark: 7, device: "lo" });
    const { hostname, port } = listener.localAddress();
    const remote = encodeSockaddr(hostname, port);
    const client = TcpSocket.connect({ remote, mark: 7, device: "lo" });
    closeConnection(accept(listener).fd);
    client.close();
    listener.close();
    assert.throws(
      () => TcpSocket.connect({ remote, device: "nosuch0" }),
      (error) => error instanceof SysError && error.code === "ENODEV",
    );
  },
);
