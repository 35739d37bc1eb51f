/**
 * A batch of packets in pinned memory: parallel arrays, so that the packet path allocates nothing.
 *
 * A batch describes packets by offset and length; where they lie is free. Packets that will be
 * sealed lie in a {@linkcode PacketArena}, which leaves space around each for what sealing adds.
 *
 * @module
 */

import type { PacketMemory, PacketRun } from "../crypto/engine.ts";
import type { DataKey } from "./peer.ts";

/**
 * Bytes in front of a packet in an arena. P_DATA_V2 header 4, HMAC up to 64 (SHA512), IV 16,
 * packet-id 4, `stub-v2` escape 2: 90; and 12 for the virtio_net_hdr that a TUN device with
 * offloads puts in front. Rounded up so that packets start on a cache line.
 */
export const headroom = 128;

/** Bytes behind a packet in an arena: CBC padding up to 16, one byte that `stub-swap` appends. */
export const tailroom = 64;

/** Longest packet: the length field of IPv4 has 16 bits. */
export const maxPacketLength = 65_535;

const cacheLine = 64;

/** Bytes that a packet of that length takes of a {@linkcode PacketArena}. */
export function arenaRoom(length: number): number {
  return (headroom + length + tailroom + cacheLine - 1) & -cacheLine;
}

/**
 * Memory that packets are put into one after the other, each with space around it, until it is
 * reset. Packed closely, a batch of usual packets stays in the processor's caches.
 */
export class PacketArena {
  readonly #start: number;
  readonly #end: number;
  #next: number;

  /**
   * @param size In bytes.
   * @throws {RangeError} when the memory has not that much left.
   */
  constructor(memory: PacketMemory, size: number) {
    this.#start = memory.allocate(size, cacheLine);
    this.#end = this.#start + size;
    this.#next = this.#start;
  }

  /**
   * Where the next packet would start, if one of `length` bytes still has room; -1 otherwise. What
   * is written there stays free until {@linkcode PacketArena.take}.
   */
  place(length: number): number {
    return this.#next + arenaRoom(length) <= this.#end ? this.#next + headroom : -1;
  }

  /** Keeps the first `length` bytes at the place that `place` gave last. */
  take(length: number): void {
    this.#next += arenaRoom(length);
  }

  /** Frees all. */
  reset(): void {
    this.#next = this.#start;
  }
}

/** Packets that are sealed or opened together, in order. */
export class PacketBatch implements PacketRun {
  readonly offset: Int32Array;
  readonly length: Int32Array;
  readonly authentic: Uint8Array;
  /** The key of each packet. */
  readonly key: (DataKey | undefined)[];
  /** Where the sender's sockaddr is (received packets). */
  readonly addressOffset: Int32Array;
  /** How long it is; 0: the sender is where the peer was, so that nothing changes. */
  readonly addressLength: Int32Array;
  /** The datagram's length, for counting. */
  readonly datagramLength: Int32Array;
  /** Number of associated bytes, which depends on the header (see `PacketRun`). */
  readonly associatedDataLength: Uint8Array;
  /** Bytes in front of the text, from the first of the datagram. */
  readonly headLength: Uint8Array;
  /** What `Opener.settle` found: one of `Verdict`. */
  readonly verdict: Uint8Array;
  /** The peer that a packet with `Verdict.FORWARD` goes to. */
  readonly destination: Int32Array;
  /** How many packets there are. */
  count = 0;
  /** The socket that they came from (received packets). */
  socket = -1;
  /** Whether that is a connection, so that its packets are from the one at its other end. */
  connected = false;

  /** @param capacity Packets that it holds at most. */
  constructor(readonly memory: PacketMemory, readonly capacity: number) {
    this.offset = new Int32Array(capacity);
    this.length = new Int32Array(capacity);
    this.authentic = new Uint8Array(capacity);
    this.key = new Array<DataKey | undefined>(capacity).fill(undefined);
    this.addressOffset = new Int32Array(capacity);
    this.addressLength = new Int32Array(capacity);
    this.datagramLength = new Int32Array(capacity);
    this.associatedDataLength = new Uint8Array(capacity);
    this.headLength = new Uint8Array(capacity);
    this.verdict = new Uint8Array(capacity);
    this.destination = new Int32Array(capacity);
  }

  /** Whether there is no room for a further packet. */
  get full(): boolean {
    return this.count === this.capacity;
  }

  /** Forgets the packets; keys are let go so that retired ones are not kept alive. */
  clear(): void {
    for (let i = 0; i < this.count; i++) this.key[i] = undefined; // faster than fill
    this.count = 0;
  }

  /** Where the run of packets with one key and one kind of header that starts at `first` ends. */
  runEnd(first: number): number {
    const key = this.key[first];
    const associated = this.associatedDataLength[first];
    let end = first + 1;
    while (
      end < this.count && this.key[end] === key && this.associatedDataLength[end] === associated
    ) end++;
    return end;
  }
}
