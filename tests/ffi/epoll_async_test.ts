/** Waiting on another thread while JavaScript goes on. */
import assert from "node:assert/strict";
import { Epoll, EpollEvent } from "../../ffi/epoll.ts";
import { EventFd } from "../../ffi/eventfd.ts";

Deno.test("waitAsync resolves with what is ready, and timers run meanwhile", async () => {
  const epoll = Epoll.create(4);
  const first = EventFd.create();
  const second = EventFd.create();
  epoll.add(first.fd, EpollEvent.IN, 1);
  epoll.add(second.fd, EpollEvent.IN, 2);
  const waiting = epoll.waitAsync();
  await new Promise((resolve) => setTimeout(resolve, 20));
  second.signal();
  assert.equal(await waiting, 1);
  assert.equal(epoll.token(0), 2);
  assert.equal(epoll.events(0) & EpollEvent.IN, EpollEvent.IN);
  first.signal();
  assert.equal(await epoll.waitAsync(), 2);
  epoll.close();
  first.close();
  second.close();
});
