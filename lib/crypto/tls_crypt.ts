/**
 * tls-crypt: packets of the control channel encrypted and authenticated under a static key, with
 * the construction SIV (RFC 5297's idea): the tag over the plain text is the cipher's IV as well.
 *
 * ```text
 * on the wire  opcode (1) | session id (8) | packet-id (4) | time (4) | tag (32) | cipher text
 * tag          HMAC-SHA256(Ka, opcode … time | plain text)
 * cipher text  AES-256-CTR(Ke, tag[0..16], plain text)
 * ```
 *
 * Source: openvpn(8), `--tls-crypt`; OpenVPN's `tls_crypt.h`, `tls_crypt.c` (`tls_crypt_wrap`,
 * `tls_crypt_unwrap`).
 *
 * @module
 */

import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";
import { constantTimeEqual } from "../base/bytes.ts";
import { VpnError } from "../base/errors.ts";
import { controlHeaderLength } from "../wire/control_packet.ts";
import { Opcode } from "../wire/opcode.ts";
import type {
  AuthenticPacket,
  ControlWrap,
  ControlWrapChannel,
  ControlWrapChannelOptions,
} from "./control_wrap.ts";
import { longPacketIdLength, LongPacketIdSender } from "./packet_id.ts";
import { LongReplayWindow } from "./replay_window.ts";
import { keyHalves, type StaticKey } from "./static_key.ts";

const keyLength = 32;
const tagLength = 32;
const ivLength = 16;

const tagOffset = controlHeaderLength + longPacketIdLength;
const cipherTextOffset = tagOffset + tagLength;

/** Bytes that tls-crypt adds to a packet. */
export const tlsCryptOverhead = longPacketIdLength + tagLength;

/** `replay-window`, for a channel. */
export interface ReplayOptions {
  /** Ids; 64 by default. */
  readonly replayWindow?: number;
  /** ms; 15,000 by default. */
  readonly replayTime?: number;
}

/** Settings of tls-crypt. */
export interface TlsCryptOptions extends ReplayOptions {
  readonly key: StaticKey;
  readonly role: "client" | "server";
}

/** The keys for the two directions. */
export interface TlsCryptKeys {
  readonly sendCipher: Uint8Array;
  readonly sendHmac: Uint8Array;
  readonly receiveCipher: Uint8Array;
  readonly receiveHmac: Uint8Array;
}

/** The halves of a static key that a role uses: the server as with `key-direction 0`. */
export function tlsCryptKeys(key: StaticKey, role: "client" | "server"): TlsCryptKeys {
  const { send, receive } = keyHalves(role === "server" ? 0 : 1);
  return {
    sendCipher: key.cipherKey(send, keyLength),
    sendHmac: key.hmacKey(send, keyLength),
    receiveCipher: key.cipherKey(receive, keyLength),
    receiveHmac: key.hmacKey(receive, keyLength),
  };
}

/** See the module's page. */
export class TlsCrypt implements ControlWrap {
  readonly overhead = tlsCryptOverhead;
  readonly #keys: TlsCryptKeys;
  readonly #replay: ReplayOptions;

  constructor({ key, role, ...replay }: TlsCryptOptions) {
    this.#keys = tlsCryptKeys(key, role);
    this.#replay = replay;
  }

  /** See `ControlWrap.channel`. */
  channel(options?: ControlWrapChannelOptions): ControlWrapChannel {
    return new TlsCryptChannel(this.#keys, this.#replay, options?.firstPacketId);
  }

  /** See `ControlWrap.authenticate`. */
  authenticate(datagram: Uint8Array): AuthenticPacket | undefined {
    const plain = openPacket(this.#keys, datagram);
    return plain && { plain };
  }
}

/** One session under tls-crypt. */
export class TlsCryptChannel implements ControlWrapChannel {
  readonly clientReset: number = Opcode.HARD_RESET_CLIENT_V2;
  readonly wrappedKeyLength: number = 0;
  readonly #keys: TlsCryptKeys;
  readonly #window: LongReplayWindow;
  readonly #sender: LongPacketIdSender;

  constructor(keys: TlsCryptKeys, replay: ReplayOptions, firstPacketId?: number) {
    this.#keys = keys;
    this.#window = new LongReplayWindow(replay.replayWindow, replay.replayTime);
    this.#sender = new LongPacketIdSender(firstPacketId);
  }

  /** See `ControlWrapChannel.wrap`. */
  wrap(plain: Uint8Array, nowSeconds: number): Uint8Array {
    if (!this.#sender.next(nowSeconds)) {
      throw new VpnError("no packet-id is left for the control channel", "set the clock right");
    }
    const datagram = new Uint8Array(plain.length + tlsCryptOverhead);
    datagram.set(plain.subarray(0, controlHeaderLength));
    const view = new DataView(datagram.buffer);
    view.setUint32(controlHeaderLength, this.#sender.id);
    view.setUint32(controlHeaderLength + 4, this.#sender.time);
    const content = plain.subarray(controlHeaderLength);
    const tag = authenticationTag(this.#keys.sendHmac, datagram.subarray(0, tagOffset), content);
    const iv = tag.subarray(0, ivLength);
    const cipher = createCipheriv("aes-256-ctr", this.#keys.sendCipher, iv);
    datagram.set(tag, tagOffset);
    datagram.set(cipher.update(content), cipherTextOffset);
    // The runtime keeps the context until then.
    cipher.final();
    return datagram;
  }

  /** See `ControlWrapChannel.unwrap`. */
  unwrap(datagram: Uint8Array, nowMs: number = performance.now()): Uint8Array | undefined {
    const plain = openPacket(this.#keys, datagram);
    if (plain === undefined) return undefined;
    const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
    const id = view.getUint32(controlHeaderLength);
    const time = view.getUint32(controlHeaderLength + 4);
    return this.#window.accept(id, time, nowMs) ? plain : undefined;
  }
}

/**
 * Decrypts a packet and checks its tag; not whether it has come before.
 *
 * @returns The plain packet, or undefined when it is not authentic.
 */
export function openPacket(keys: TlsCryptKeys, datagram: Uint8Array): Uint8Array | undefined {
  if (datagram.length < cipherTextOffset) return undefined;
  const tag = datagram.subarray(tagOffset, cipherTextOffset);
  const iv = tag.subarray(0, ivLength);
  const decipher = createDecipheriv("aes-256-ctr", keys.receiveCipher, iv);
  const content = decipher.update(datagram.subarray(cipherTextOffset));
  decipher.final();
  const expected = authenticationTag(
    keys.receiveHmac,
    datagram.subarray(0, tagOffset),
    content,
  );
  if (!constantTimeEqual(expected, tag)) return undefined;
  const plain = new Uint8Array(controlHeaderLength + content.length);
  plain.set(datagram.subarray(0, controlHeaderLength));
  plain.set(content, controlHeaderLength);
  return plain;
}

function authenticationTag(
  key: Uint8Array,
  header: Uint8Array,
  content: Uint8Array,
): Uint8Array {
  return createHmac("sha256", key).update(header).update(content).digest();
}
