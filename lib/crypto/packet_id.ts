/**
 * Packet-ids for sending. The data channel uses the short form, a uint32 that rises by one and
 * never wraps under the same key; tls-auth and tls-crypt use the long form, which has the time in
 * seconds beside it and may start again when the time has moved on.
 *
 * Source: OpenVPN's `packet_id.c` (`packet_id_send_update`), `packet_id.h`.
 *
 * @module
 */

/** Last packet-id; the first is 1, and 0 is never used. */
export const maximumPacketId = 0xffffffff;

/** From this id on the key should be replaced (PACKET_ID_WRAP_TRIGGER). */
export const exhaustionThreshold = 0xff000000;

/** Bytes of a packet-id in the long form: id (4), time (4). */
export const longPacketIdLength = 8;

/** Numbers the packets under one key of the data channel. */
export class PacketIdSender {
  #last: number;

  /** @param last The id before the first, 0 to 2^32 - 1. */
  constructor(last = 0) {
    this.#last = last;
  }

  /** The next id, or 0 when all are used up: nothing may be sent under this key any more. */
  next(): number {
    if (this.#last >= maximumPacketId) return 0;
    return ++this.#last;
  }

  /** The key should be replaced. */
  get exhausting(): boolean {
    return this.#last >= exhaustionThreshold;
  }
}

/** Numbers the packets of a control channel, in the long form. */
export class LongPacketIdSender {
  #last: number;
  #time = 0;

  /** @param firstId 1 to 2^32 - 1. */
  constructor(firstId = 1) {
    this.#last = firstId - 1;
  }

  /**
   * Takes the next id.
   *
   * @param nowSeconds Whole seconds since 1970.
   * @returns false when all ids of this second are used up; then `id` and `time` do not change.
   */
  next(nowSeconds: number): boolean {
    if (this.#time === 0) this.#time = nowSeconds;
    if (this.#last >= maximumPacketId) {
      if (nowSeconds <= this.#time) return false;
      this.#time = nowSeconds;
      this.#last = 0;
    }
    this.#last++;
    return true;
  }

  /** The id taken last. */
  get id(): number {
    return this.#last;
  }

  /** The time that goes with it: of the first packet, or of the last wrap. Seconds since 1970. */
  get time(): number {
    return this.#time;
  }
}
