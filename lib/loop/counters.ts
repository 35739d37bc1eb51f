/**
 * The counters that both threads see: the worker counts, main reads.
 *
 * Layout of the shared memory: 64 bytes of Int32 (maxPeers, control backlog, commands), then Float64
 * arrays: drops by reason, bytes from and to the TUN device, the loop's own figures, then seven
 * arrays by peer number. A
 * Float64 store of an aligned 8-byte cell is one instruction on the processors that we run on, so a
 * reader never sees half of one; more than that (which value is newer) counters do not need. The backlog and the number of commands, which both
 * threads act on, are read and changed with `Atomics`.
 *
 * @module
 */

import { type DropReason, dropReasonCount } from "../data/drop_reason.ts";
import {
  DeviceCounter,
  resetPeerCounters,
  type TrafficCounters,
} from "../data/traffic_counters.ts";
import { controlBacklogLimit } from "./messages.ts";

const headerBytes = 64;
const maxPeersCell = 0;
const backlogCell = 1;
const postedCell = 2;
const arraysPerPeer = 7;
const deviceCells = 2;
/** Places in `SharedCounters.loop`. */
const LoopFigure = { turns: 0, busy: 1, streamQueue: 2 } as const;
const loopCells = 3;

/** What was counted for one peer. Times are `Date.now()` ms; 0: never. */
export interface PeerTraffic {
  readonly packetsIn: number;
  readonly bytesIn: number;
  readonly packetsOut: number;
  readonly bytesOut: number;
  readonly tunnelBytes: number;
  readonly lastReceived: number;
  readonly lastSent: number;
}

/** {@linkcode TrafficCounters} in a `SharedArrayBuffer`, and the control backlog. */
export class SharedCounters implements TrafficCounters {
  readonly maxPeers: number;
  readonly drops: Float64Array;
  readonly device: Float64Array;
  readonly #loop: Float64Array;
  readonly packetsIn: Float64Array;
  readonly bytesIn: Float64Array;
  readonly packetsOut: Float64Array;
  readonly bytesOut: Float64Array;
  readonly tunnelBytes: Float64Array;
  readonly lastReceived: Float64Array;
  readonly lastSent: Float64Array;
  readonly #header: Int32Array;

  /** New counters, all 0, for peers 0 to `maxPeers` - 1. */
  static create(maxPeers: number): SharedCounters {
    const cells = dropReasonCount + deviceCells + loopCells + arraysPerPeer * maxPeers;
    const buffer = new SharedArrayBuffer(headerBytes + cells * Float64Array.BYTES_PER_ELEMENT);
    new Int32Array(buffer)[maxPeersCell] = maxPeers;
    return new SharedCounters(buffer);
  }

  /** The counters that another thread created. */
  constructor(readonly buffer: SharedArrayBuffer) {
    this.#header = new Int32Array(buffer, 0, headerBytes / Int32Array.BYTES_PER_ELEMENT);
    const maxPeers = this.#header[maxPeersCell];
    this.maxPeers = maxPeers;
    this.drops = new Float64Array(buffer, headerBytes, dropReasonCount);
    let next = headerBytes + this.drops.byteLength;
    this.device = new Float64Array(buffer, next, deviceCells);
    next += this.device.byteLength;
    this.#loop = new Float64Array(buffer, next, loopCells);
    next += this.#loop.byteLength;
    const perPeer = () => {
      const array = new Float64Array(buffer, next, maxPeers);
      next += array.byteLength;
      return array;
    };
    this.packetsIn = perPeer();
    this.bytesIn = perPeer();
    this.packetsOut = perPeer();
    this.bytesOut = perPeer();
    this.tunnelBytes = perPeer();
    this.lastReceived = perPeer();
    this.lastSent = perPeer();
  }

  /** Packets dropped for that reason since the start. */
  dropped(reason: DropReason): number {
    return this.drops[reason];
  }

  /** Bytes of packets that came from the TUN device since the start. */
  get deviceRead(): number {
    return this.device[DeviceCounter.read];
  }

  /** Bytes of packets that went to the TUN device since the start. */
  get deviceWritten(): number {
    return this.device[DeviceCounter.written];
  }

  /** Worker: a turn of the loop is over; it worked for that many ms. */
  countTurn(busy: number): void {
    this.#loop[LoopFigure.turns]++;
    this.#loop[LoopFigure.busy] += busy;
  }

  /** Turns of the worker's loop since the start. */
  get turns(): number {
    return this.#loop[LoopFigure.turns];
  }

  /** How long it worked in these, ms; the rest of the time it waited. */
  get busyTime(): number {
    return this.#loop[LoopFigure.busy];
  }

  /** Bytes that waited for room in TCP connections when the worker last looked, once per second. */
  get streamQueue(): number {
    return this.#loop[LoopFigure.streamQueue];
  }

  set streamQueue(bytes: number) {
    this.#loop[LoopFigure.streamQueue] = bytes;
  }

  /**
   * What was counted for the peer. Stays readable after `remove-peer`, until the number is given to
   * another peer.
   */
  peer(peer: number): PeerTraffic {
    return {
      packetsIn: this.packetsIn[peer],
      bytesIn: this.bytesIn[peer],
      packetsOut: this.packetsOut[peer],
      bytesOut: this.bytesOut[peer],
      tunnelBytes: this.tunnelBytes[peer],
      lastReceived: this.lastReceived[peer],
      lastSent: this.lastSent[peer],
    };
  }

  /** Forgets what was counted for the peer; the worker does so at `add-peer`. */
  resetPeer(peer: number): void {
    resetPeerCounters(this, peer);
  }

  /** Main: an authentic control packet came, a sign of life as good as a data packet. */
  markReceived(peer: number, now: number): void {
    this.lastReceived[peer] = now;
  }

  /** Main: a control packet was sent, so that no ping is needed. */
  markSent(peer: number, now: number): void {
    this.lastSent[peer] = now;
  }

  /** Worker: whether a further control datagram may be handed to main; if so it is counted. */
  enterControlBacklog(): boolean {
    if (Atomics.load(this.#header, backlogCell) >= controlBacklogLimit) return false;
    Atomics.add(this.#header, backlogCell, 1);
    return true;
  }

  /** Main: a control datagram was taken. */
  leaveControlBacklog(): void {
    Atomics.sub(this.#header, backlogCell, 1);
  }

  /** Control datagrams on their way to main. */
  get controlBacklog(): number {
    return Atomics.load(this.#header, backlogCell);
  }

  /** Main: a command was posted; to be called before the eventfd is written. */
  markPosted(): void {
    Atomics.add(this.#header, postedCell, 1);
  }

  /** Commands posted since the start, modulo 2^32: how many messages the worker has to wait for. */
  get posted(): number {
    return Atomics.load(this.#header, postedCell) >>> 0;
  }
}
