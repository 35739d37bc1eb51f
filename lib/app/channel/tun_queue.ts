/**
 * Packets of a TUN device on the main thread, without blocking it: a thread of Deno's pool waits.
 *
 * @module
 */

import { Epoll, EpollEvent, EventFd, PinnedMemory, TunPort } from "deno-tun";

const Token = { tun: 1, wake: 2 } as const;

/** Room for one packet of the longest kind, in bytes. */
const packetCapacity = 65535;

/** Reads and writes a device's packets. */
export class TunQueue implements AsyncDisposable {
  readonly #memory = new PinnedMemory(3 * packetCapacity);
  readonly #port: TunPort;
  readonly #readOffset: number;
  readonly #writeOffset: number;
  readonly #epoll = Epoll.create(2);
  readonly #wake = EventFd.create();
  #waiting: Promise<number> | undefined;
  #closed = false;
  #gone = false;

  /** @param fd Of the device, non-blocking; stays the caller's to close, after this. */
  constructor(fd: number) {
    this.#port = new TunPort(fd, this.#memory);
    this.#readOffset = this.#memory.allocate(packetCapacity);
    this.#writeOffset = this.#memory.allocate(packetCapacity);
    this.#epoll.add(fd, EpollEvent.IN, Token.tun);
    this.#epoll.add(this.#wake.fd, EpollEvent.IN, Token.wake);
  }

  /** Whether somebody has deleted the device. */
  get gone(): boolean {
    return this.#gone;
  }

  /**
   * Resolves when there may be packets to `read`; false after `close` and when the device is gone.
   * One at a time.
   */
  async readable(): Promise<boolean> {
    if (this.#closed || this.#gone) return false;
    this.#waiting = this.#epoll.waitAsync();
    await this.#waiting;
    this.#waiting = undefined;
    return !this.#closed;
  }

  /** The next packet, valid until the next call; undefined when there is none now. */
  read(): Uint8Array | undefined {
    if (this.#closed) return undefined;
    const length = this.#port.read(this.#readOffset, packetCapacity);
    if (length < 0) this.#gone = true;
    if (length <= 0) return undefined;
    return this.#memory.bytes.subarray(this.#readOffset, this.#readOffset + length);
  }

  /** Writes a packet; whether the kernel took it. */
  write(packet: Uint8Array): boolean {
    if (this.#closed || packet.length > packetCapacity) return false;
    this.#memory.bytes.set(packet, this.#writeOffset);
    return this.#port.write(this.#writeOffset, packet.length);
  }

  /** Ends a `readable` that waits, and frees what it waits with. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#wake.signal();
    await this.#waiting;
    this.#epoll.close();
    this.#wake.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
