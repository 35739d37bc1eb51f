/**
 * The receiving half of the reliable layer: puts packets in order and drops repeated ones. Pure.
 *
 * Source: OpenVPN's `reliable.c` (`reliable_wont_break_sequentiality`, `reliable_not_replay`,
 * `reliable_get_entry_sequenced`), `ssl_pkt.h`.
 *
 * @module
 */

import { distance, following, isBefore } from "./serial.ts";

/** Packets that are kept until the ones in front of them come (TLS_RELIABLE_N_REC_BUFFERS). */
export const defaultReceiveWindow = 12;

/** Settings of a receiver. */
export interface ReliableReceiverOptions {
  /** Id of the first packet to come, uint32; 0 by default. */
  readonly firstId?: number;
  /** Packets kept at the same time. */
  readonly window?: number;
}

/** A packet, in its turn. */
export interface IncomingPacket {
  readonly id: number;
  readonly opcode: number;
  readonly payload: Uint8Array;
}

/** See the module's page. */
export class ReliableReceiver {
  readonly #window: number;
  readonly #waiting = new Map<number, IncomingPacket>();
  #nextId: number;

  constructor(options: ReliableReceiverOptions = {}) {
    this.#window = options.window ?? defaultReceiveWindow;
    this.#nextId = options.firstId ?? 0;
  }

  /**
   * Takes a packet. The payload is kept, not copied.
   *
   * @returns "new": kept; "duplicate": was here before; "outside": too far ahead to be kept. New
   * packets and duplicates are to be acknowledged (the first acknowledgement may be lost); packets
   * outside are not.
   */
  accept(id: number, payload: Uint8Array, opcode: number): "new" | "duplicate" | "outside" {
    if (isBefore(id, this.#nextId)) return "duplicate";
    if (distance(id, this.#nextId) >= this.#window) return "outside";
    if (this.#waiting.has(id)) return "duplicate";
    this.#waiting.set(id, { id, opcode, payload });
    return "new";
  }

  /** The next packet in order, or undefined while it has not come. */
  take(): IncomingPacket | undefined {
    const packet = this.#waiting.get(this.#nextId);
    if (packet === undefined) return undefined;
    this.#waiting.delete(this.#nextId);
    this.#nextId = following(this.#nextId);
    return packet;
  }
}
