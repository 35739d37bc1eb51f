/**
 * Ciphertext that waits for a place in a packet.
 *
 * @module
 */

import { concatBytes } from "../base/bytes.ts";

/** See the module's page. */
export class OutgoingBytes {
  #chunks: Uint8Array[] = [];

  /** Whether nothing waits. */
  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  /** Puts bytes behind those that wait. They are kept, not copied. */
  push(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
  }

  /** Takes the next bytes out, at most `room` of them. */
  take(room: number): Uint8Array {
    const parts: Uint8Array[] = [];
    while (room > 0 && this.#chunks.length > 0) {
      const head = this.#chunks[0];
      if (head.length <= room) {
        parts.push(head);
        room -= head.length;
        this.#chunks.shift();
      } else {
        parts.push(head.subarray(0, room));
        this.#chunks[0] = head.subarray(room);
        room = 0;
      }
    }
    return concatBytes(...parts);
  }
}
