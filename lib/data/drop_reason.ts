/**
 * Why a packet went no further. Every packet that enters the data plane is delivered or counted
 * under one of these.
 *
 * @module
 */

/** Indices into the counters of dropped packets; each is counted for itself. */
export const DropReason = {
  /** A datagram of no bytes. */
  EMPTY: 0,
  /** A datagram that did not fit the receive buffer. */
  TRUNCATED: 1,
  /** The first byte names no opcode that we know (key method 1 included). */
  UNKNOWN_OPCODE: 2,
  /** A control datagram, but main has `controlBacklogLimit` of them waiting. */
  CONTROL_BACKLOG: 3,
  /** Too short for what its opcode and its key's cipher need. */
  TOO_SHORT: 4,
  /** A data packet whose peer-id, or address, is no peer's. */
  UNKNOWN_PEER: 5,
  /** A data packet of a known peer, for a key that it has not (yet, or any more). */
  UNKNOWN_KEY: 6,
  /** A data packet from another address than the peer's, where `float` is off. */
  WRONG_ADDRESS: 7,
  /** Its tag or HMAC is wrong. */
  NOT_AUTHENTIC: 8,
  /** Authentic, but its CBC padding is wrong or it has no packet-id. */
  BAD_PADDING: 9,
  /** Its packet-id was seen before, is 0, or is behind the replay window. */
  REPLAYED: 10,
  /** Its peer came from an address that is another peer's. */
  ADDRESS_TAKEN: 11,
  /** Compressed, or its compression framing is wrong. */
  BAD_FRAMING: 12,
  /** Neither an IPv4 nor an IPv6 packet, or shorter than its header. */
  NOT_IP: 13,
  /** Its source is no address of the peer that sent it. */
  BAD_SOURCE: 14,
  /** No peer has a route for its destination. */
  NO_ROUTE: 15,
  /** Its peer has no key to send with yet. */
  NO_KEY: 16,
  /** The key's packet-ids are used up. */
  KEY_EXHAUSTED: 17,
  /** Sealed, it would be longer than a UDP datagram can be. */
  TOO_LARGE: 18,
  /** The socket took no more, refused it, or is gone. */
  SEND_REFUSED: 19,
  /** The TUN device took no more, or refused it. */
  DEVICE_REFUSED: 20,
  /** There is no TUN device. */
  NO_DEVICE: 21,
  /** The engine failed on it. */
  ENGINE_FAILED: 22,
  /** A packet of a TUN device with offloads that cannot be taken apart. */
  BAD_OFFLOAD: 23,
  /** As much as may waits for its peer's TCP connection already. */
  QUEUE_FULL: 24,
  /** For the Internet, while the exit node that its peer goes by is away. */
  NO_EXIT: 25,
  /** From the Internet to a peer that goes by an exit node, and not from there. */
  OTHER_EXIT: 26,
  /** The access list of the peer that sent it, or that it is for, denies it. */
  ACCESS_DENIED: 27,
  /** IPv6 of a client, with `block-ipv6`. */
  IPV6_BLOCKED: 28,
} as const;

/** One of {@linkcode DropReason}. */
export type DropReason = typeof DropReason[keyof typeof DropReason];

/** How many reasons there are. */
export const dropReasonCount: number = Object.keys(DropReason).length;

/** The reason's name for logs and the status, as `not-authentic`. */
export function dropReasonName(reason: DropReason): string {
  return dropReasonNames[reason];
}

const dropReasonNames: readonly string[] = Object.keys(DropReason)
  .map((name) => name.toLowerCase().replaceAll("_", "-"));
