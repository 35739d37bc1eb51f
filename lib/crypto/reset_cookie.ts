/**
 * The stateless answer to a client's first packet: the server's session id is an HMAC over the
 * client's address and session id and the time. A client that sends it back holds its address, and
 * only then the server keeps anything of it.
 *
 * Source: OpenVPN 2.6's `ssl_pkt.c` (`calculate_session_id_hmac`, `check_session_id_hmac`).
 *
 * @module
 */

import { constantTimeEqual, randomBytes } from "../base/bytes.ts";
import { sessionIdLength } from "../wire/session_id.ts";
import { OneShotHmac } from "./one_shot_hmac.ts";

/** Makes and recognises session ids of a server. */
export class ResetCookie {
  readonly #hmac: OneShotHmac;
  readonly #slotSeconds: number;

  /**
   * @param handWindow `hand-window`, seconds: about as long an id is good.
   * @param secret 32 bytes; random by default.
   */
  constructor(handWindow = 60, secret: Uint8Array = randomBytes(32)) {
    this.#hmac = new OneShotHmac("sha256", secret);
    this.#slotSeconds = Math.max(1, Math.floor((handWindow + 1) / 2));
  }

  /**
   * The server's session id for this client, 8 bytes.
   *
   * @param address The client's raw `sockaddr_in` or `sockaddr_in6`.
   * @param nowSeconds Seconds since 1970.
   */
  issue(clientSessionId: Uint8Array, address: Uint8Array, nowSeconds: number): Uint8Array {
    return this.#sessionId(clientSessionId, address, Math.floor(nowSeconds / this.#slotSeconds));
  }

  /** Whether `issue` has made this server session id lately. */
  verify(
    clientSessionId: Uint8Array,
    serverSessionId: Uint8Array,
    address: Uint8Array,
    nowSeconds: number,
  ): boolean {
    const slot = Math.floor(nowSeconds / this.#slotSeconds);
    let valid = false;
    // As OpenVPN: two slots back, and one ahead for a clock that was set back.
    for (let offset = -2; offset <= 1; offset++) {
      const expected = this.#sessionId(clientSessionId, address, slot + offset);
      valid = constantTimeEqual(expected, serverSessionId) || valid;
    }
    return valid;
  }

  #sessionId(clientSessionId: Uint8Array, address: Uint8Array, slot: number): Uint8Array {
    const slotBytes = new Uint8Array(4);
    new DataView(slotBytes.buffer).setUint32(0, slot);
    return this.#hmac.of(slotBytes, address, clientSessionId).slice(0, sessionIdLength);
  }
}
