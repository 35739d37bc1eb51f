/**
 * The peers by number and by address.
 *
 * @module
 */

import { VpnError } from "../base/errors.ts";
import type { PacketMemory } from "../crypto/engine.ts";
import {
  AddressTable,
  sameSockaddr,
  sockaddrIn6Length,
  sockaddrInLength,
} from "./address_table.ts";
import { AccessList, type AccessRule } from "./access_list.ts";
import type { Framing } from "./framing.ts";
import { Peer } from "./peer.ts";

/** Room for one sockaddr, a multiple of 4. */
const addressRoom = 32;

/** What a peer is added with. */
export interface PeerSettings {
  /** A number of the caller's choice, which the packet path only hands on. */
  readonly socket: number;
  /** Raw `sockaddr_in` (16 bytes) or `sockaddr_in6` (28 bytes). */
  readonly address: Uint8Array;
  /** For P_DATA_V2; without it packets go out as P_DATA_V1. */
  readonly remotePeerId?: number;
  readonly framing: Framing;
  /** ms; 0: never. */
  readonly pingInterval: number;
  /** ms; 0: never. */
  readonly pingTimeout: number;
  /** Packets; 0: ids must rise strictly. */
  readonly replayWindow: number;
  /** ms; 0: no limit. */
  readonly replayTime: number;
  /** `mssfix`: for TCP over IPv4, bytes; 0: TCP is left alone (default). */
  readonly maximumSegmentSize?: number;
  /** With whom it may talk; absent: with everybody, or as before. */
  readonly accessRules?: readonly AccessRule[];
}

/** Peers by number and by address. */
export class PeerTable {
  /** By peer number: where the address is in the memory, for `sendmsg`. */
  readonly addressOffset: Int32Array;
  /** By peer number: bytes of the address. */
  readonly addressLength: Int32Array;
  readonly #memory: PacketMemory;
  readonly #peers: (Peer | undefined)[];
  readonly #byAddress: AddressTable;

  /** @throws {RangeError} when the memory has no room for the addresses. */
  constructor(memory: PacketMemory, readonly maxPeers: number) {
    this.#memory = memory;
    this.#peers = new Array<Peer | undefined>(maxPeers).fill(undefined);
    this.addressOffset = new Int32Array(maxPeers);
    this.addressLength = new Int32Array(maxPeers);
    const start = memory.allocate(PeerTable.memorySize(maxPeers), 64);
    for (let i = 0; i < maxPeers; i++) this.addressOffset[i] = start + i * addressRoom;
    this.#byAddress = new AddressTable(memory, this, maxPeers);
  }

  /** Bytes of the memory that the table takes. */
  static memorySize(maxPeers: number): number {
    return maxPeers * addressRoom;
  }

  /** The peer of that number, which may be any. */
  get(number: number): Peer | undefined {
    return number >= 0 && number < this.maxPeers ? this.#peers[number] : undefined;
  }

  /**
   * Adds a peer, in the place of another one of its number.
   *
   * @throws {VpnError} when the number is out of range or the address malformed.
   */
  add(number: number, settings: PeerSettings): Peer {
    if (!Number.isInteger(number) || number < 0 || number >= this.maxPeers) {
      throw new VpnError(`peer ${number} is not one of 0 to ${this.maxPeers - 1}`);
    }
    this.remove(number);
    const peer = new Peer(number, settings.replayWindow, settings.replayTime);
    // What may be refused comes first: a peer that is half there would be one without its rules.
    this.#apply(peer, settings);
    this.#setAddress(number, settings.address);
    this.#peers[number] = peer;
    this.#byAddress.add(number);
    return peer;
  }

  /**
   * Changes what is given.
   *
   * @throws {VpnError} when the address is malformed.
   */
  update(peer: Peer, settings: Partial<PeerSettings>): void {
    if (settings.address !== undefined) {
      checkAddress(settings.address);
      this.#byAddress.remove(peer.number);
      this.#setAddress(peer.number, settings.address);
      this.#byAddress.add(peer.number);
    }
    this.#apply(peer, settings);
  }

  #apply(peer: Peer, settings: Partial<PeerSettings>): void {
    peer.socket = settings.socket ?? peer.socket;
    peer.remotePeerId = settings.remotePeerId ?? peer.remotePeerId;
    peer.framing = settings.framing ?? peer.framing;
    peer.pingInterval = settings.pingInterval ?? peer.pingInterval;
    peer.pingTimeout = settings.pingTimeout ?? peer.pingTimeout;
    peer.maximumSegmentSize = settings.maximumSegmentSize ?? peer.maximumSegmentSize;
    if (settings.accessRules !== undefined) peer.access = new AccessList(settings.accessRules);
  }

  #setAddress(number: number, address: Uint8Array): void {
    checkAddress(address);
    this.#memory.bytes.set(address, this.addressOffset[number]);
    this.addressLength[number] = address.length;
  }

  /** Forgets a peer and wipes its keys. Not while a batch is with the engine. */
  remove(number: number): void {
    const peer = this.get(number);
    if (peer === undefined) return;
    peer.retireAllKeys();
    this.#byAddress.remove(number);
    this.#peers[number] = undefined;
  }

  /** The peer whose address is at `offset` (a multiple of 4). */
  byAddress(offset: number, length: number): Peer | undefined {
    const number = this.#byAddress.lookup(offset, length);
    return number < 0 ? undefined : this.#peers[number];
  }

  /** Whether the address at `offset` is the peer's. */
  isAddressOf(peer: Peer, offset: number, length: number): boolean {
    const own = this.addressOffset[peer.number];
    return sameSockaddr(
      this.#memory.words,
      offset,
      length,
      own,
      this.addressLength[peer.number],
    );
  }

  /** Gives the peer the address at `offset`; false when it is another peer's. */
  float(peer: Peer, offset: number, length: number): boolean {
    const holder = this.#byAddress.lookup(offset, length);
    if (holder >= 0 && holder !== peer.number) return false;
    this.#byAddress.remove(peer.number);
    this.#memory.bytes.copyWithin(this.addressOffset[peer.number], offset, offset + length);
    this.addressLength[peer.number] = length;
    this.#byAddress.add(peer.number);
    return true;
  }

  /** A copy of the peer's address. */
  addressOf(peer: Peer): Uint8Array<ArrayBuffer> {
    const offset = this.addressOffset[peer.number];
    return this.#memory.bytes.slice(offset, offset + this.addressLength[peer.number]);
  }
}

function checkAddress(address: Uint8Array): void {
  if (address.length === sockaddrInLength || address.length === sockaddrIn6Length) return;
  throw new VpnError(`a socket address of ${address.length} bytes`);
}
