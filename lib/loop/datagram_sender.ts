/**
 * Sends batches of sealed packets through one socket.
 *
 * Neighbouring packets to the same peer with the same length become one message that the kernel
 * cuts into datagrams (UDP GSO); one system call takes many messages. What the kernel refuses:
 *
 * - EAGAIN, its buffer is full: the rest waits, and no packet is read from the TUN device meanwhile,
 *   so that its queue pushes back on whoever sends too fast
 * - a message in segments: its packets are sent one by one, and from then on those as long as they
 *   (EINVAL and EMSGSIZE: they do not fit the path in one piece), or all (EIO: no such offload)
 * - any other: that packet is dropped and counted
 *
 * Source: udp(7), `UDP_SEGMENT`; the kernel's net/ipv4/udp.c, udp_send_skb.
 *
 * @module
 */

import { Errno, maxDatagram, maxSegments } from "deno-tun";
import { DropReason } from "../data/drop_reason.ts";
import type { PacketBatch } from "../data/packet_batch.ts";
import type { PeerTable } from "../data/peer_table.ts";
import type { TrafficCounters } from "../data/traffic_counters.ts";
import type { DatagramTransport, PacketSender } from "./ports.ts";

/** One socket's way out. */
export class DatagramSender implements PacketSender {
  /** errno of the last refusal that dropped packets; whoever reports it sets it to 0. */
  refusal = 0;
  /** Nothing is copied: what waits lies in its batch. */
  readonly waiting = 0;
  /** A UDP socket's room is all its peers', so that none of them is congested by itself. */
  readonly congested = false;
  readonly #transport: DatagramTransport;
  readonly #socket: number;
  readonly #peers: PeerTable;
  readonly #counters: TrafficCounters;
  /** Datagrams of that many bytes or more are not sent in segments. */
  #segmentLimit: number;
  /** By message: its first packet in the batch, and the one after its last. */
  readonly #messageFirst: Int32Array;
  readonly #messageEnd: Int32Array;
  readonly #messageSegmented: Uint8Array;
  #queued = 0;
  #batch: PacketBatch | undefined = undefined;
  #next = 0;

  /** @param segmentation Whether the socket can send segments (`supportsSegmentation`). */
  constructor(
    transport: DatagramTransport,
    socket: number,
    segmentation: boolean,
    peers: PeerTable,
    counters: TrafficCounters,
  ) {
    this.#transport = transport;
    this.#socket = socket;
    this.#peers = peers;
    this.#counters = counters;
    this.#segmentLimit = segmentation ? maxDatagram : 0;
    this.#messageFirst = new Int32Array(transport.messages);
    this.#messageEnd = new Int32Array(transport.messages);
    this.#messageSegmented = new Uint8Array(transport.messages);
  }

  /** Whether packets wait for room in the socket. Their batch must stay as it is. */
  get blocked(): boolean {
    return this.#batch !== undefined;
  }

  /** Whether packets of that many bytes may go in segments. */
  segments(length: number): boolean {
    return length < this.#segmentLimit;
  }

  /**
   * Sends the packets of the batch whose peers have this socket. Not while {@linkcode blocked}.
   *
   * @returns false when the socket has no room for the rest: `resume` or `abandon` is due.
   */
  send(batch: PacketBatch): boolean {
    this.#batch = batch;
    this.#next = 0;
    return this.resume();
  }

  /** As `send`, at any time; what has no room is dropped. */
  sendNow(batch: PacketBatch): void {
    if (this.blocked) this.#drop(batch, 0);
    else if (!this.send(batch)) this.abandon();
  }

  /** Goes on where `send` stopped, as `send`. */
  resume(): boolean {
    const batch = this.#batch;
    if (batch === undefined) return true;
    for (;;) {
      this.#fill(batch);
      if (this.#queued === 0) break;
      this.#transport.flush();
      if (this.#transport.pending === 0) {
        this.#queued = 0;
        continue;
      }
      if (this.#transport.lastError === Errno.EAGAIN) return false;
      this.#refused();
    }
    this.#batch = undefined;
    return true;
  }

  /** Drops what waits. */
  abandon(): void {
    const batch = this.#batch;
    if (batch === undefined) return;
    const waiting = this.#transport.pending;
    for (let message = this.#queued - waiting; message < this.#queued; message++) {
      const packets = this.#messageEnd[message] - this.#messageFirst[message];
      this.#counters.drops[DropReason.SEND_REFUSED] += packets;
    }
    this.#drop(batch, this.#next);
    this.#transport.clear();
    this.#queued = 0;
    this.#batch = undefined;
  }

  #drop(batch: PacketBatch, first: number): void {
    for (let i = first; i < batch.count; i++) {
      if (this.#isOurs(batch, i)) this.#counters.drops[DropReason.SEND_REFUSED]++;
    }
  }

  #isOurs(batch: PacketBatch, i: number): boolean {
    return batch.length[i] > 0 && batch.key[i]?.peer.socket === this.#socket;
  }

  /** Queues messages while there is room for them. */
  #fill(batch: PacketBatch): void {
    if (this.#queued > 0) return; // what is queued goes first
    while (this.#next < batch.count) {
      if (!this.#isOurs(batch, this.#next)) this.#next++;
      else if (!this.#queueMessage(batch)) return;
    }
  }

  /** Queues a message that begins with packet `#next`; false: no room. */
  #queueMessage(batch: PacketBatch): boolean {
    const transport = this.#transport;
    const first = this.#next;
    const key = batch.key[first];
    if (key === undefined || this.#queued === transport.messages) return false;
    const peer = key.peer.number;
    const { addressOffset, addressLength } = this.#peers;
    if (!transport.beginMessage(addressOffset[peer], addressLength[peer])) return false;
    const segment = batch.length[first];
    if (!transport.append(batch.offset[first], segment)) return false;
    let end = first + 1;
    if (this.segments(segment)) {
      // The last segment may be shorter; what follows it begins another message.
      let total = segment;
      for (let last = segment; last === segment && end < batch.count; end++) {
        last = batch.length[end];
        const fits = batch.key[end] === key && last > 0 && last <= segment &&
          end - first < maxSegments && total + last <= maxDatagram;
        if (!fits || !transport.append(batch.offset[end], last)) break;
        total += last;
      }
      if (end - first > 1) transport.setSegmentSize(segment);
    }
    transport.endMessage();
    this.#messageFirst[this.#queued] = first;
    this.#messageEnd[this.#queued] = end;
    this.#messageSegmented[this.#queued] = end - first > 1 ? 1 : 0;
    this.#queued++;
    this.#next = end;
    return true;
  }

  /** The kernel refused a message for good. */
  #refused(): void {
    const transport = this.#transport;
    const message = this.#queued - transport.pending;
    const error = transport.lastError;
    const first = this.#messageFirst[message];
    const segmented = this.#messageSegmented[message] === 1;
    if (segmented && (error === Errno.EINVAL || error === Errno.EMSGSIZE || error === Errno.EIO)) {
      const length = this.#batch?.length[first] ?? 0;
      this.#segmentLimit = error === Errno.EIO ? 0 : Math.min(this.#segmentLimit, length);
      transport.clear();
      this.#queued = 0;
      this.#next = first;
      return;
    }
    this.refusal = error;
    this.#counters.drops[DropReason.SEND_REFUSED] += this.#messageEnd[message] - first;
    transport.skip();
    if (transport.pending === 0) this.#queued = 0;
  }
}
