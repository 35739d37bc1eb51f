/**
 * `eventfd(2)`: a counter behind an fd, by which one thread wakes another that waits in epoll.
 *
 * @module
 */

import { Errno, SysError } from "./errors.ts";
import { check, closeFd, lastErrno, libc } from "./libc.ts";

const EFD_CLOEXEC = 0o2000000;
const EFD_NONBLOCK = 0o4000;
const counterLength = 8n;

const one = new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]);
const counter = new Uint8Array(8);

/**
 * Adds 1 to the counter: whoever polls the fd wakes. To be called with the fd that another thread
 * handed over.
 *
 * @throws {SysError} EBADF, EINVAL when `fd` is no eventfd.
 */
export function signalEventFd(fd: number): void {
  // Twice before it is an error: see `lastErrno`. EAGAIN: the counter is at its limit, so the other
  // side is being woken already.
  for (let attempt = 0; attempt < 2; attempt++) {
    if (libc().write(fd, one, counterLength) >= 0 || lastErrno() === Errno.EAGAIN) return;
  }
  throw new SysError("write eventfd", lastErrno());
}

/**
 * Sets the counter to 0; whether it was above.
 *
 * @throws {SysError} EBADF, EINVAL when `fd` is no eventfd.
 */
export function drainEventFd(fd: number): boolean {
  for (let attempt = 0; attempt < 2; attempt++) {
    if (libc().read(fd, counter, counterLength) >= 0) return true;
    if (lastErrno() === Errno.EAGAIN) return false;
  }
  throw new SysError("read eventfd", lastErrno());
}

/** An eventfd of this thread's own. */
export class EventFd {
  #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** The file descriptor, which other threads of this process may use; -1 after `close`. */
  get fd(): number {
    return this.#fd;
  }

  /**
   * A new one with the counter at 0: non-blocking, closed on exec.
   *
   * @throws {SysError} EMFILE, ENFILE, ENOMEM.
   */
  static create(): EventFd {
    return new EventFd(check(libc().eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd"));
  }

  /** Wakes whoever polls the fd. */
  signal(): void {
    signalEventFd(this.#fd);
  }

  /** Takes all signals; whether there were any. */
  drain(): boolean {
    return drainEventFd(this.#fd);
  }

  /** Closes the fd, once the other thread has stopped using it. A second call does nothing. */
  close(): void {
    if (this.#fd < 0) return;
    closeFd(this.#fd);
    this.#fd = -1;
  }
}
