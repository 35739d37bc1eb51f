/**
 * Packets from and to a TUN device, without allocation.
 *
 * @module
 */

import { Errno } from "./errors.ts";
import { lastErrno, type Libc, libc } from "./libc.ts";
import { iovecLength, type PinnedMemory } from "./memory.ts";

/**
 * Reads and writes packets by the fd of a `TunDevice`, which may belong to another thread. One
 * call moves one packet, with its virtio_net_hdr where the device has them.
 */
export class TunPort {
  /** errno of the last `read` or `write` that gave nothing; 0 when it went well. */
  lastError = 0;
  readonly #fd: number;
  readonly #memory: PinnedMemory;
  readonly #libc: Libc;
  readonly #iovec: number;
  readonly #iovecPointer: Deno.PointerObject;

  /**
   * Takes 16 bytes of the memory.
   *
   * @param fd Of the device; stays the caller's to close.
   * @param memory Where packets are.
   * @throws {RangeError} when the memory is full.
   */
  constructor(fd: number, memory: PinnedMemory) {
    this.#fd = fd;
    this.#memory = memory;
    this.#libc = libc();
    this.#iovec = memory.allocate(iovecLength);
    this.#iovecPointer = memory.pointerAt(this.#iovec);
  }

  /**
   * Reads the next packet to `offset`. A longer one than `capacity` is cut (`tun_put_user`).
   *
   * @returns Its length in bytes; 0 when there is none now, also while the device is down; -1 when
   *   the device is gone (deleted by somebody, or the fd is no TUN device's).
   * @throws {RangeError} when the bytes are not all in the memory.
   */
  read(offset: number, capacity: number): number {
    this.#memory.writeIovec(this.#iovec, offset, capacity);
    let length = this.#libc.readv(this.#fd, this.#iovecPointer, 1);
    // Twice before the device is given up: see `lastErrno`.
    if (length < 0 && !isTransient(lastErrno())) {
      length = this.#libc.readv(this.#fd, this.#iovecPointer, 1);
    }
    this.lastError = length < 0 ? lastErrno() : 0;
    if (length >= 0) return length;
    return isTransient(this.lastError) ? 0 : -1;
  }

  /**
   * Writes the packet at `offset`.
   *
   * @returns Whether the kernel took it; `lastError` says why not: EIO (the device is down),
   *   EINVAL (not a packet), EAGAIN or ENOBUFS (full), EBADFD (the device is gone).
   * @throws {RangeError} when the bytes are not all in the memory.
   */
  write(offset: number, length: number): boolean {
    this.#memory.writeIovec(this.#iovec, offset, length);
    return this.#writev(this.#iovecPointer, 1);
  }

  /**
   * Writes one packet that lies in `count` pieces.
   *
   * @param iovecOffset Of the first `struct iovec`, as `PinnedMemory.writeIovec` makes them.
   * @param count 1 to 1024 (`UIO_MAXIOV`).
   * @returns As `write`.
   * @throws {RangeError} when the iovecs are not all in the memory.
   */
  writev(iovecOffset: number, count: number): boolean {
    this.#memory.checkRange(iovecOffset, count * iovecLength);
    return this.#writev(this.#memory.pointerAt(iovecOffset), count);
  }

  #writev(iovecs: Deno.PointerObject, count: number): boolean {
    if (this.#libc.writev(this.#fd, iovecs, count) >= 0) {
      this.lastError = 0;
      return true;
    }
    this.lastError = lastErrno();
    return false;
  }
}

/**
 * EFAULT: the kernel's word for a queue that was shut down because the device is down
 * (tun_ring_recv); our own addresses are checked.
 */
function isTransient(errno: number): boolean {
  return errno === Errno.EAGAIN || errno === Errno.EINTR || errno === Errno.EFAULT ||
    errno === Errno.EIO;
}
