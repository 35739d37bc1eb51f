/**
 * A peer and its keys.
 *
 * @module
 */

import type { DataCipher } from "../crypto/engine.ts";
import { PacketIdSender } from "../crypto/packet_id.ts";
import { ReplayWindow } from "../crypto/replay_window.ts";
import type { AccessList } from "./access_list.ts";
import { Framing } from "./framing.ts";

/** Key ids are 3 bits. */
const keySlots = 8;

/** One negotiated key: both directions, with what counts packets in each. */
export class DataKey {
  readonly replay: ReplayWindow;
  /** Whether `key-exhausting` was reported. */
  exhaustingReported = false;

  /**
   * @param keyId 0 to 7.
   * @throws {RangeError} when the peer's replay window is out of range.
   */
  constructor(
    readonly peer: Peer,
    readonly keyId: number,
    readonly sealCipher: DataCipher,
    readonly openCipher: DataCipher,
    readonly packetIds: PacketIdSender = new PacketIdSender(),
  ) {
    this.replay = new ReplayWindow(peer.replayWindow, peer.replayTime);
  }

  /** Wipes the keys. Not while a batch is with the engine. */
  destroy(): void {
    this.sealCipher.destroy();
    this.openCipher.destroy();
  }
}

/** One peer. */
export class Peer {
  socket = 0;
  /** -1: P_DATA_V1. */
  remotePeerId = -1;
  framing: Framing = Framing.NONE;
  /** For TCP over IPv4, bytes; 0: TCP is left alone. */
  maximumSegmentSize = 0;
  /** With whom it may talk; undefined: with everybody. */
  access: AccessList | undefined = undefined;
  pingInterval = 0;
  pingTimeout = 0;
  /** By key id: what packets may come in under. */
  readonly keys: (DataKey | undefined)[] = new Array<DataKey | undefined>(keySlots).fill(undefined);
  /** What packets go out under. */
  sendingKey: DataKey | undefined = undefined;

  /** Monotonic ms: when the timers last saw that a packet had come. */
  receivedAt = 0;
  /** Monotonic ms: when the timers last saw that a packet had been sent. */
  sentAt = 0;
  /** The counters' `lastReceived` that the timers saw. */
  receivedMark = 0;
  /** The counters' `lastSent` that the timers saw. */
  sentMark = 0;

  constructor(
    /** Index into the tables; on a server also the peer-id that the peer writes. */
    readonly number: number,
    readonly replayWindow: number,
    readonly replayTime: number,
  ) {}

  /** Puts a key into its slot; the one that was there is wiped. */
  installKey(key: DataKey): void {
    this.retireKey(key.keyId);
    this.keys[key.keyId] = key;
  }

  /** Sends under that key from here on; false when it is not installed. */
  activateKey(keyId: number): boolean {
    const key = this.keys[keyId];
    if (key === undefined) return false;
    this.sendingKey = key;
    return true;
  }

  /** Wipes a key. Not while a batch is with the engine. */
  retireKey(keyId: number): void {
    const key = this.keys[keyId];
    if (key === undefined) return;
    this.keys[keyId] = undefined;
    if (this.sendingKey === key) this.sendingKey = undefined;
    key.destroy();
  }

  /** Wipes all keys. */
  retireAllKeys(): void {
    for (let keyId = 0; keyId < keySlots; keyId++) this.retireKey(keyId);
  }
}
