/** The other thread of wake_test.ts: waits for the eventfd that it is given, and says so. */

import { drainEventFd, Epoll, EpollEvent } from "../../ffi/mod.ts";

interface WorkerScope {
  onmessage: ((event: MessageEvent<number>) => void) | null;
  postMessage(message: unknown): void;
}
const scope = globalThis as unknown as WorkerScope; // no types for workers in this project

scope.onmessage = ({ data: fd }) => {
  const epoll = Epoll.create(1);
  epoll.add(fd, EpollEvent.IN, 5);
  scope.postMessage("waiting");
  const count = epoll.wait(5000);
  const token = count > 0 ? epoll.token(0) : -1;
  scope.postMessage({ count, token, drained: drainEventFd(fd) });
  epoll.close();
};
