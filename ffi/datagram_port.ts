/**
 * UDP datagrams in batches: `recvmmsg(2)` and `sendmmsg(2)` on structs that are laid out once.
 *
 * ```text
 * struct msghdr, 56 bytes: name u64 | name length u32 | pad | iovecs u64 | number of iovecs u64
 *   | control u64 | control length u64 | flags u32 | pad
 * struct mmsghdr, 64 bytes: msghdr | length u32 | pad
 * struct cmsghdr: length u64 | level u32 | type u32 | data
 * ```
 *
 * Source: `bits/socket.h` of glibc on 64-bit systems, `recvmmsg(2)`, `udp(7)`.
 *
 * @module
 */

import { lastErrno, type Libc, libc } from "./libc.ts";
import { iovecLength, type PinnedMemory } from "./memory.ts";
import { sockaddrIn6Length } from "./sockaddr.ts";

/**
 * Segments that one message with a segment size may have at most: the kernel's `UDP_MAX_SEGMENTS`
 * since 4.18 (newer ones take 128).
 */
export const maxSegments = 64;
/** Payload of one UDP datagram at most, over IPv4: 65,535 less IP and UDP headers. In bytes. */
export const maxDatagram = 65_507;

const messageHeaderLength = 64;
// Fields of struct mmsghdr, as indices of 32-bit words.
const nameWord = 0;
const nameLengthWord = 2;
const iovecWord = 4;
const iovecCountWord = 6;
const controlWord = 8;
const controlLengthWord = 10;
const flagsWord = 12;
const lengthWord = 14;

const sockaddrRoom = 32;
const controlRoom = 64;
const controlHeaderLength = 16;
const segmentControlLength = controlHeaderLength + 2;
const IPPROTO_UDP = 17;
const UDP_SEGMENT = 103;
const UDP_GRO = 104;
const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;

/** Sizes of a `DatagramPort`. */
export interface DatagramPortOptions {
  /** Messages per call and direction: 1 to 1024 (`UIO_MAXIOV`). */
  readonly messages: number;
  /** Pieces that all messages of one `flush` can have together; default: 4 per message. */
  readonly pieces?: number;
}

/**
 * Receives and sends by the fd of a UDP socket, which may belong to another thread.
 *
 * Receiving: `prepareReceive` for each message once; then `receive`, and look at each message
 * before the next `receive`. Sending: `beginMessage`, `append` …, `endMessage` for each message,
 * then `flush`.
 */
export class DatagramPort {
  /** errno of the last `receive` or `flush` that stopped early; 0 when it went well. */
  lastError = 0;
  /** Messages that one `receive` or `flush` can hold. */
  readonly messages: number;
  readonly #fd: number;
  readonly #memory: PinnedMemory;
  readonly #words: Uint32Array<ArrayBuffer>;
  readonly #libc: Libc;

  readonly #receiveHeaders: number;
  readonly #receivePointer: Deno.PointerObject;
  readonly #receiveIovecs: number;
  readonly #receiveAddresses: number;
  readonly #receiveControls: number;
  #received = 0;

  readonly #sendHeaders: number;
  readonly #sendIovecs: number;
  readonly #sendControls: number;
  readonly #pieces: number;
  #queued = 0;
  #sent = 0;
  #usedPieces = 0;
  #messagePieces = 0;
  #open = false;

  /**
   * Takes some 400 bytes of the memory per message.
   *
   * @param fd Of the socket; stays the caller's to close.
   * @param memory Where datagrams and addresses are.
   * @throws {RangeError} when the memory is full or a size is out of range.
   */
  constructor(fd: number, memory: PinnedMemory, options: DatagramPortOptions) {
    const { messages } = options;
    if (!Number.isInteger(messages) || messages < 1 || messages > 1024) {
      throw new RangeError(`a port for ${messages} messages is not one for 1 to 1024`);
    }
    this.messages = messages;
    this.#fd = fd;
    this.#memory = memory;
    this.#words = memory.words;
    this.#libc = libc();
    this.#pieces = options.pieces ?? messages * 4;
    this.#receiveHeaders = memory.allocate(messages * messageHeaderLength);
    this.#receivePointer = memory.pointerAt(this.#receiveHeaders);
    this.#receiveIovecs = memory.allocate(messages * iovecLength);
    this.#receiveAddresses = memory.allocate(messages * sockaddrRoom);
    this.#receiveControls = memory.allocate(messages * controlRoom);
    this.#sendHeaders = memory.allocate(messages * messageHeaderLength);
    this.#sendIovecs = memory.allocate(this.#pieces * iovecLength);
    this.#sendControls = memory.allocate(messages * controlRoom);
    for (let i = 0; i < messages; i++) this.#layOut(i);
  }

  #layOut(i: number): void {
    const memory = this.#memory;
    const receive = this.#receiveHeaders + i * messageHeaderLength;
    memory.writeAddress(receive + 4 * nameWord, this.#receiveAddresses + i * sockaddrRoom);
    memory.writeAddress(receive + 4 * iovecWord, this.#receiveIovecs + i * iovecLength);
    memory.writeAddress(receive + 4 * controlWord, this.#receiveControls + i * controlRoom);
    this.#words[(receive >>> 2) + iovecCountWord] = 1;
    this.#resetReceive(i);
    const control = (this.#sendControls + i * controlRoom) >>> 2;
    this.#words[control] = segmentControlLength;
    this.#words[control + 2] = IPPROTO_UDP;
    this.#words[control + 3] = UDP_SEGMENT;
  }

  // The kernel overwrites these fields with what it used.
  #resetReceive(i: number): void {
    const word = (this.#receiveHeaders + i * messageHeaderLength) >>> 2;
    this.#words[word + nameLengthWord] = sockaddrIn6Length;
    this.#words[word + controlLengthWord] = controlRoom;
    this.#words[word + flagsWord] = 0;
  }

  /**
   * Says where the `i`th message of each `receive` goes. Until then it has no room at all.
   *
   * @param capacity In bytes; a longer datagram is cut (`receivedTruncated`).
   * @throws {RangeError} when the bytes are not all in the memory, or `i` is out of range.
   */
  prepareReceive(i: number, offset: number, capacity: number): void {
    if (!(i >= 0 && i < this.messages)) throw new RangeError(`message ${i} of ${this.messages}`);
    this.#memory.writeIovec(this.#receiveIovecs + i * iovecLength, offset, capacity);
  }

  /**
   * Takes waiting datagrams without waiting for more.
   *
   * @param maxMessages At most that many; `messages` where not given.
   * @returns How many; 0 when there are none, and at an error, which `lastError` has: EAGAIN, or an
   *   error that the network reported (ECONNREFUSED …), after which the socket is usable.
   */
  receive(maxMessages: number = this.messages): number {
    for (let i = 0; i < this.#received; i++) this.#resetReceive(i);
    const count = this.#libc.recvmmsg(
      this.#fd,
      this.#receivePointer,
      Math.min(maxMessages, this.messages),
      MSG_DONTWAIT,
      null,
    );
    if (count < 0) {
      this.lastError = lastErrno();
      return this.#received = 0;
    }
    this.lastError = 0;
    return this.#received = count;
  }

  /** Bytes of the `i`th message received. */
  receivedLength(i: number): number {
    return this.#receiveWord(i, lengthWord);
  }

  /** Whether the `i`th message was longer than its room. */
  receivedTruncated(i: number): boolean {
    return (this.#receiveWord(i, flagsWord) & MSG_TRUNC) !== 0;
  }

  /** Where in the memory the sender's sockaddr is; the same for each `i` at all times. */
  receivedAddressOffset(i: number): number {
    return this.#receiveAddresses + i * sockaddrRoom;
  }

  /** Bytes of that sockaddr: 16 or 28. */
  receivedAddressLength(i: number): number {
    return Math.min(this.#receiveWord(i, nameLengthWord), sockaddrIn6Length);
  }

  /**
   * UDP_GRO: the `i`th message is a run of datagrams of that many bytes, the last one maybe
   * shorter; 0: it is one datagram.
   */
  receivedSegmentSize(i: number): number {
    const end = Math.min(this.#receiveWord(i, controlLengthWord), controlRoom);
    const start = this.#receiveControls + i * controlRoom;
    for (let at = 0; at + controlHeaderLength + 4 <= end;) {
      const word = (start + at) >>> 2;
      const length = this.#words[word];
      if (length < controlHeaderLength) return 0;
      const gro = this.#words[word + 2] === IPPROTO_UDP && this.#words[word + 3] === UDP_GRO;
      if (gro) return this.#words[word + 4];
      at += (length + 7) & ~7;
    }
    return 0;
  }

  #receiveWord(i: number, word: number): number {
    return this.#words[((this.#receiveHeaders + i * messageHeaderLength) >>> 2) + word];
  }

  /** Messages that are ended and not sent yet. */
  get pending(): number {
    return this.#queued - this.#sent;
  }

  /**
   * Begins a message to an address.
   *
   * @param addressOffset Where its sockaddr is in the memory; it must stay until `flush`.
   * @param addressLength 16 or 28; 0 on a connected socket.
   * @returns Whether there was room for it; if not, `flush` and `clear` make some.
   * @throws {RangeError} when the address is not all in the memory.
   */
  beginMessage(addressOffset: number, addressLength: number): boolean {
    if (this.#queued === this.messages || this.#usedPieces === this.#pieces) return false;
    this.#memory.checkRange(addressOffset, addressLength);
    const header = this.#sendHeaders + this.#queued * messageHeaderLength;
    const word = header >>> 2;
    this.#memory.writeAddress(header + 4 * nameWord, addressOffset);
    this.#words[word + nameLengthWord] = addressLength;
    this.#memory.writeAddress(
      header + 4 * iovecWord,
      this.#sendIovecs + this.#usedPieces * iovecLength,
    );
    this.#words[word + controlWord] = 0;
    this.#words[word + controlWord + 1] = 0;
    this.#words[word + controlLengthWord] = 0;
    this.#messagePieces = 0;
    this.#open = true;
    return true;
  }

  /**
   * Adds bytes to the message; they must stay until `flush`.
   *
   * @returns Whether there was room for another piece; if not, the message is as it was.
   * @throws {RangeError} when the bytes are not all in the memory.
   */
  append(offset: number, length: number): boolean {
    const piece = this.#usedPieces + this.#messagePieces;
    if (!this.#open || piece === this.#pieces) return false;
    this.#memory.writeIovec(this.#sendIovecs + piece * iovecLength, offset, length);
    this.#messagePieces++;
    return true;
  }

  /**
   * Makes the kernel send the message as datagrams of that many bytes, the last one maybe shorter
   * (UDP_SEGMENT). The caller keeps to `maxSegments` and `maxDatagram`, and to datagrams that fit
   * the path; 1 to 65,535.
   */
  setSegmentSize(bytes: number): void {
    if (!this.#open) return;
    const header = this.#sendHeaders + this.#queued * messageHeaderLength;
    const control = this.#sendControls + this.#queued * controlRoom;
    this.#words[(control + controlHeaderLength) >>> 2] = bytes & 0xffff;
    this.#memory.writeAddress(header + 4 * controlWord, control);
    this.#words[(header >>> 2) + controlLengthWord] = controlHeaderLength + 8; // CMSG_SPACE(2)
  }

  /** Ends the message and queues it. */
  endMessage(): void {
    if (!this.#open) return;
    const word = (this.#sendHeaders + this.#queued * messageHeaderLength) >>> 2;
    this.#words[word + iovecCountWord] = this.#messagePieces;
    this.#usedPieces += this.#messagePieces;
    this.#queued++;
    this.#open = false;
  }

  /**
   * Sends the queued messages, in order. It stops at the first that the kernel refuses, and
   * `lastError` says why: EAGAIN or ENOBUFS (full: a later `flush` goes on there), EIO or EINVAL
   * (the interface cannot segment), EMSGSIZE (too long), EPERM, ENETUNREACH … (`skip` that one).
   *
   * @returns How many were sent. When all were, the queue is empty again.
   */
  flush(): number {
    const before = this.#sent;
    this.lastError = 0;
    while (this.#sent < this.#queued) {
      const count = this.#libc.sendmmsg(
        this.#fd,
        this.#memory.pointerAt(this.#sendHeaders + this.#sent * messageHeaderLength),
        this.#queued - this.#sent,
        MSG_DONTWAIT,
      );
      if (count <= 0) {
        this.lastError = lastErrno();
        return this.#sent - before;
      }
      this.#sent += count;
    }
    const sent = this.#sent - before;
    this.clear();
    return sent;
  }

  /** Drops the message that `flush` stopped at. */
  skip(): void {
    if (this.#sent < this.#queued) this.#sent++;
    if (this.#sent === this.#queued) this.clear();
  }

  /** Drops all queued messages and the one begun. */
  clear(): void {
    this.#queued = 0;
    this.#sent = 0;
    this.#usedPieces = 0;
    this.#messagePieces = 0;
    this.#open = false;
  }
}
