/**
 * tls-auth: an HMAC under a static key in every control-channel packet.
 *
 * ```text
 * on the wire     opcode (1) | session id (8) | HMAC | packet-id (4) | time (4) | rest
 * under the HMAC  packet-id (4) | time (4) | opcode (1) | session id (8) | rest
 * ```
 *
 * Source: OpenVPN's `ssl_pkt.c` (`tls_wrap_control`, `read_control_auth`, `swap_hmac`);
 * openvpn(8), `--tls-auth`.
 *
 * @module
 */

import { constantTimeEqual, wipe } from "../base/bytes.ts";
import { VpnError } from "../base/errors.ts";
import { controlHeaderLength } from "../wire/control_packet.ts";
import { Opcode } from "../wire/opcode.ts";
import { type DigestInfo, digestInfo } from "./cipher_table.ts";
import type {
  AuthenticPacket,
  ControlWrap,
  ControlWrapChannel,
  ControlWrapChannelOptions,
} from "./control_wrap.ts";
import { OneShotHmac } from "./one_shot_hmac.ts";
import { longPacketIdLength, LongPacketIdSender } from "./packet_id.ts";
import { LongReplayWindow } from "./replay_window.ts";
import { type KeyDirection, keyHalves, type StaticKey } from "./static_key.ts";

/** Settings of tls-auth. */
export interface TlsAuthOptions {
  readonly key: StaticKey;
  /** `key-direction`. */
  readonly direction: KeyDirection;
  /** `auth`, a name that `digestInfo` knows; OpenVPN's default is SHA1. */
  readonly digest: string;
  /** `replay-window`: ids; 64 by default. */
  readonly replayWindow?: number;
  /** `replay-window`: ms; 15,000 by default. */
  readonly replayTime?: number;
}

/** HMAC keys for the two directions, and what they are used with. */
interface Keys {
  readonly digest: DigestInfo;
  readonly send: OneShotHmac;
  readonly receive: OneShotHmac;
}

/** See the module's page. */
export class TlsAuth implements ControlWrap {
  readonly overhead: number;
  readonly #keys: Keys;
  readonly #replayWindow: number | undefined;
  readonly #replayTime: number | undefined;

  /** @throws {VpnError} for an unknown digest. */
  constructor(options: TlsAuthOptions) {
    const digest = digestInfo(options.digest);
    const halves = keyHalves(options.direction);
    this.#keys = {
      digest,
      send: keyed(digest, options.key, halves.send),
      receive: keyed(digest, options.key, halves.receive),
    };
    this.overhead = digest.length + longPacketIdLength;
    this.#replayWindow = options.replayWindow;
    this.#replayTime = options.replayTime;
  }

  /** See `ControlWrap.channel`. */
  channel(options?: ControlWrapChannelOptions): ControlWrapChannel {
    const window = new LongReplayWindow(this.#replayWindow, this.#replayTime);
    return new TlsAuthChannel(this.#keys, window, new LongPacketIdSender(options?.firstPacketId));
  }

  /** See `ControlWrap.authenticate`. */
  authenticate(datagram: Uint8Array): AuthenticPacket | undefined {
    if (!isAuthentic(this.#keys, datagram)) return undefined;
    return { plain: stripped(this.#keys, datagram) };
  }
}

class TlsAuthChannel implements ControlWrapChannel {
  readonly clientReset = Opcode.HARD_RESET_CLIENT_V2;
  readonly wrappedKeyLength = 0;
  readonly #keys: Keys;
  readonly #window: LongReplayWindow;
  readonly #sender: LongPacketIdSender;

  constructor(keys: Keys, window: LongReplayWindow, sender: LongPacketIdSender) {
    this.#keys = keys;
    this.#window = window;
    this.#sender = sender;
  }

  wrap(plain: Uint8Array, nowSeconds: number): Uint8Array {
    if (!this.#sender.next(nowSeconds)) {
      throw new VpnError("no packet-id is left for the control channel", "set the clock right");
    }
    const hmacLength = this.#keys.digest.length;
    const datagram = new Uint8Array(plain.length + hmacLength + longPacketIdLength);
    const packetIdOffset = controlHeaderLength + hmacLength;
    datagram.set(plain.subarray(0, controlHeaderLength));
    datagram.set(plain.subarray(controlHeaderLength), packetIdOffset + longPacketIdLength);
    const view = new DataView(datagram.buffer);
    view.setUint32(packetIdOffset, this.#sender.id);
    view.setUint32(packetIdOffset + 4, this.#sender.time);
    datagram.set(hmac(this.#keys.digest, this.#keys.send, datagram), controlHeaderLength);
    return datagram;
  }

  unwrap(datagram: Uint8Array, nowMs: number = performance.now()): Uint8Array | undefined {
    if (!isAuthentic(this.#keys, datagram)) return undefined;
    const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
    const packetIdOffset = controlHeaderLength + this.#keys.digest.length;
    const id = view.getUint32(packetIdOffset);
    const time = view.getUint32(packetIdOffset + 4);
    return this.#window.accept(id, time, nowMs) ? stripped(this.#keys, datagram) : undefined;
  }
}

function keyed(digest: DigestInfo, key: StaticKey, half: 0 | 1): OneShotHmac {
  const bytes = key.hmacKey(half, digest.length);
  const hmac = new OneShotHmac(digest.nodeName, bytes);
  wipe(bytes);
  return hmac;
}

/** The HMAC of a datagram; what stands in the place of its own HMAC does not matter. */
function hmac(digest: DigestInfo, key: OneShotHmac, datagram: Uint8Array): Uint8Array {
  const packetIdOffset = controlHeaderLength + digest.length;
  const restOffset = packetIdOffset + longPacketIdLength;
  return key.of(
    datagram.subarray(packetIdOffset, restOffset),
    datagram.subarray(0, controlHeaderLength),
    datagram.subarray(restOffset),
  );
}

function isAuthentic({ digest, receive }: Keys, datagram: Uint8Array): boolean {
  const packetIdOffset = controlHeaderLength + digest.length;
  if (datagram.length < packetIdOffset + longPacketIdLength) return false;
  const claimed = datagram.subarray(controlHeaderLength, packetIdOffset);
  return constantTimeEqual(hmac(digest, receive, datagram), claimed);
}

function stripped({ digest }: Keys, datagram: Uint8Array): Uint8Array {
  const restOffset = controlHeaderLength + digest.length + longPacketIdLength;
  const plain = new Uint8Array(datagram.length - digest.length - longPacketIdLength);
  plain.set(datagram.subarray(0, controlHeaderLength));
  plain.set(datagram.subarray(restOffset), controlHeaderLength);
  return plain;
}
