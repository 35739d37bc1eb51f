/**
 * What client and server tell each other in their first packets, before there is TLS: that a
 * client of tls-crypt-v2 can send its wrapped key again (in the packet-id of its reset), and that
 * the server wants it to (in the payload of its own).
 *
 * ```text
 * payload of HARD_RESET_SERVER_V2: any number of  type (2) | length (2) | value
 * ```
 *
 * Source: OpenVPN's `doc/tls-crypt-v2.txt`, section "HMAC Cookie support"; `ssl_pkt.h`
 * (`EARLY_NEG_START`, `TLV_TYPE_EARLY_NEG_FLAGS`), `ssl.c` (`parse_early_negotiation_tlvs`).
 *
 * @module
 */

/** The first packet-id of a client that can send its wrapped key again. */
export const earlyNegotiationPacketId = 0x0f000001;

/** The byte of the packet-id that says so. */
const earlyNegotiationMark = 0x0f;

const flagsType = 1;
const resendWrappedKeyFlag = 1;

/** What a server's first packet says. */
export interface EarlyNegotiation {
  /** The client is to put its wrapped key behind its next packet once more. */
  readonly resendWrappedKey: boolean;
}

/** Whether the packet-id (uint32) of a client's reset announces early negotiation. */
export function announcesEarlyNegotiation(packetId: number): boolean {
  // As OpenVPN, any id with these bits: more of them may get a meaning.
  return (packetId >>> 24 & earlyNegotiationMark) === earlyNegotiationMark;
}

/** The payload of a server's reset. */
export function encodeEarlyNegotiation(negotiation: EarlyNegotiation): Uint8Array<ArrayBuffer> {
  if (!negotiation.resendWrappedKey) return new Uint8Array(0);
  return Uint8Array.of(0, flagsType, 0, 2, 0, resendWrappedKeyFlag);
}

/**
 * Reads the payload of a server's reset. Types that we do not know are passed over.
 *
 * @returns undefined when it is malformed.
 */
export function decodeEarlyNegotiation(payload: Uint8Array): EarlyNegotiation | undefined {
  let resendWrappedKey = false;
  for (let offset = 0; offset < payload.length;) {
    if (payload.length - offset < 4) return undefined;
    const type = payload[offset] << 8 | payload[offset + 1];
    const length = payload[offset + 2] << 8 | payload[offset + 3];
    offset += 4;
    if (payload.length - offset < length) return undefined;
    if (type === flagsType) {
      if (length !== 2) return undefined;
      if (payload[offset + 1] & resendWrappedKeyFlag) resendWrappedKey = true;
    }
    offset += length;
  }
  return { resendWrappedKey };
}
