/**
 * A server's answer to datagrams of no known session. It keeps no state for them: the session id
 * that it gives is a keyed hash of the client's address, session id and the time, and only a
 * client that shows it back, from the same address, gets a session.
 *
 * Source: OpenVPN's `mudp.c` (`do_pre_decrypt_check`) and `doc/tls-crypt-v2.txt`, section
 * "HMAC cookie"; openvpn(8), `--connect-freq-initial`.
 *
 * @module
 */

import type { ControlWrap } from "../crypto/control_wrap.ts";
import type { ResetCookie } from "../crypto/reset_cookie.ts";
import { decodeControlPacket, encodeControlPacket } from "../wire/control_packet.ts";
import { Opcode } from "../wire/opcode.ts";

/** What to do with a datagram of no known session. */
export type ResetVerdict =
  /** Not authentic, malformed, or out of place: no answer. */
  | { readonly kind: "drop"; readonly reason: "unauthenticated" | "malformed" | "rate" | "cookie" }
  /** Send this back to where it came from. */
  | { readonly kind: "reply"; readonly datagram: Uint8Array }
  /** The client has proved its address: make a session and hand it the datagram. */
  | {
    readonly kind: "accept";
    readonly localSessionId: Uint8Array;
    readonly remoteSessionId: Uint8Array;
  };

/** The packet-id of the stateless reply; a session's own ids follow it. */
export const replyPacketId = 1;

/** See the module's page. */
export class ResetResponder {
  #windowStart = 0;
  #replies = 0;

  /** @param limit `connect-freq-initial`: at most `count` replies in `seconds`. */
  constructor(
    readonly wrap: ControlWrap,
    readonly cookie: ResetCookie,
    readonly limit: { readonly count: number; readonly seconds: number },
  ) {}

  /**
   * @param sockaddr Where the datagram came from, raw.
   * @param now Seconds since 1970.
   */
  consider(datagram: Uint8Array, sockaddr: Uint8Array, now: number): ResetVerdict {
    const plain = this.wrap.authenticate(datagram);
    if (plain === undefined) return { kind: "drop", reason: "unauthenticated" };
    const packet = decodeControlPacket(plain);
    if (packet === undefined || packet.keyId !== 0) return { kind: "drop", reason: "malformed" };
    switch (packet.opcode) {
      case Opcode.HARD_RESET_CLIENT_V2:
        if (packet.packetId !== 0) return { kind: "drop", reason: "malformed" };
        if (!this.#withinLimit(now)) return { kind: "drop", reason: "rate" };
        return { kind: "reply", datagram: this.#reply(packet.sessionId, sockaddr, now) };
      case Opcode.CONTROL_V1:
      case Opcode.ACK_V1:
        if (
          packet.remoteSessionId === undefined ||
          !this.cookie.verify(packet.sessionId, packet.remoteSessionId, sockaddr, now)
        ) return { kind: "drop", reason: "cookie" };
        // A client that completes the handshake is not what the limit is against.
        if (this.#replies > 0) this.#replies--;
        return {
          kind: "accept",
          localSessionId: packet.remoteSessionId.slice(),
          remoteSessionId: packet.sessionId.slice(),
        };
      default:
        return { kind: "drop", reason: "malformed" };
    }
  }

  #withinLimit(now: number): boolean {
    if (now >= this.#windowStart + this.limit.seconds || now < this.#windowStart) {
      this.#windowStart = now;
      this.#replies = 0;
    }
    return ++this.#replies <= this.limit.count;
  }

  #reply(clientSessionId: Uint8Array, sockaddr: Uint8Array, now: number): Uint8Array {
    const plain = encodeControlPacket({
      opcode: Opcode.HARD_RESET_SERVER_V2,
      keyId: 0,
      sessionId: this.cookie.issue(clientSessionId, sockaddr, now),
      acks: [0],
      remoteSessionId: clientSessionId,
      packetId: 0,
      payload: new Uint8Array(0),
    });
    return this.wrap.channel({ firstPacketId: replyPacketId }).wrap(plain, now);
  }
}
