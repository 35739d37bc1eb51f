/**
 * The sending half of the reliable layer: numbers packets, keeps them until they are acknowledged,
 * and says when each is to be sent again. Pure: the clock is passed in.
 *
 * Source: OpenVPN's `reliable.c` (`reliable_send`, `reliable_send_purge`,
 * `reliable_get_buf_output_sequenced`), `ssl_pkt.h`.
 *
 * @module
 */

import { distance, following, isBefore } from "./serial.ts";

/** Packets under way at the same time (TLS_RELIABLE_N_SEND_BUFFERS). */
export const defaultSendWindow = 6;

/** `tls-timeout`'s default, ms. */
export const defaultRetransmitTimeout = 2000;

/** A packet is sent again early when that many later ones were acknowledged (N_ACK_RETRANSMIT). */
const fastRetransmitAcks = 3;

/** Settings of a sender. */
export interface ReliableSenderOptions {
  /** Id of the first packet, uint32; 0 by default. */
  readonly firstId?: number;
  /** Time to the first retransmission, ms; it doubles each time. */
  readonly timeout?: number;
  /** Packets under way at the same time. */
  readonly window?: number;
}

/** A packet to be sent now. */
export interface OutgoingPacket {
  readonly id: number;
  readonly opcode: number;
  readonly payload: Uint8Array;
}

interface Entry extends OutgoingPacket {
  /** When it is to be sent; the same clock as `now`, ms. */
  nextTry: number;
  timeout: number;
  /** How many packets behind it have been acknowledged since it was last sent. */
  laterAcks: number;
  /** When it was sent, ms. NaN: more than once, so that of an acknowledgement nobody knows of which. */
  sentAt: number | undefined;
}

/** See the module's page. */
export class ReliableSender {
  readonly #window: number;
  readonly #timeout: number;
  /** In the order of their ids. */
  #entries: Entry[] = [];
  #nextId: number;

  constructor(options: ReliableSenderOptions = {}) {
    this.#window = options.window ?? defaultSendWindow;
    this.#timeout = options.timeout ?? defaultRetransmitTimeout;
    this.#nextId = options.firstId ?? 0;
  }

  /** Whether everything queued has been acknowledged. */
  get empty(): boolean {
    return this.#entries.length === 0;
  }

  /** Id of the packet that is queued next. */
  get nextId(): number {
    return this.#nextId;
  }

  /**
   * Packets that can be queued now. One that is not acknowledged holds up the whole window: the
   * receiver has to keep what comes behind it.
   */
  get available(): number {
    if (this.#entries.length === 0) return this.#window;
    return Math.max(0, this.#window - distance(this.#nextId, this.#entries[0].id));
  }

  /** Whether a packet can be queued now. */
  get canSend(): boolean {
    return this.available > 0;
  }

  /**
   * Queues a packet; it is due at once. The payload is kept, not copied.
   *
   * @returns Its id, or undefined when the window is full and nothing was queued.
   */
  queue(opcode: number, payload: Uint8Array): number | undefined {
    if (!this.canSend) return undefined;
    const id = this.#nextId;
    this.#nextId = following(id);
    this.#entries.push({
      id,
      opcode,
      payload,
      nextTry: -Infinity,
      timeout: this.#timeout,
      laterAcks: 0,
      sentAt: undefined,
    });
    return id;
  }

  /** The next packet to be sent or sent again at `now` (ms), lowest id first; it counts as sent. */
  due(now: number): OutgoingPacket | undefined {
    const entry = this.#entries.find((candidate) => isDue(candidate, now));
    if (entry === undefined) return undefined;
    entry.nextTry = now + entry.timeout;
    entry.timeout *= 2;
    entry.laterAcks = 0;
    entry.sentAt = entry.sentAt === undefined ? now : NaN;
    return { id: entry.id, opcode: entry.opcode, payload: entry.payload };
  }

  /**
   * When something is due next, on the clock of `now` (ms), and not before `now`; undefined:
   * nothing is under way.
   */
  nextDue(now: number): number | undefined {
    let next: number | undefined;
    for (const entry of this.#entries) {
      const due = isDue(entry, now) ? now : entry.nextTry;
      if (next === undefined || due < next) next = due;
    }
    return next;
  }

  /**
   * Takes the peer's acknowledgements that came at `now` (ms). Ids that are not under way are
   * ignored.
   *
   * @returns The round-trip time, ms: since the sending of the packet that waited least, since the
   * others may have waited for the peer. Undefined where each was sent more than once (Karn's
   * algorithm, RFC 6298, section 3).
   */
  acknowledge(ids: readonly number[], now: number): number | undefined {
    let shortest: number | undefined;
    for (const id of ids) {
      const place = this.#entries.findIndex((entry) => entry.id === id);
      // Repeated acknowledgements (see AckQueue) are no news of the packets in front.
      if (place < 0) continue;
      const [{ sentAt }] = this.#entries.splice(place, 1);
      const elapsed = now - (sentAt ?? NaN);
      if (elapsed >= 0 && (shortest === undefined || elapsed < shortest)) shortest = elapsed;
      for (const entry of this.#entries) if (isBefore(entry.id, id)) entry.laterAcks++;
    }
    return shortest;
  }

  /** Makes all packets due at once, with fresh timeouts: the peer has just come to life. */
  sendAllNow(): void {
    for (const entry of this.#entries) {
      entry.nextTry = -Infinity;
      entry.timeout = this.#timeout;
    }
  }
}

function isDue(entry: Entry, now: number): boolean {
  return now >= entry.nextTry || entry.laterAcks >= fastRetransmitAcks;
}
