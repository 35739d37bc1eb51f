/**
 * tls-crypt-v2: tls-crypt with a key for each client. A client sends its key, wrapped under the
 * server's, behind its first packet, and once more behind the one that proves its address: so the
 * server need not remember it in between.
 *
 * ```text
 * HARD_RESET_CLIENT_V3, CONTROL_WKC_V1   packet as in tls-crypt, under Kc | WKc
 * all others                             packet as in tls-crypt, under Kc
 * ```
 *
 * Source: OpenVPN's `doc/tls-crypt-v2.txt`; `tls_crypt.c` (`tls_crypt_v2_extract_client_key`),
 * `ssl_pkt.c` (`tls_wrap_control`).
 *
 * @module
 */

import { concatBytes } from "../base/bytes.ts";
import { earlyNegotiationPacketId } from "../wire/early_negotiation.ts";
import { Opcode, opcodeOf } from "../wire/opcode.ts";
import type {
  AuthenticPacket,
  ControlWrap,
  ControlWrapChannel,
  ControlWrapChannelOptions,
} from "./control_wrap.ts";
import {
  openPacket,
  type ReplayOptions,
  TlsCryptChannel,
  type TlsCryptKeys,
  tlsCryptKeys,
  tlsCryptOverhead,
} from "./tls_crypt.ts";
import {
  type ClientKey,
  type TlsCryptV2ClientKey,
  type TlsCryptV2ServerKey,
  wrappedKeyLength,
} from "./tls_crypt_v2_key.ts";

/** A client's end. */
export class TlsCryptV2Client implements ControlWrap {
  readonly overhead = tlsCryptOverhead;
  readonly #keys: TlsCryptKeys;
  readonly #wrapped: Uint8Array;
  readonly #replay: ReplayOptions;

  constructor(key: TlsCryptV2ClientKey, replay: ReplayOptions = {}) {
    this.#keys = tlsCryptKeys(key.key, "client");
    this.#wrapped = key.wrapped;
    this.#replay = replay;
  }

  /** See `ControlWrap.channel`. */
  channel(options?: ControlWrapChannelOptions): ControlWrapChannel {
    const firstId = options?.firstPacketId ?? earlyNegotiationPacketId;
    return new TlsCryptV2ClientChannel(this.#keys, this.#replay, firstId, this.#wrapped);
  }

  /** See `ControlWrap.authenticate`. */
  authenticate(datagram: Uint8Array): AuthenticPacket | undefined {
    const plain = openPacket(this.#keys, datagram);
    return plain && { plain };
  }
}

class TlsCryptV2ClientChannel extends TlsCryptChannel {
  override readonly clientReset = Opcode.HARD_RESET_CLIENT_V3;
  override readonly wrappedKeyLength: number;
  readonly #wrapped: Uint8Array;

  constructor(
    keys: TlsCryptKeys,
    replay: ReplayOptions,
    firstPacketId: number,
    wrapped: Uint8Array,
  ) {
    super(keys, replay, firstPacketId);
    this.#wrapped = wrapped;
    this.wrappedKeyLength = wrapped.length;
  }

  override wrap(plain: Uint8Array, nowSeconds: number): Uint8Array {
    const datagram = super.wrap(plain, nowSeconds);
    return carriesWrappedKey(plain) ? concatBytes(datagram, this.#wrapped) : datagram;
  }
}

/** Settings of a server's end. */
export interface TlsCryptV2ServerOptions extends ReplayOptions {
  readonly key: TlsCryptV2ServerKey;
  /** For clients without a key of their own: tls-auth or tls-crypt. */
  readonly groupWrap?: ControlWrap;
  /** Whether a client's key, which is authentic, may be used: it may be revoked or too old. */
  readonly accepts?: (key: ClientKey) => boolean;
}

/** A server's end. */
export class TlsCryptV2Server implements ControlWrap {
  readonly overhead: number;
  readonly #options: TlsCryptV2ServerOptions;

  constructor(options: TlsCryptV2ServerOptions) {
    this.#options = options;
    this.overhead = Math.max(tlsCryptOverhead, options.groupWrap?.overhead ?? 0);
  }

  /** See `ControlWrap.channel`. Without a client's key it is one of the shared key. */
  channel(options: ControlWrapChannelOptions = {}): ControlWrapChannel {
    const { clientKey, firstPacketId } = options;
    if (clientKey !== undefined) {
      const keys = tlsCryptKeys(clientKey.key, "server");
      return new TlsCryptV2ServerChannel(keys, this.#options, firstPacketId);
    }
    const { groupWrap } = this.#options;
    if (groupWrap === undefined) throw new TypeError("a channel needs the client's key");
    return groupWrap.channel(options);
  }

  /** See `ControlWrap.authenticate`. */
  authenticate(datagram: Uint8Array, clientKey?: ClientKey): AuthenticPacket | undefined {
    if (carriesWrappedKey(datagram)) return this.#authenticateWithKey(datagram);
    if (clientKey === undefined) return this.#options.groupWrap?.authenticate(datagram);
    const plain = openPacket(tlsCryptKeys(clientKey.key, "server"), datagram);
    return plain && { plain, clientKey };
  }

  #authenticateWithKey(datagram: Uint8Array): AuthenticPacket | undefined {
    const length = wrappedKeyLength(datagram);
    if (length === undefined) return undefined;
    const packetLength = datagram.length - length;
    const clientKey = this.#options.key.unwrap(datagram.subarray(packetLength));
    if (clientKey === undefined) return undefined;
    const keys = tlsCryptKeys(clientKey.key, "server");
    const plain = openPacket(keys, datagram.subarray(0, packetLength));
    if (plain === undefined || this.#options.accepts?.(clientKey) === false) return undefined;
    return { plain, clientKey };
  }
}

class TlsCryptV2ServerChannel extends TlsCryptChannel {
  /** A repeated packet brings the key, which we know by now, again. */
  override unwrap(datagram: Uint8Array, nowMs?: number): Uint8Array | undefined {
    if (!carriesWrappedKey(datagram)) return super.unwrap(datagram, nowMs);
    const length = wrappedKeyLength(datagram);
    if (length === undefined) return undefined;
    return super.unwrap(datagram.subarray(0, datagram.length - length), nowMs);
  }
}

function carriesWrappedKey(packet: Uint8Array): boolean {
  if (packet.length === 0) return false;
  const opcode = opcodeOf(packet[0]);
  return opcode === Opcode.HARD_RESET_CLIENT_V3 || opcode === Opcode.CONTROL_WKC_V1;
}
