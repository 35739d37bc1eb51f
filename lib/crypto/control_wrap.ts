/**
 * Wrapping of control-channel packets: what makes a datagram cost nothing to a server unless its
 * sender holds the shared key (tls-auth, tls-crypt).
 *
 * A server asks `authenticate` for datagrams of no known session, answers statelessly, and opens a
 * `channel` once a client has proven its address (reset_cookie.ts).
 *
 * @module
 */

/** Settings of a channel. */
export interface ControlWrapChannelOptions {
  /** The first packet-id to be sent; 2 when a stateless answer has used 1. 1 by default. */
  readonly firstPacketId?: number;
  /**
   * The datagram that opens the session, as received: a wrapping that has a key for each client
   * (tls-crypt-v2) finds it in there.
   */
  readonly opening?: Uint8Array;
}

/** A way to wrap control-channel packets, under a key that all sessions share. */
export interface ControlWrap {
  /** Bytes that the wrapping adds to a packet. */
  readonly overhead: number;
  /** The state of one session. */
  channel(options?: ControlWrapChannelOptions): ControlWrapChannel;
  /**
   * Checks authenticity and nothing else (no replay state), for datagrams of no known session.
   *
   * @returns The plain packet, or undefined when it is not authentic.
   */
  authenticate(datagram: Uint8Array): Uint8Array | undefined;
}

/** Wraps and unwraps the packets of one session. */
export interface ControlWrapChannel {
  /**
   * @param plain A packet as `encodeControlPacket` makes it.
   * @param nowSeconds Whole seconds since 1970.
   */
  wrap(plain: Uint8Array, nowSeconds: number): Uint8Array;
  /**
   * @param nowMs A monotonic clock in ms, for the replay window; `performance.now()` by default.
   * @returns The plain packet, or undefined when it is not authentic or has come before.
   */
  unwrap(datagram: Uint8Array, nowMs?: number): Uint8Array | undefined;
}

/** No wrapping: neither tls-auth nor tls-crypt. */
export class NoWrap implements ControlWrap, ControlWrapChannel {
  readonly overhead = 0;

  channel(): ControlWrapChannel {
    return this;
  }
  authenticate(datagram: Uint8Array): Uint8Array {
    return datagram;
  }
  wrap(plain: Uint8Array): Uint8Array {
    return plain;
  }
  unwrap(datagram: Uint8Array): Uint8Array {
    return datagram;
  }
}
