/**
 * Wrapping of control-channel packets: what makes a datagram cost nothing to a server unless its
 * sender holds a key (tls-auth, tls-crypt, tls-crypt-v2).
 *
 * A server asks `authenticate` for datagrams of no known session, answers statelessly, and opens a
 * `channel` once a client has proven its address (reset_cookie.ts).
 *
 * @module
 */

import { Opcode } from "../wire/opcode.ts";
import type { ClientKey } from "./tls_crypt_v2_key.ts";

/** Settings of a channel. */
export interface ControlWrapChannelOptions {
  /** The first packet-id to be sent; 2 when a stateless answer has used 1. */
  readonly firstPacketId?: number;
  /** Server, tls-crypt-v2: the key that came with the client's packet. */
  readonly clientKey?: ClientKey;
}

/** A packet of no known session whose sender holds a key. */
export interface AuthenticPacket {
  /** The packet, unwrapped. */
  readonly plain: Uint8Array;
  /** tls-crypt-v2: the client's own key, which was in the packet. */
  readonly clientKey?: ClientKey;
}

/** A way to wrap control-channel packets. */
export interface ControlWrap {
  /** Bytes that the wrapping adds to a packet. */
  readonly overhead: number;
  /** The state of one session. */
  channel(options?: ControlWrapChannelOptions): ControlWrapChannel;
  /**
   * Checks authenticity and nothing else (no replay state), for datagrams of no known session.
   *
   * @param clientKey tls-crypt-v2: the key to check with where the packet brings none.
   * @returns undefined when it is not authentic.
   */
  authenticate(datagram: Uint8Array, clientKey?: ClientKey): AuthenticPacket | undefined;
}

/** Wraps and unwraps the packets of one session. */
export interface ControlWrapChannel {
  /** The opcode of a client's first packet. */
  readonly clientReset: number;
  /** Client, tls-crypt-v2: bytes of the wrapped key behind the packets that carry it; else 0. */
  readonly wrappedKeyLength: number;
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
  readonly clientReset = Opcode.HARD_RESET_CLIENT_V2;
  readonly wrappedKeyLength = 0;

  channel(): ControlWrapChannel {
    return this;
  }
  authenticate(datagram: Uint8Array): AuthenticPacket {
    return { plain: datagram };
  }
  wrap(plain: Uint8Array): Uint8Array {
    return plain;
  }
  unwrap(datagram: Uint8Array): Uint8Array {
    return datagram;
  }
}
