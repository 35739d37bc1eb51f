/**
 * `epoll(7)`: waits until one of many fds is ready.
 *
 * @module
 */

import { Errno, SysError } from "./errors.ts";
import { check, closeFd, lastErrno, libc } from "./libc.ts";

const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;

/** Events of `epoll_ctl(2)`. */
export const EpollEvent = {
  /** The fd can be read. */
  IN: 0x001,
  /** The fd can be written. */
  OUT: 0x004,
  /** An error is pending; reported whether asked for or not. */
  ERR: 0x008,
  /** The other end is gone; reported whether asked for or not. */
  HUP: 0x010,
  /** Edge-triggered. */
  ET: 0x8000_0000,
} as const;

/** Waits for fds. Each has a token, a number of the caller's choice. */
export class Epoll {
  #fd: number;
  readonly #maxEvents: number;
  // struct epoll_event { uint32_t events; epoll_data_t data; }: packed on x86-64 alone
  // (linux/eventpoll.h, EPOLL_PACKED).
  readonly #eventLength = Deno.build.arch === "x86_64" ? 12 : 16;
  readonly #dataOffset = Deno.build.arch === "x86_64" ? 4 : 8;
  readonly #events: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  readonly #change: Uint8Array<ArrayBuffer>;
  #count = 0;

  private constructor(fd: number, maxEvents: number) {
    this.#fd = fd;
    this.#maxEvents = maxEvents;
    this.#events = new Uint8Array(maxEvents * this.#eventLength);
    this.#view = new DataView(this.#events.buffer);
    this.#change = new Uint8Array(this.#eventLength);
  }

  /**
   * A new one.
   *
   * @param maxEvents How many fds one `wait` reports at most; 1 or more.
   * @throws {SysError} EMFILE, ENFILE, ENOMEM.
   * @throws {RangeError} when `maxEvents` is not an integer above 0.
   */
  static create(maxEvents: number): Epoll {
    if (!Number.isInteger(maxEvents) || maxEvents < 1) {
      throw new RangeError(`epoll for ${maxEvents} events`);
    }
    return new Epoll(check(libc().epoll_create1(EPOLL_CLOEXEC), "epoll_create1"), maxEvents);
  }

  /**
   * Watches `fd`.
   *
   * @param events `EpollEvent`s, or-ed.
   * @param token 0 to 2^32 - 1; `token(i)` gives it back.
   * @throws {SysError} EEXIST, EBADF, EPERM (the file cannot be polled).
   */
  add(fd: number, events: number, token: number): void {
    this.#control(EPOLL_CTL_ADD, "ADD", fd, events, token);
  }

  /** Changes what is watched for. @throws {SysError} ENOENT, EBADF. */
  modify(fd: number, events: number, token: number): void {
    this.#control(EPOLL_CTL_MOD, "MOD", fd, events, token);
  }

  /** Stops watching. To be called before `fd` is closed. @throws {SysError} ENOENT, EBADF. */
  remove(fd: number): void {
    this.#control(EPOLL_CTL_DEL, "DEL", fd, 0, 0);
  }

  #control(operation: number, name: string, fd: number, events: number, token: number): void {
    if (token >>> 0 !== token) throw new RangeError(`epoll token ${token} is not 0 to 2^32 - 1`);
    const view = new DataView(this.#change.buffer);
    view.setUint32(0, events, true);
    view.setUint32(this.#dataOffset, token, true);
    check(libc().epoll_ctl(this.#fd, operation, fd, this.#change), `epoll_ctl ${name}`);
  }

  /**
   * Waits, and blocks the thread meanwhile: no message and no timer of JavaScript is served.
   *
   * @param timeoutMs In milliseconds; 0: does not wait, -1: without limit.
   * @returns How many fds are ready; 0 at the timeout and when a signal interrupted.
   * @throws {SysError} EBADF after `close`.
   */
  wait(timeoutMs: number): number {
    const timeout = timeoutMs < 0 ? -1 : Math.min(Math.ceil(timeoutMs), 0x7fff_ffff);
    let count = libc().epoll_wait(this.#fd, this.#events, this.#maxEvents, timeout);
    // Twice before it is an error: see `lastErrno`.
    if (count < 0 && lastErrno() !== Errno.EINTR) {
      count = libc().epoll_wait(this.#fd, this.#events, this.#maxEvents, timeout);
    }
    if (count >= 0) return this.#count = count;
    this.#count = 0;
    const errno = lastErrno();
    if (errno !== Errno.EINTR) throw new SysError("epoll_wait", errno);
    return 0;
  }

  /**
   * Waits on a thread of Deno's pool, while JavaScript goes on here. One wait at a time, and none
   * may be under way at `close`: wake it through an fd that is watched, as an `EventFd`'s.
   *
   * @returns How many fds are ready; 0 when a signal interrupted or the call failed.
   */
  async waitAsync(): Promise<number> {
    const wait = libc().epoll_wait_nonblocking;
    const count = await wait(this.#fd, this.#events, this.#maxEvents, -1);
    return this.#count = Math.max(0, count);
  }

  /** The token of the `i`th ready fd. @throws {RangeError} when fewer were ready. */
  token(i: number): number {
    this.#checkIndex(i);
    return this.#view.getUint32(i * this.#eventLength + this.#dataOffset, true);
  }

  /** What the `i`th fd is ready for. @throws {RangeError} when fewer were ready. */
  events(i: number): number {
    this.#checkIndex(i);
    return this.#view.getUint32(i * this.#eventLength, true);
  }

  #checkIndex(i: number): void {
    if (!(i >= 0 && i < this.#count)) throw new RangeError(`event ${i} of ${this.#count}`);
  }

  /** Closes it; the watched fds stay open. A second call does nothing. */
  close(): void {
    if (this.#fd < 0) return;
    closeFd(this.#fd);
    this.#fd = -1; // the number may be somebody else's from now on
  }
}
