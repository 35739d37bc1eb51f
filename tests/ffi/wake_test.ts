import assert from "node:assert/strict";
import {
  drainEventFd,
  effectiveUserId,
  Epoll,
  EpollEvent,
  EventFd,
  signalEventFd,
  SysError,
  UdpSocket,
} from "../../ffi/mod.ts";

effectiveUserId();

Deno.test("eventfd: signals are counted until they are taken", () => {
  const event = EventFd.create();
  assert.equal(event.drain(), false);
  event.signal();
  signalEventFd(event.fd);
  assert.equal(drainEventFd(event.fd), true);
  assert.equal(event.drain(), false);
  event.close();
  assert.throws(
    () => event.signal(),
    (error) => error instanceof SysError && error.code === "EBADF",
  );
  assert.throws(() => event.drain(), SysError);
  event.close();
  assert.equal(event.fd, -1);
});

Deno.test("epoll: tells which fds are ready, for what, by their tokens", () => {
  const epoll = Epoll.create(4);
  const events = [EventFd.create(), EventFd.create(), EventFd.create()];
  events.forEach(({ fd }, i) => epoll.add(fd, EpollEvent.IN, 0xffff_fff0 + i));
  assert.equal(epoll.wait(0), 0);
  events[0].signal();
  events[2].signal();
  assert.equal(epoll.wait(-1), 2);
  assert.deepEqual([epoll.token(0), epoll.token(1)].sort(), [0xffff_fff0, 0xffff_fff2]);
  assert.equal(epoll.events(1), EpollEvent.IN);
  assert.throws(() => epoll.token(2), RangeError);
  assert.throws(() => epoll.events(-1), RangeError);

  events[0].drain();
  epoll.modify(events[1].fd, EpollEvent.OUT, 7);
  epoll.remove(events[2].fd);
  assert.equal(epoll.wait(1000), 1);
  assert.deepEqual([epoll.token(0), epoll.events(0)], [7, EpollEvent.OUT]);

  assert.throws(() => epoll.remove(events[2].fd), /ENOENT/);
  assert.throws(() => epoll.add(events[0].fd, EpollEvent.IN, 1), /EEXIST/);
  assert.throws(() => epoll.add(events[2].fd, EpollEvent.IN, -1), RangeError);
  assert.throws(() => epoll.add(events[2].fd, EpollEvent.IN, 2 ** 32), RangeError);
  assert.throws(() => Epoll.create(0), RangeError);
  for (const event of events) event.close();
  epoll.close();
  assert.throws(() => epoll.wait(0), /EBADF/);
});

Deno.test("epoll: reports at most as many as it was made for, and the others next", () => {
  const epoll = Epoll.create(1);
  const sockets = [UdpSocket.bind({ port: 0 }), UdpSocket.bind({ port: 0 })];
  sockets.forEach(({ fd }, i) => epoll.add(fd, EpollEvent.OUT, i));
  const seen = new Set<number>();
  for (let i = 0; i < 2; i++) {
    assert.equal(epoll.wait(1000), 1);
    seen.add(epoll.token(0));
  }
  assert.equal(seen.size, 2);
  for (const socket of sockets) socket.close();
  epoll.close();
});

Deno.test("epoll: a wait ends at its timeout", () => {
  const epoll = Epoll.create(1);
  const start = performance.now();
  assert.equal(epoll.wait(20), 0);
  assert.ok(performance.now() - start >= 19);
  assert.equal(epoll.wait(0.1), 0, "rounded up, not down to a busy loop");
  epoll.close();
});

Deno.test("eventfd: another thread that waits in epoll wakes", async () => {
  const event = EventFd.create();
  const worker = new Worker(new URL("./wake_worker.ts", import.meta.url), { type: "module" });
  try {
    const answers: unknown[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    worker.onmessage = ({ data }) => {
      answers.push(data);
      if (data === "waiting") event.signal();
      else resolve();
    };
    worker.postMessage(event.fd);
    await promise;
    assert.deepEqual(answers, ["waiting", { count: 1, token: 5, drained: true }]);
  } finally {
    worker.terminate();
    event.close();
  }
});
