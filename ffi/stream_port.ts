/**
 * Bytes from and to connected stream sockets: gathered and scattered, without allocation.
 *
 * @module
 */

import { Errno } from "./errors.ts";
import { lastErrno, type Libc, libc } from "./libc.ts";
import { iovecLength, type PinnedMemory } from "./memory.ts";

// struct msghdr, as indices of 32-bit words; see datagram_port.ts.
const messageHeaderLength = 56;
const iovecWord = 4;
const iovecCountWord = 6;

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const sendFlags = MSG_DONTWAIT | MSG_NOSIGNAL;

/** Pieces of one `sendmsg` at most: `UIO_MAXIOV`. */
const maxPieces = 1024;

/** The structs that all the ports of a thread use one after the other. */
export class StreamWorkspace {
  /** Where the pieces' iovecs are. */
  readonly iovecs: number;
  /** A msghdr that points at them. */
  readonly header: number;
  /** An iovec for receiving. */
  readonly receiveIovec: number;

  /**
   * Takes 16 bytes of the memory per piece and some 100 more.
   *
   * @param memory Where the bytes to send and receive are.
   * @param pieces That one `flush` takes at most: 1 to 1024.
   * @throws {RangeError} when the memory is full or `pieces` out of range.
   */
  constructor(readonly memory: PinnedMemory, readonly pieces: number) {
    if (!Number.isInteger(pieces) || pieces < 1 || pieces > maxPieces) {
      throw new RangeError(`${pieces} pieces are not 1 to ${maxPieces}`);
    }
    this.iovecs = memory.allocate(pieces * iovecLength);
    this.header = memory.allocate(messageHeaderLength);
    this.receiveIovec = memory.allocate(iovecLength);
    memory.writeAddress(this.header + 4 * iovecWord, this.iovecs);
  }

  /** Bytes of memory that a workspace takes, alignment included. */
  static memorySize(pieces: number): number {
    return pieces * iovecLength + 256;
  }
}

/**
 * Receives and sends by the fd of a connected stream socket, which may belong to another thread.
 *
 * Sending: `append` …, then `flush`, before another port of the workspace does.
 */
export class StreamPort {
  /** errno of the last call that gave less than was asked for; 0 when it went well. */
  lastError = 0;
  readonly #fd: number;
  readonly #workspace: StreamWorkspace;
  readonly #libc: Libc;
  readonly #headerPointer: Deno.PointerObject;
  readonly #receivePointer: Deno.PointerObject;
  #pieces = 0;

  /**
   * A port, which takes no memory of its own.
   *
   * @param fd Of the socket; stays the caller's to close.
   * @param workspace Of this thread.
   */
  constructor(fd: number, workspace: StreamWorkspace) {
    this.#fd = fd;
    this.#workspace = workspace;
    this.#libc = libc();
    this.#headerPointer = workspace.memory.pointerAt(workspace.header);
    this.#receivePointer = workspace.memory.pointerAt(workspace.receiveIovec);
  }

  /**
   * Takes what has come, up to `capacity` bytes (1 or more), to `offset`.
   *
   * @returns How many bytes; 0: nothing is there now; -1: nothing comes any more, for the other end
   *   has closed (`lastError` 0) or the connection has failed (`lastError`).
   * @throws {RangeError} when the bytes are not all in the memory.
   */
  receive(offset: number, capacity: number): number {
    this.#workspace.memory.writeIovec(this.#workspace.receiveIovec, offset, capacity);
    let length = this.#libc.readv(this.#fd, this.#receivePointer, 1);
    if (length < 0) {
      const errno = lastErrno();
      if (errno !== Errno.EAGAIN) length = this.#libc.readv(this.#fd, this.#receivePointer, 1);
      // An error is told once, and the end of the stream after it.
      if (length <= 0) return this.#failure(errno, length < 0 ? lastErrno() : errno);
    }
    this.lastError = 0;
    return length > 0 ? length : -1;
  }

  /**
   * Adds bytes to what `flush` will send.
   *
   * @returns Whether there was room for another piece.
   * @throws {RangeError} when the bytes are not all in the memory.
   */
  append(offset: number, length: number): boolean {
    const { memory, iovecs, pieces } = this.#workspace;
    if (this.#pieces === pieces) return false;
    memory.writeIovec(iovecs + this.#pieces * iovecLength, offset, length);
    this.#pieces++;
    return true;
  }

  /**
   * Sends what was appended, and forgets it whatever becomes of it.
   *
   * @returns How many bytes were taken, from the first on: less than all when there is no room for
   *   more now; -1: the connection has failed (`lastError`).
   */
  flush(): number {
    const pieces = this.#pieces;
    if (pieces === 0) return 0;
    this.#pieces = 0;
    const { memory, header } = this.#workspace;
    memory.words[(header >>> 2) + iovecCountWord] = pieces;
    let sent = this.#libc.sendmsg(this.#fd, this.#headerPointer, sendFlags);
    if (sent < 0) {
      const errno = lastErrno();
      if (errno !== Errno.EAGAIN) {
        sent = this.#libc.sendmsg(this.#fd, this.#headerPointer, sendFlags);
      }
      if (sent < 0) return this.#failure(errno, lastErrno());
    }
    this.lastError = 0;
    return sent;
  }

  /** As `flush`, for bytes anywhere. */
  send(bytes: Uint8Array): number {
    const buffer = bytes as Uint8Array<ArrayBuffer>; // shared memory would do as well
    let sent = this.#libc.send(this.#fd, buffer, BigInt(bytes.length), sendFlags);
    if (sent < 0) {
      const errno = lastErrno();
      if (errno !== Errno.EAGAIN) {
        sent = this.#libc.send(this.#fd, buffer, BigInt(bytes.length), sendFlags);
      }
      if (sent < 0) return this.#failure(errno, lastErrno());
    }
    this.lastError = 0;
    return sent;
  }

  /**
   * The calls do not wait, so that no signal can interrupt them: all but EAGAIN is for good, and
   * asked for twice (see `lastErrno`).
   */
  #failure(first: number, second: number): 0 | -1 {
    this.lastError = second === Errno.EAGAIN ? second : first;
    return second === Errno.EAGAIN ? 0 : -1;
  }
}
