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
import type { ClientKey } from "../crypto/tls_crypt_v2_key.ts";
import {
  controlHeaderLength,
  type ControlPacket,
  decodeControlPacket,
  encodeControlPacket,
} from "../wire/control_packet.ts";
import { announcesEarlyNegotiation, encodeEarlyNegotiation } from "../wire/early_negotiation.ts";
import { Opcode } from "../wire/opcode.ts";
import type { ClientKeyMemory } from "./client_key_memory.ts";

/** Why a datagram is dropped. */
export type DropReason =
  | "unauthenticated"
  | "malformed"
  | "rate"
  | "cookie"
  /** A tls-crypt-v2 client that can't send its key again, and may not do without. */
  | "noncookie";

/** What a client with a session is known by. */
export interface AcceptedClient {
  readonly localSessionId: Uint8Array;
  readonly remoteSessionId: Uint8Array;
  /** tls-crypt-v2: its own key. */
  readonly clientKey?: ClientKey;
}

/** What to do with a datagram of no known session. */
export type ResetVerdict =
  /** Not authentic, malformed, or out of place: no answer. */
  | { readonly kind: "drop"; readonly reason: DropReason }
  /** Send this back to where it came from. */
  | { readonly kind: "reply"; readonly datagram: Uint8Array }
  /** The client has proved its address: make a session and hand it the datagram. */
  | ({ readonly kind: "accept" } & AcceptedClient);

/** The packet-id of the stateless reply; a session's own ids follow it. */
export const replyPacketId = 1;

/** The highest number in the reliable layer before there is a session. */
const highestHandshakeId = 1;

/** See the module's page. */
export class ResetResponder {
  #windowStart = 0;
  #replies = 0;

  /**
   * @param limit `connect-freq-initial`: at most `count` replies in `seconds`.
   * @param keyMemory For `tls-crypt-v2 FILE allow-noncookie`.
   */
  constructor(
    readonly wrap: ControlWrap,
    readonly cookie: ResetCookie,
    readonly limit: { readonly count: number; readonly seconds: number },
    readonly keyMemory?: ClientKeyMemory,
  ) {}

  /**
   * @param sockaddr Where the datagram came from, raw.
   * @param now Seconds since 1970.
   */
  consider(datagram: Uint8Array, sockaddr: Uint8Array, now: number): ResetVerdict {
    const authentic = this.wrap.authenticate(
      datagram,
      this.keyMemory?.recall(datagram, sockaddr, now),
    );
    if (authentic === undefined) return { kind: "drop", reason: "unauthenticated" };
    const { clientKey } = authentic;
    const packet = decodeControlPacket(authentic.plain);
    if (packet === undefined || packet.keyId !== 0) return { kind: "drop", reason: "malformed" };
    switch (packet.opcode) {
      case Opcode.HARD_RESET_CLIENT_V2:
      case Opcode.HARD_RESET_CLIENT_V3:
        return this.#considerReset(packet, clientKey, datagram, sockaddr, now);
      case Opcode.CONTROL_V1:
      case Opcode.CONTROL_WKC_V1:
      case Opcode.ACK_V1:
        if (!this.#provesAddress(packet, sockaddr, now)) return { kind: "drop", reason: "cookie" };
        // A client that completes the handshake is not what the limit is against.
        if (this.#replies > 0) this.#replies--;
        this.keyMemory?.forget(datagram, sockaddr);
        return {
          kind: "accept",
          localSessionId: packet.remoteSessionId!.slice(),
          remoteSessionId: packet.sessionId.slice(),
          ...(clientKey !== undefined && { clientKey }),
        };
      default:
        return { kind: "drop", reason: "malformed" };
    }
  }

  #considerReset(
    packet: ControlPacket,
    clientKey: ClientKey | undefined,
    datagram: Uint8Array,
    sockaddr: Uint8Array,
    now: number,
  ): ResetVerdict {
    const own = packet.opcode === Opcode.HARD_RESET_CLIENT_V3;
    if (packet.packetId !== 0 || own !== (clientKey !== undefined)) {
      return { kind: "drop", reason: "malformed" };
    }
    const resendWrappedKey = own && announcesEarlyNegotiation(wrapPacketId(datagram));
    const mustRemember = clientKey !== undefined && !resendWrappedKey;
    if (mustRemember && this.keyMemory === undefined) return { kind: "drop", reason: "noncookie" };
    if (!this.#withinLimit(now)) return { kind: "drop", reason: "rate" };
    if (mustRemember) this.keyMemory?.remember(datagram, sockaddr, clientKey, now);
    const plain = encodeControlPacket({
      opcode: Opcode.HARD_RESET_SERVER_V2,
      keyId: 0,
      sessionId: this.cookie.issue(packet.sessionId, sockaddr, now),
      acks: [0],
      remoteSessionId: packet.sessionId,
      packetId: 0,
      payload: encodeEarlyNegotiation({ resendWrappedKey }),
    });
    const channel = this.wrap.channel({ firstPacketId: replyPacketId, clientKey });
    return { kind: "reply", datagram: channel.wrap(plain, now) };
  }

  /** Whether the packet shows our session id, and could be a client's second. */
  #provesAddress(packet: ControlPacket, sockaddr: Uint8Array, now: number): boolean {
    const { sessionId, remoteSessionId, acks, packetId = 0 } = packet;
    if (remoteSessionId === undefined) return false;
    // What comes later in a session is of one that has ended.
    if (packetId > highestHandshakeId || acks.some((id) => id > highestHandshakeId)) return false;
    return this.cookie.verify(sessionId, remoteSessionId, sockaddr, now);
  }

  #withinLimit(now: number): boolean {
    if (now >= this.#windowStart + this.limit.seconds || now < this.#windowStart) {
      this.#windowStart = now;
      this.#replies = 0;
    }
    return ++this.#replies <= this.limit.count;
  }
}

/** The packet-id of tls-crypt, in an authentic datagram. */
function wrapPacketId(datagram: Uint8Array): number {
  return new DataView(datagram.buffer, datagram.byteOffset).getUint32(controlHeaderLength);
}
