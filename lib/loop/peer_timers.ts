/**
 * What happens by itself: once per second, pings to peers that nothing was sent to, and a report of
 * peers that nothing came from.
 *
 * The packet path only stores wall-clock times into the counters, and main does too for control
 * packets. A change of what is stored there is the sign of life; how long ago it was is measured
 * with the monotonic clock, so that setting the machine's clock ends no session.
 *
 * Source: openvpn(8), `--ping`, `--ping-restart`; OpenVPN's `ping.c`.
 *
 * @module
 */

import { PacketArena, PacketBatch } from "../data/packet_batch.ts";
import type { Peer } from "../data/peer.ts";
import { occExitLength, pingMagic, writeOccExit } from "../wire/data_packet.ts";
import type { LoopState } from "./loop_state.ts";

/** Between two looks at the peers, ms. */
export const tickInterval = 1000;
/** Pings sent in one turn. */
const batchCapacity = 64;
const arenaSize = 32_768;

/** Watches the peers. */
export class PeerTimers {
  readonly #state: LoopState;
  readonly #batch: PacketBatch;
  readonly #arena: PacketArena;
  #nextTick: number;
  /** The next peer to look at in this tick; at the end, none. */
  #cursor: number;

  /** @throws {RangeError} when the memory is too small. */
  constructor(state: LoopState) {
    this.#state = state;
    this.#batch = new PacketBatch(state.memory, batchCapacity);
    this.#arena = new PacketArena(state.memory, arenaSize);
    this.#nextTick = state.now + tickInterval;
    this.#cursor = state.peers.maxPeers;
  }

  /** Bytes of the memory that the timers take. */
  static readonly memorySize = arenaSize;

  /** How long nothing is due, ms. */
  get due(): number {
    if (this.#cursor < this.#state.peers.maxPeers) return 0;
    return Math.max(0, this.#nextTick - this.#state.now);
  }

  /** Whether a second has passed; then a new look at all peers begins. */
  tick(): boolean {
    const { now } = this.#state;
    if (now < this.#nextTick) return false;
    // A machine that slept has missed many; they are not made up for.
    this.#nextTick = Math.max(this.#nextTick + tickInterval, now);
    this.#cursor = 0;
    return true;
  }

  /** Looks at peers until all are seen or a batch of pings is full, which is to be sealed. */
  pings(): PacketBatch | undefined {
    const { peers } = this.#state;
    if (this.#cursor >= peers.maxPeers && this.#batch.count === 0) return undefined;
    this.#clear();
    while (this.#cursor < peers.maxPeers && !this.#batch.full) {
      const peer = peers.get(this.#cursor++);
      if (peer !== undefined) this.#look(peer);
    }
    return this.#batch.count > 0 ? this.#batch : undefined;
  }

  #look(peer: Peer): void {
    const { counters, now, wallNow, post } = this.#state;
    const received = counters.lastReceived[peer.number];
    if (received !== peer.receivedMark) {
      peer.receivedMark = received;
      peer.receivedAt = now;
    } else if (peer.pingTimeout > 0 && now - peer.receivedAt >= peer.pingTimeout) {
      // Told again after the same time, should main have missed it.
      peer.receivedAt = now;
      post({ kind: "peer-timeout", peer: peer.number });
    }
    const sent = counters.lastSent[peer.number];
    if (sent !== peer.sentMark) {
      peer.sentMark = sent;
      peer.sentAt = now;
    } else if (
      peer.pingInterval > 0 && now - peer.sentAt >= peer.pingInterval &&
      peer.sendingKey !== undefined
    ) {
      this.#admit(peer, pingMagic.length, writePing);
      peer.sentAt = now;
      peer.sentMark = wallNow; // what sealing the ping will store
    }
  }

  /** A batch with the notification that we end (`explicit-exit-notify`). */
  exit(peer: Peer): PacketBatch {
    this.#clear();
    this.#admit(peer, occExitLength, writeOccExit);
    return this.#batch;
  }

  #admit(peer: Peer, length: number, write: (bytes: Uint8Array, offset: number) => void): void {
    const place = this.#arena.place(length);
    if (place < 0) return;
    write(this.#state.memory.bytes, place);
    if (this.#state.sealer.admit(this.#batch, peer, place, length)) this.#arena.take(length);
  }

  #clear(): void {
    this.#batch.clear();
    this.#arena.reset();
  }
}

function writePing(bytes: Uint8Array, offset: number): void {
  bytes.set(pingMagic, offset);
}
