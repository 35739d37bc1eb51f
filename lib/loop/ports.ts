/**
 * What the packet loop reads from and writes to. deno-tun's `TunPort`, `DatagramPort` and
 * `StreamPort` are these; so are the fakes of in_memory.ts and in_memory_stream.ts.
 *
 * @module
 */

import type { PacketBatch } from "../data/packet_batch.ts";

/**
 * A TUN device: one IP packet per call; on a device with offloads a virtio_net_hdr is in front of
 * it, and it may be a run of TCP or UDP packets in one.
 */
export interface PacketDevice {
  /** Bytes of the packet that it read to `offset`; 0: none now; -1: the device is gone. */
  read(offset: number, capacity: number): number;
  /** Whether the device took the packet. */
  write(offset: number, length: number): boolean;
  /** As `write`, for one in `count` pieces, `struct iovec`s from `iovecOffset` on. */
  writev(iovecOffset: number, count: number): boolean;
}

/** A UDP socket: datagrams in batches. See `DatagramPort` of deno-tun for each member. */
export interface DatagramTransport {
  /** Messages that one `receive` or `flush` can hold. */
  readonly messages: number;
  /** errno of the last `receive` or `flush` that stopped early; 0 when it went well. */
  readonly lastError: number;
  /** Says where the `i`th message of each `receive` goes. */
  prepareReceive(i: number, offset: number, capacity: number): void;
  /** How many messages came. */
  receive(maxMessages: number): number;
  /** Bytes of the `i`th one. */
  receivedLength(i: number): number;
  /** Whether it was longer than its room. */
  receivedTruncated(i: number): boolean;
  /** Where the sender's sockaddr is. */
  receivedAddressOffset(i: number): number;
  /** Bytes of it. */
  receivedAddressLength(i: number): number;
  /** The message is a run of datagrams of that many bytes (UDP_GRO); 0: it is one. */
  receivedSegmentSize(i: number): number;
  /** Messages that are ended and not sent yet. */
  readonly pending: number;
  /** Begins a message; false: no room. */
  beginMessage(addressOffset: number, addressLength: number): boolean;
  /** Adds a piece to it; false: no room, the message is as it was. */
  append(offset: number, length: number): boolean;
  /** Has it sent as datagrams of that many bytes (UDP_SEGMENT). */
  setSegmentSize(bytes: number): void;
  /** Ends it. */
  endMessage(): void;
  /** Sends what is pending up to the first refusal; how many messages went. */
  flush(): number;
  /** Drops the message that `flush` stopped at. */
  skip(): void;
  /** Drops all. */
  clear(): void;
}

/** A connected TCP socket. See `StreamPort` of deno-tun for each member. */
export interface ByteStream {
  /** errno of the last call that gave less than was asked for; 0 when it went well. */
  readonly lastError: number;
  /** How many bytes came; 0: none now; -1: no more will. */
  receive(offset: number, capacity: number): number;
  /** Adds bytes to what `flush` sends; false: no room. */
  append(offset: number, length: number): boolean;
  /** How many bytes of what was appended were taken; -1: the connection has failed. */
  flush(): number;
  /** As `flush`, for bytes anywhere. */
  send(bytes: Uint8Array): number;
}

/** A socket's way out for batches. */
export interface PacketSender {
  /** errno of the last refusal that dropped packets; whoever reports it sets it to 0. */
  refusal: number;
  /** Whether something waits for room. A batch that was given to `send` must stay meanwhile. */
  readonly blocked: boolean;
  /** Bytes of copies that wait for room. */
  readonly waiting: number;
  /** Whether packets should be dropped rather than sealed for it. */
  readonly congested: boolean;
  /**
   * Sends the packets of the batch whose peers have this socket. Not while `blocked`.
   *
   * @returns false when the socket has no room for the rest: `resume` or `abandon` is due.
   */
  send(batch: PacketBatch): boolean;
  /** As `send`, at any time; what has no room is copied or dropped, so that the batch is free. */
  sendNow(batch: PacketBatch): void;
  /** Goes on where `send` stopped. */
  resume(): boolean;
  /** Drops what waits. */
  abandon(): void;
}

/** Clocks of the loop. */
export interface LoopClock {
  /** Monotonic, in ms. */
  monotonic(): number;
  /** Since 1970, in ms, as `Date.now()`. */
  wall(): number;
}

/** The machine's clocks. */
export const systemClock: LoopClock = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
};
