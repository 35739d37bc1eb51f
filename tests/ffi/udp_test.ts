import assert from "node:assert/strict";
import fc from "fast-check";
import {
  DatagramPort,
  decodeSockaddr,
  effectiveUserId,
  enableReceiveOffload,
  Epoll,
  EpollEvent,
  Errno,
  maxDatagram,
  maxSegments,
  MtuDiscover,
  PinnedMemory,
  sendDatagram,
  supportsSegmentation,
  SysError,
  type UdpOptions,
  UdpSocket,
} from "../../ffi/mod.ts";
import { isolatedTest } from "./isolated.ts";

const isRoot = effectiveUserId() === 0;
const here = import.meta.url;
const room = 65536;

/** Two sockets on loopback with a port each, and the peer's address in each one's memory. */
class Pair implements Disposable {
  readonly memory = new PinnedMemory(64 * room);
  readonly a: UdpSocket;
  readonly b: UdpSocket;
  readonly sender: DatagramPort;
  readonly receiver: DatagramPort;
  /** Where b's sockaddr is. */
  readonly address: number;
  readonly addressLength: number;
  /** Where the bytes to send are. */
  readonly data: number;
  readonly #inbox: number;
  readonly #epoll = Epoll.create(1);

  constructor(options: Partial<UdpOptions> = {}, messages = 16) {
    this.a = UdpSocket.bind({ hostname: "127.0.0.1", port: 0, ...options });
    this.b = UdpSocket.bind({
      hostname: "127.0.0.1",
      port: 0,
      receiveBuffer: 4_000_000,
      ...options,
    });
    this.sender = new DatagramPort(this.a.fd, this.memory, { messages, pieces: 4 * messages });
    this.receiver = new DatagramPort(this.b.fd, this.memory, { messages });
    const { hostname, port } = this.b.localAddress();
    const sockaddr = this.a.sockaddr(hostname, port);
    this.address = this.memory.allocate(sockaddr.length);
    this.addressLength = sockaddr.length;
    this.memory.bytes.set(sockaddr, this.address);
    this.data = this.memory.allocate(room);
    this.#inbox = this.memory.allocate(messages * room);
    for (let i = 0; i < messages; i++) {
      this.receiver.prepareReceive(i, this.#inbox + i * room, room);
    }
    this.#epoll.add(this.b.fd, EpollEvent.IN, 0);
  }

  /** Queues one message of the given bytes. */
  queue(data: Uint8Array, segmentSize?: number): void {
    this.memory.bytes.set(data, this.data);
    assert.ok(this.sender.beginMessage(this.address, this.addressLength));
    assert.ok(this.sender.append(this.data, data.length));
    if (segmentSize !== undefined) this.sender.setSegmentSize(segmentSize);
    this.sender.endMessage();
  }

  /** Waits, and receives once. */
  receive(maxMessages?: number): number {
    assert.equal(this.#epoll.wait(5000), 1, "nothing came within 5 s");
    return this.receiver.receive(maxMessages);
  }

  received(i: number): Uint8Array {
    const start = this.#inbox + i * room;
    return this.memory.bytes.slice(start, start + this.receiver.receivedLength(i));
  }

  [Symbol.dispose](): void {
    this.#epoll.close();
    this.a.close();
    this.b.close();
  }
}

const isSysError = (code: string) => (error: unknown) =>
  error instanceof SysError && error.code === code;
const pattern = (length: number, seed = 0) =>
  Uint8Array.from({ length }, (_, i) => (i * 7 + seed) & 0xff);

Deno.test("udp: sends and receives, IPv4, IPv6 and IPv4 by an IPv6 socket", () => {
  for (
    const [bound, to, from] of [
      [{ hostname: "127.0.0.1" }, "127.0.0.1", "127.0.0.1"],
      [{ hostname: "::1" }, "::1", "::1"],
      [{}, "127.0.0.1", "127.0.0.1"],
      [{ family: 6 }, "127.0.0.1", "127.0.0.1"],
      [{ family: 4 }, "127.0.0.1", "127.0.0.1"],
      [{ hostname: "127.0.0.1", family: 6 }, "127.0.0.1", "127.0.0.1"],
    ] as const
  ) {
    const server = UdpSocket.bind({ port: 0, ...bound });
    const client = UdpSocket.bind({ port: 0, hostname: from });
    try {
      const target = client.sockaddr(to, server.localAddress().port);
      assert.equal(client.sendTo(new Uint8Array([1, 2, 3]), target), true);
      assert.equal(sendDatagram(client.fd, new Uint8Array(0), target), true);
      const buffer = new Uint8Array(2);
      const first = server.receiveFrom(buffer);
      assert.ok(first);
      assert.deepEqual([first.length, ...buffer], [2, 1, 2], "cut to the buffer");
      assert.deepEqual(decodeSockaddr(first.sockaddr), client.localAddress());
      assert.equal(server.receiveFrom(buffer)?.length, 0);
      assert.equal(server.receiveFrom(buffer), undefined);
      assert.ok(server.sendTo(new Uint8Array([9]), first.sockaddr), "the answer goes back");
      assert.equal(client.receiveFrom(buffer)?.length, 1);
    } finally {
      server.close();
      client.close();
    }
  }
});

Deno.test("udp: ipv6Only leaves the port's IPv4 side free", () => {
  const ipv6 = UdpSocket.bind({ port: 0, ipv6Only: true });
  const { port } = ipv6.localAddress();
  const ipv4 = UdpSocket.bind({ port, hostname: "0.0.0.0" });
  const dual = UdpSocket.bind({ port: 0 });
  assert.throws(
    () => UdpSocket.bind({ port: dual.localAddress().port, hostname: "0.0.0.0" }),
    isSysError("EADDRINUSE"),
  );
  for (const socket of [ipv6, ipv4, dual]) socket.close();
});

Deno.test("udp: what cannot be bound says why", () => {
  assert.throws(
    () => UdpSocket.bind({ port: 0, hostname: "192.0.2.1" }),
    isSysError("EADDRNOTAVAIL"),
  );
  assert.throws(() => UdpSocket.bind({ port: 0, hostname: "vpn.example" }), TypeError);
  assert.throws(() => UdpSocket.bind({ port: 70000 }), RangeError);
  assert.throws(() => UdpSocket.bind({ port: 0, device: "nosuchdevice" }), isSysError("ENODEV"));
});

Deno.test({
  name: `udp: buffers, mark, device and path MTU discovery${
    isRoot ? "" : " [skipped: needs root]"
  }`,
  ignore: !isRoot,
  fn: () => {
    const socket = UdpSocket.bind({
      port: 0,
      device: "lo",
      mark: 7,
      receiveBuffer: 3_000_000,
      sendBuffer: 2_000_000,
    });
    // The kernel doubles what it is told (socket(7)).
    assert.deepEqual(socket.bufferSizes(), { receive: 6_000_000, send: 4_000_000 });
    const target = socket.sockaddr("127.0.0.1", socket.localAddress().port);
    socket.setMtuDiscover(MtuDiscover.DO);
    assert.ok(socket.sendTo(new Uint8Array(1000), target));
    assert.throws(() => socket.setMtuDiscover(99), isSysError("EINVAL"));
    // beyond what fits into a datagram
    assert.equal(socket.sendTo(new Uint8Array(maxDatagram + 1), target), false);
    socket.close();
    socket.close();
  },
});

Deno.test("udp: a closed socket is an error, not silence", () => {
  const socket = UdpSocket.bind({ port: 0 });
  socket.close();
  assert.throws(
    () => socket.sendTo(new Uint8Array(1), socket.sockaddr("::1", 1)),
    isSysError("EBADF"),
  );
  assert.throws(() => socket.receiveFrom(new Uint8Array(1)), isSysError("EBADF"));
});

await isolatedTest(here, "udp: without IPv6 in the kernel, any address is an IPv4 one", () => {
  // Loopback is down and IPv6 disabled here: "::" is no address that can be bound.
  Deno.writeTextFileSync("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
  const socket = UdpSocket.bind({ port: 0 });
  assert.ok(["0.0.0.0", "::"].includes(socket.localAddress().hostname));
  socket.close();
});

await isolatedTest(
  here,
  "udp: without CAP_NET_ADMIN and CAP_NET_RAW buffers are capped and a mark is refused",
  () => {
    const socket = UdpSocket.bind({ port: 0, receiveBuffer: 1_000_000_000 });
    const limit = Number(Deno.readTextFileSync("/proc/sys/net/core/rmem_max"));
    assert.equal(socket.bufferSizes().receive, 2 * limit);
    socket.close();
    assert.throws(() => UdpSocket.bind({ port: 0, mark: 1 }), isSysError("EPERM"));
  },
  { wrapper: ["setpriv", "--bounding-set=-net_admin,-net_raw"] },
);

Deno.test("datagrams: batches arrive whole, in order, with their sender", () => {
  for (const hostname of ["127.0.0.1", "::1"]) {
    using pair = new Pair({ hostname });
    // a few rounds: fields that the kernel overwrites must be set again
    for (let round = 0; round < 3; round++) {
      const sizes = [0, 1, 1400, 9000, 65000];
      const offsets = sizes.map((size, i) => {
        const at = pair.memory.allocate(size);
        pair.memory.bytes.set(pattern(size, i + round), at);
        assert.ok(pair.sender.beginMessage(pair.address, pair.addressLength));
        assert.ok(pair.sender.append(at, size));
        pair.sender.endMessage();
        return at;
      });
      assert.equal(offsets.length, pair.sender.pending);
      assert.equal(pair.sender.flush(), sizes.length);
      assert.equal(pair.sender.pending, 0);
      assert.equal(pair.receive(2), 2, "at most as many as asked for");
      const first = [pair.received(0), pair.received(1)];
      assert.equal(pair.receive(), 3);
      const all = [...first, pair.received(0), pair.received(1), pair.received(2)];
      assert.deepEqual(all, sizes.map((size, i) => pattern(size, i + round)));
      const address = pair.receiver.receivedAddressOffset(1);
      const length = pair.receiver.receivedAddressLength(1);
      const sender = decodeSockaddr(pair.memory.bytes.subarray(address, address + length));
      assert.deepEqual(sender, pair.a.localAddress());
      assert.equal(pair.receiver.receivedSegmentSize(0), 0);
      assert.equal(pair.receiver.receivedTruncated(0), false);
      assert.equal(pair.receiver.receive(), 0);
      assert.equal(pair.receiver.lastError, Errno.EAGAIN);
    }
  }
});

Deno.test("datagrams: a message is gathered from its pieces", () => {
  using pair = new Pair();
  fc.assert(
    fc.property(fc.array(fc.nat(300), { minLength: 0, maxLength: 8 }), (lengths) => {
      pair.memory.bytes.set(pattern(3000), pair.data);
      assert.ok(pair.sender.beginMessage(pair.address, pair.addressLength));
      const expected: number[] = [];
      lengths.forEach((length, i) => {
        const offset = pair.data + i * 311;
        assert.ok(pair.sender.append(offset, length));
        expected.push(...pair.memory.bytes.subarray(offset, offset + length));
      });
      pair.sender.endMessage();
      assert.equal(pair.sender.flush(), 1);
      assert.equal(pair.receive(), 1);
      assert.deepEqual([...pair.received(0)], expected);
    }),
    { numRuns: 50 },
  );
});

Deno.test("datagrams: one longer than its room is cut and says so", () => {
  using pair = new Pair();
  const at = pair.memory.allocate(100);
  pair.receiver.prepareReceive(0, at, 10);
  pair.queue(pattern(11));
  pair.queue(pattern(10));
  pair.sender.flush();
  assert.equal(pair.receive(), 2);
  assert.equal(pair.receiver.receivedTruncated(0), true);
  assert.equal(pair.receiver.receivedLength(0), 10);
  assert.equal(pair.memory.bytes[at + 10], 0, "nothing behind its room");
  assert.equal(pair.receiver.receivedTruncated(1), false);
});

Deno.test("datagrams: a run of segments goes out at once and comes back at once", () => {
  using pair = new Pair();
  assert.ok(supportsSegmentation(pair.a.fd));
  const [segment, count, last] = [1400, 40, 77];
  const data = pattern((count - 1) * segment + last);

  // without UDP_GRO the receiver sees datagrams
  pair.queue(data, segment);
  assert.equal(pair.sender.flush(), 1);
  const parts: number[] = [];
  while (parts.length < count) {
    const received = pair.receive();
    for (let i = 0; i < received; i++) parts.push(pair.receiver.receivedLength(i));
  }
  assert.deepEqual(parts, [...new Array(count - 1).fill(segment), last]);

  // with it, the run
  assert.ok(enableReceiveOffload(pair.b.fd));
  pair.queue(data, segment);
  assert.equal(pair.sender.flush(), 1);
  assert.equal(pair.receive(), 1);
  assert.deepEqual(pair.received(0), data);
  assert.equal(pair.receiver.receivedSegmentSize(0), segment);
  // and a message without a segment size after one with it
  pair.queue(pattern(3000));
  assert.equal(pair.sender.flush(), 1);
  assert.equal(pair.receive(), 1);
  assert.equal(pair.received(0).length, 3000);
  assert.equal(pair.receiver.receivedSegmentSize(0), 0);
});

Deno.test("datagrams: a refused message is visible, the rest goes on after skip", () => {
  using pair = new Pair();
  pair.queue(pattern(10));
  pair.queue(pattern((2 * maxSegments + 1) * 100), 100); // too many for new kernels too: EINVAL
  pair.queue(pattern(room), undefined); // EMSGSIZE
  pair.queue(pattern(20));
  assert.equal(pair.sender.flush(), 1);
  // sendmmsg reports the error with the next call; either way flush stopped there
  assert.equal(pair.sender.lastError, Errno.EINVAL);
  assert.equal(pair.sender.pending, 3);
  pair.sender.skip();
  assert.equal(pair.sender.flush(), 0);
  assert.equal(pair.sender.lastError, Errno.EMSGSIZE);
  pair.sender.skip();
  assert.equal(pair.sender.flush(), 1);
  assert.equal(pair.sender.lastError, 0);
  assert.equal(pair.receive(), 2);
  assert.deepEqual([pair.receiver.receivedLength(0), pair.receiver.receivedLength(1)], [10, 20]);
});

Deno.test("datagrams: no more messages and pieces than there is room for", () => {
  using pair = new Pair({}, 2);
  const { sender, address, addressLength, data } = pair;
  assert.equal(sender.append(data, 1), false, "no message begun");
  for (let i = 0; i < 2; i++) {
    assert.ok(sender.beginMessage(address, addressLength));
    for (let piece = 0; piece < 3; piece++) assert.ok(sender.append(data, 1));
    sender.endMessage();
  }
  assert.equal(sender.beginMessage(address, addressLength), false);
  sender.clear();
  assert.ok(sender.beginMessage(address, addressLength));
  for (let piece = 0; piece < 8; piece++) assert.ok(sender.append(data, 1));
  assert.equal(sender.append(data, 1), false);
  sender.endMessage();
  assert.equal(sender.beginMessage(address, addressLength), false, "all pieces in use");
  assert.equal(sender.flush(), 1);
  sender.clear();
  assert.equal(sender.flush(), 0);
});

Deno.test("datagrams: addresses, pieces and rooms outside of the memory are refused", () => {
  using pair = new Pair();
  const { size } = pair.memory;
  assert.throws(() => pair.sender.beginMessage(size - 8, 16), RangeError);
  assert.ok(pair.sender.beginMessage(pair.address, pair.addressLength));
  assert.throws(() => pair.sender.append(size - 8, 16), RangeError);
  assert.throws(() => pair.receiver.prepareReceive(0, size - 8, 16), RangeError);
  assert.throws(() => pair.receiver.prepareReceive(16, 0, 16), RangeError);
  assert.throws(() => pair.receiver.prepareReceive(-1, 0, 16), RangeError);
  for (const messages of [0, 1.5, 1025]) {
    assert.throws(() => new DatagramPort(pair.a.fd, pair.memory, { messages }), RangeError);
  }
});

Deno.test("datagrams: a full send buffer stops flush, which goes on later", () => {
  using pair = new Pair({ sendBuffer: 1 }); // the kernel's minimum, some 4.6 KB
  for (let i = 0; i < 16; i++) pair.queue(pattern(1400));
  // Loopback hands over at once, so that the buffer empties while we send.
  let sent = 0;
  while (sent < 16) {
    sent += pair.sender.flush();
    if (pair.sender.lastError !== 0) assert.equal(pair.sender.lastError, Errno.EAGAIN);
    for (let left = pair.receiver.receive(); left > 0;) left = pair.receiver.receive();
  }
  assert.equal(pair.sender.pending, 0);
});
