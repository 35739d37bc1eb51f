/**
 * A TUN device and a UDP network in memory, so that whole tunnels with loss, reordering,
 * duplication and delay are tested without root and without waiting.
 *
 * Time passes when the test says so (`InMemoryNetwork.advance`); chance comes from a seed, so that
 * what failed once fails again.
 *
 * @module
 */

import { Errno, iovecLength } from "deno-tun";
import { concatBytes } from "../base/bytes.ts";
import type { PacketMemory } from "../crypto/engine.ts";
import type { DatagramTransport, LoopClock, PacketDevice } from "./ports.ts";

/** A TUN device whose other end is the test. */
export class InMemoryDevice implements PacketDevice {
  /** Packets that the loop will read. */
  readonly inbound: Uint8Array[] = [];
  /** Packets that the loop has written. */
  readonly outbound: Uint8Array<ArrayBuffer>[] = [];
  /** Set it to have the device vanish. */
  gone = false;

  constructor(readonly memory: PacketMemory) {}

  read(offset: number, capacity: number): number {
    if (this.gone) return -1;
    const packet = this.inbound.shift();
    if (packet === undefined) return 0;
    const length = Math.min(packet.length, capacity);
    this.memory.bytes.set(packet.subarray(0, length), offset);
    return length;
  }

  write(offset: number, length: number): boolean {
    if (this.gone) return false;
    this.outbound.push(this.memory.bytes.slice(offset, offset + length));
    return true;
  }

  writev(iovecOffset: number, count: number): boolean {
    if (this.gone) return false;
    const { view, bytes, address } = this.memory;
    const pieces: Uint8Array[] = [];
    for (let i = 0, at = iovecOffset; i < count; i++, at += iovecLength) {
      const offset = Number(view.getBigUint64(at, true)) - address;
      pieces.push(bytes.slice(offset, offset + Number(view.getBigUint64(at + 8, true))));
    }
    this.outbound.push(concatBytes(...pieces));
    return true;
  }
}

/** How a network treats datagrams. Fractions are 0 to 1. */
export interface NetworkConditions {
  /** Fraction that gets lost. */
  readonly loss?: number;
  /** Fraction that arrives twice. */
  readonly duplication?: number;
  /** Fraction that takes `reorderingDelay` longer, so that later ones overtake it. */
  readonly reordering?: number;
  /** ms; default 20. */
  readonly reorderingDelay?: number;
  /** ms from sender to receiver; default 1. */
  readonly delay?: number;
}

interface Underway {
  readonly due: number;
  readonly order: number;
  readonly from: Uint8Array;
  readonly to: string;
  readonly datagram: Uint8Array;
}

/** Carries datagrams between the transports that joined it, and has the time. */
export class InMemoryNetwork {
  /** May be changed at any time. */
  conditions: NetworkConditions;
  /** Every datagram that was sent, whatever became of it. */
  readonly sent: { readonly from: string; readonly to: string; readonly datagram: Uint8Array }[] =
    [];
  readonly #endpoints = new Map<string, InMemoryTransport>();
  #underway: Underway[] = [];
  #order = 0;
  #now = 0;
  #random: number;

  /** The network's time as a loop's clocks; the wall clock is some time in 2026. */
  readonly clock: LoopClock = {
    monotonic: () => this.#now,
    wall: () => 1_780_000_000_000 + this.#now,
  };

  constructor(conditions: NetworkConditions = {}, seed = 1) {
    this.conditions = conditions;
    this.#random = seed | 0;
  }

  /** A transport with that address; one that had it before is cut off. */
  join(
    address: Uint8Array,
    memory: PacketMemory,
    options: InMemoryTransportOptions = {},
  ): InMemoryTransport {
    const transport = new InMemoryTransport(this, address, memory, options);
    this.#endpoints.set(addressText(address), transport);
    return transport;
  }

  /** Sends a datagram as anybody could, forged or replayed. */
  carry(from: Uint8Array, to: Uint8Array, datagram: Uint8Array): void {
    const toText = addressText(to);
    this.sent.push({ from: addressText(from), to: toText, datagram });
    const { loss = 0, duplication = 0, reordering = 0, reorderingDelay = 20, delay = 1 } =
      this.conditions;
    const copies = this.#chance(loss) ? 0 : this.#chance(duplication) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const due = this.#now + delay + (this.#chance(reordering) ? reorderingDelay : 0);
      this.#underway.push({ due, order: this.#order++, from, to: toText, datagram });
    }
  }

  /** Lets that many ms pass and delivers what is due by then. */
  advance(ms: number): void {
    this.#now += ms;
    const due = this.#underway.filter((datagram) => datagram.due <= this.#now);
    this.#underway = this.#underway.filter((datagram) => datagram.due > this.#now);
    due.sort((a, b) => a.due - b.due || a.order - b.order);
    for (const { from, to, datagram } of due) this.#endpoints.get(to)?.deliver(from, datagram);
  }

  /** Mulberry32, which is public domain. */
  #chance(fraction: number): boolean {
    if (fraction <= 0) return false;
    this.#random = this.#random + 0x6d2b79f5 | 0;
    let t = Math.imul(this.#random ^ this.#random >>> 15, 1 | this.#random);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) / 2 ** 32 < fraction;
  }
}

/** What a transport in memory is like. */
export interface InMemoryTransportOptions {
  /** Messages per call; default 64. */
  readonly messages?: number;
  /** Datagrams that may wait to be received; more are lost. Default 1,024. */
  readonly queue?: number;
  /** errno with which messages in segments are refused, as an interface that cannot would. */
  readonly segmentRefusal?: number;
}

interface Message {
  readonly to: Uint8Array;
  readonly pieces: Uint8Array[];
  segmentSize: number;
}

/** A UDP socket on an {@linkcode InMemoryNetwork}. */
export class InMemoryTransport implements DatagramTransport {
  lastError = 0;
  readonly messages: number;
  /** Messages that may still be sent before the socket is full; infinite unless set. */
  room = Infinity;
  /** Messages in segments that were sent. */
  segmentedMessages = 0;
  readonly #network: InMemoryNetwork;
  readonly #address: Uint8Array;
  readonly #memory: PacketMemory;
  readonly #queueLimit: number;
  readonly #segmentRefusal: number;
  readonly #addresses: number;
  readonly #rooms: { offset: number; capacity: number }[] = [];
  readonly #queue: { readonly from: Uint8Array; readonly datagram: Uint8Array }[] = [];
  #received: { readonly from: Uint8Array; readonly datagram: Uint8Array }[] = [];
  #pending: Message[] = [];
  #open: Message | undefined = undefined;

  constructor(
    network: InMemoryNetwork,
    address: Uint8Array,
    memory: PacketMemory,
    options: InMemoryTransportOptions,
  ) {
    this.messages = options.messages ?? 64;
    this.#network = network;
    this.#address = address;
    this.#memory = memory;
    this.#queueLimit = options.queue ?? 1024;
    this.#segmentRefusal = options.segmentRefusal ?? 0;
    this.#addresses = memory.allocate(32 * this.messages);
  }

  /** The network brings a datagram. */
  deliver(from: Uint8Array, datagram: Uint8Array): void {
    if (this.#queue.length < this.#queueLimit) this.#queue.push({ from, datagram });
  }

  /** Whether datagrams wait to be received. */
  get readable(): boolean {
    return this.#queue.length > 0;
  }

  prepareReceive(i: number, offset: number, capacity: number): void {
    this.#rooms[i] = { offset, capacity };
  }

  receive(maxMessages: number): number {
    this.#received = this.#queue.splice(0, Math.min(maxMessages, this.messages));
    this.lastError = this.#received.length === 0 ? Errno.EAGAIN : 0;
    this.#received.forEach(({ from, datagram }, i) => {
      const { offset, capacity } = this.#rooms[i];
      this.#memory.bytes.set(datagram.subarray(0, capacity), offset);
      this.#memory.bytes.set(from, this.#addresses + 32 * i);
    });
    return this.#received.length;
  }

  receivedLength(i: number): number {
    return Math.min(this.#received[i].datagram.length, this.#rooms[i].capacity);
  }

  receivedTruncated(i: number): boolean {
    return this.#received[i].datagram.length > this.#rooms[i].capacity;
  }

  receivedAddressOffset(i: number): number {
    return this.#addresses + 32 * i;
  }

  receivedAddressLength(i: number): number {
    return this.#received[i].from.length;
  }

  receivedSegmentSize(_i: number): number {
    return 0;
  }

  get pending(): number {
    return this.#pending.length;
  }

  beginMessage(addressOffset: number, addressLength: number): boolean {
    if (this.#pending.length === this.messages) return false;
    const to = this.#memory.bytes.slice(addressOffset, addressOffset + addressLength);
    this.#open = { to, pieces: [], segmentSize: 0 };
    return true;
  }

  append(offset: number, length: number): boolean {
    this.#open?.pieces.push(this.#memory.bytes.slice(offset, offset + length));
    return this.#open !== undefined;
  }

  setSegmentSize(bytes: number): void {
    if (this.#open !== undefined) this.#open.segmentSize = bytes;
  }

  endMessage(): void {
    if (this.#open !== undefined) this.#pending.push(this.#open);
    this.#open = undefined;
  }

  flush(): number {
    this.lastError = 0;
    let sent = 0;
    for (let message = this.#pending[0]; message !== undefined; message = this.#pending[0]) {
      const segmented = message.segmentSize > 0;
      if (segmented && this.#segmentRefusal !== 0) this.lastError = this.#segmentRefusal;
      else if (this.room <= 0) this.lastError = Errno.EAGAIN;
      if (this.lastError !== 0) return sent;
      this.room--;
      if (segmented) this.segmentedMessages++;
      const whole = concatBytes(...message.pieces);
      const size = segmented ? message.segmentSize : whole.length;
      for (let at = 0; at < whole.length; at += size) {
        this.#network.carry(this.#address, message.to, whole.subarray(at, at + size));
      }
      this.#pending.shift();
      sent++;
    }
    return sent;
  }

  skip(): void {
    this.#pending.shift();
  }

  clear(): void {
    this.#pending = [];
    this.#open = undefined;
  }
}

function addressText(address: Uint8Array): string {
  return address.toHex();
}
