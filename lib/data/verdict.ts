/**
 * What becomes of an opened packet.
 *
 * @module
 */

/** See the module's page. */
export const Verdict = {
  /** Nothing more: dropped and counted, or a message of the protocol itself. */
  NONE: 0,
  /** It goes to the TUN device. */
  DELIVER: 1,
  /** It goes to the peer `batch.destination[i]`. */
  FORWARD: 2,
  /** It goes to the TUN device and to all other peers. */
  BROADCAST: 3,
  /** It goes nowhere, and its sender is told (`block-ipv6`). */
  REFUSE: 4,
} as const;

/** One of {@linkcode Verdict}. */
export type Verdict = typeof Verdict[keyof typeof Verdict];
