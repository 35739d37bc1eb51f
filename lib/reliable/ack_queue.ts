/**
 * Acknowledgements that wait to be sent, and the ones sent lately: those ride along again while
 * there is room, so that a lost datagram does not cost a retransmission.
 *
 * Source: OpenVPN 2.6's `reliable.c` (`reliable_ack_acknowledge_packet_id`, `reliable_ack_write`,
 * `copy_acks_to_mru`).
 *
 * @module
 */

/** Acknowledgements that can wait, and that are remembered (RELIABLE_ACK_SIZE). */
export const ackQueueSize = 8;

/** See the module's page. */
export class AckQueue {
  readonly #pending: number[] = [];
  readonly #recent: number[] = [];

  /** Whether nothing waits to be acknowledged. */
  get isEmpty(): boolean {
    return this.#pending.length === 0;
  }

  /** How many ids wait to be acknowledged. */
  get size(): number {
    return this.#pending.length;
  }

  /**
   * Has an id acknowledged, once. When too many wait it is left out: the peer sends its packet
   * again.
   */
  add(id: number): void {
    if (this.#pending.length < ackQueueSize && !this.#pending.includes(id)) this.#pending.push(id);
  }

  /**
   * The ids to write into a packet: waiting ones first, then ones that were sent lately.
   *
   * @param maximum At most that many: 8 in an ACK_V1, 4 elsewhere (CONTROL_SEND_ACK_MAX).
   */
  take(maximum: number): number[] {
    moveToFront(this.#recent, this.#pending.splice(0, maximum));
    return this.#recent.slice(0, maximum);
  }
}

/** Puts `ids` at the front of the most recently used ids, in their order; drops the oldest. */
export function moveToFront(recent: number[], ids: readonly number[]): void {
  for (let i = ids.length - 1; i >= 0; i--) {
    const place = recent.indexOf(ids[i]);
    if (place >= 0) recent.splice(place, 1);
    recent.unshift(ids[i]);
  }
  if (recent.length > ackQueueSize) recent.length = ackQueueSize;
}
