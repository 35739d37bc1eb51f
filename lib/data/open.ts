/**
 * From datagrams to plain packets, in place:
 *
 * 1. header: peer, key, lengths
 * 2. the engine, for each run of packets with the same key
 * 3. CBC padding, packet-id, replay window
 * 4. the sender's address, if it is not the peer's (float)
 * 5. compression framing
 * 6. pings and OCC messages end here
 * 7. server: where it goes (client_routing.ts)
 *
 * Nothing is believed before step 2, and nothing changes before step 3.
 *
 * Source: OpenVPN's `ssl.c` (handle_data_channel_packet), `crypto.c` (openvpn_decrypt), `forward.c`
 * (process_incoming_link_part1, _part2), `multi.c` (multi_process_incoming_link,
 * multi_process_float), `mudp.c` (multi_get_create_instance_udp).
 *
 * @module
 */

import {
  dataPacketIdLength,
  dataV1HeaderLength,
  dataV2HeaderLength,
  isPing,
  noPeerId,
  OccOpcode,
  occOpcodeOf,
  peerIdOf,
} from "../wire/data_packet.ts";
import { keyIdOf, Opcode, opcodeOf } from "../wire/opcode.ts";
import { ClientRouting } from "./client_routing.ts";
import type { DataListener } from "./data_listener.ts";
import { DropReason } from "./drop_reason.ts";
import { unframe, unframingShrinkage } from "./framing.ts";
import { ipVersion } from "./ip_packet.ts";
import type { ExitRoutes } from "./exit_routes.ts";
import type { PacketBatch } from "./packet_batch.ts";
import type { DataKey, Peer } from "./peer.ts";
import type { PeerTable } from "./peer_table.ts";
import type { RouteTable } from "./route_table.ts";
import type { TrafficCounters } from "./traffic_counters.ts";
import { Verdict } from "./verdict.ts";

const blockLength = 16;

/** How packets are judged. */
export interface OpenerOptions {
  /** A server finds peers by peer-id or address and routes; a client has peer 0 alone. */
  readonly server: boolean;
  /** Server: packets to another client's network do not go to the TUN device. */
  readonly clientToClient: boolean;
  /** Whether a peer may change its address; on a server it may where it sends its peer-id. */
  readonly float: boolean;
  /** Server: IPv6 packets of clients are refused. */
  readonly blockIpv6?: boolean;
}

/** Opens batches. */
export class Opener {
  readonly #peers: PeerTable;
  readonly #counters: TrafficCounters;
  readonly #listener: DataListener;
  readonly #server: boolean;
  readonly #routing: ClientRouting;
  readonly #float: boolean;

  constructor(
    peers: PeerTable,
    routes: RouteTable,
    exits: ExitRoutes,
    counters: TrafficCounters,
    listener: DataListener,
    options: OpenerOptions,
  ) {
    this.#peers = peers;
    this.#counters = counters;
    this.#listener = listener;
    this.#server = options.server;
    this.#routing = new ClientRouting(
      peers,
      routes,
      exits,
      counters,
      options.clientToClient,
      options.blockIpv6,
    );
    this.#float = options.float;
  }

  /**
   * Step 1: adds the datagram of `length` bytes (1 or more) to the batch, which is not full. Its
   * opcode is P_DATA_V1 or P_DATA_V2.
   *
   * @param addressOffset Where the sender's sockaddr is, until `settle`; a multiple of 4.
   * @returns false when it was dropped, and counted.
   */
  admit(
    batch: PacketBatch,
    offset: number,
    length: number,
    addressOffset: number,
    addressLength: number,
  ): boolean {
    const bytes = batch.memory.bytes;
    const v2 = opcodeOf(bytes[offset]) === Opcode.DATA_V2;
    const headerLength = v2 ? dataV2HeaderLength : dataV1HeaderLength;
    if (length <= headerLength) return this.#drop(DropReason.TOO_SHORT);

    const byPeerId = v2 && this.#server && peerIdOf(bytes, offset) !== noPeerId;
    const peer = this.#findPeer(bytes, offset, byPeerId, addressOffset, addressLength);
    if (peer === undefined) return this.#drop(DropReason.UNKNOWN_PEER);
    const known = peer.socket === batch.socket &&
      (batch.connected || this.#peers.isAddressOf(peer, addressOffset, addressLength));
    // Nobody floats to a connection: a new one begins with a new session.
    if (!known && (batch.connected || !this.#float)) return this.#drop(DropReason.WRONG_ADDRESS);

    const key = peer.keys[keyIdOf(bytes[offset])];
    if (key === undefined) return this.#drop(DropReason.UNKNOWN_KEY);
    const cipher = key.openCipher;
    const aead = cipher.kind === "aead";
    const headLength = headerLength + cipher.macLength +
      (aead ? dataPacketIdLength : blockLength);
    const textLength = length - headLength;
    if (textLength < (aead ? 1 : blockLength)) return this.#drop(DropReason.TOO_SHORT);

    const i = batch.count++;
    batch.offset[i] = offset + headLength;
    batch.length[i] = textLength;
    batch.authentic[i] = 0;
    batch.key[i] = key;
    batch.addressOffset[i] = addressOffset;
    batch.addressLength[i] = known ? 0 : addressLength;
    batch.datagramLength[i] = length;
    batch.headLength[i] = headLength;
    batch.associatedDataLength[i] = aead ? dataPacketIdLength + (v2 ? dataV2HeaderLength : 0) : 0;
    return true;
  }

  #findPeer(
    bytes: Uint8Array,
    offset: number,
    byPeerId: boolean,
    addressOffset: number,
    addressLength: number,
  ): Peer | undefined {
    // A client has one peer, whatever peer-id it writes: that is the client's own.
    if (!this.#server) return this.#peers.get(0);
    if (byPeerId) return this.#peers.get(peerIdOf(bytes, offset));
    return this.#peers.byAddress(addressOffset, addressLength);
  }

  #drop(reason: DropReason): false {
    this.#counters.drops[reason]++;
    return false;
  }

  /** Step 2. Afterwards, or when the promise is resolved, {@linkcode Opener.settle} is due. */
  open(batch: PacketBatch): void | Promise<void> {
    let pending: Promise<void>[] | undefined;
    for (let first = 0; first < batch.count;) {
      const end = batch.runEnd(first);
      const promise = this.#openRun(batch, batch.key[first], first, end);
      if (promise !== undefined) (pending ??= []).push(promise);
      first = end;
    }
    if (pending !== undefined) return Promise.all(pending).then(() => {});
  }

  #openRun(
    batch: PacketBatch,
    key: DataKey | undefined,
    first: number,
    end: number,
  ): Promise<void> | undefined {
    if (key === undefined) return undefined;
    try {
      const result = key.openCipher.open(batch, first, end, batch.associatedDataLength[first]);
      if (result === undefined) return undefined;
      return result.catch((error) => this.#fail(batch, first, end, error));
    } catch (error) {
      // Nothing that comes from outside makes an engine throw; still it must not end the tunnel.
      this.#fail(batch, first, end, error);
      return undefined;
    }
  }

  #fail(batch: PacketBatch, first: number, end: number, error: unknown): void {
    batch.authentic.fill(0, first, end);
    batch.key.fill(undefined, first, end);
    this.#counters.drops[DropReason.ENGINE_FAILED] += end - first;
    this.#listener.engineFailed(error);
  }

  /**
   * Steps 3 to 7: sets `verdict` (and `destination`), and offset and length to those of the plain
   * packet.
   *
   * @param now A monotonic clock, ms.
   * @param wallNow `Date.now()`.
   */
  settle(batch: PacketBatch, now: number, wallNow: number): void {
    for (let i = 0; i < batch.count; i++) {
      const key = batch.key[i];
      batch.verdict[i] = Verdict.NONE;
      if (key === undefined) continue;
      if (batch.authentic[i] !== 1) this.#drop(DropReason.NOT_AUTHENTIC);
      else if (this.#acceptId(batch, i, key, now)) {
        // Its packet shows that the peer has its first key, often before main has learnt so from an
        // acknowledgement: the answer must not be lost.
        key.peer.sendingKey ??= key;
        this.#judge(batch, i, key.peer, wallNow);
      }
    }
  }

  /** Steps 3 and 4. */
  #acceptId(batch: PacketBatch, i: number, key: DataKey, now: number): boolean {
    const { bytes, view } = batch.memory;
    let id: number;
    if (key.openCipher.kind === "aead") {
      id = view.getUint32(batch.offset[i] - key.openCipher.macLength - dataPacketIdLength);
    } else {
      const padding = paddingLength(bytes, batch.offset[i], batch.length[i]);
      if (batch.length[i] - padding < dataPacketIdLength || padding === 0) {
        return this.#drop(DropReason.BAD_PADDING);
      }
      id = view.getUint32(batch.offset[i]);
      batch.offset[i] += dataPacketIdLength;
      batch.length[i] -= dataPacketIdLength + padding;
    }
    const newest = id > key.replay.highest;
    if (!key.replay.accept(id, now)) return this.#drop(DropReason.REPLAYED);
    // Packets that were under way when the peer moved must not move it back.
    return batch.addressLength[i] === 0 || !newest || this.#floatPeer(batch, i, key.peer);
  }

  #floatPeer(batch: PacketBatch, i: number, peer: Peer): boolean {
    const offset = batch.addressOffset[i];
    const length = batch.addressLength[i];
    // An earlier packet of this batch may have moved it there already.
    if (peer.socket === batch.socket && this.#peers.isAddressOf(peer, offset, length)) return true;
    if (!this.#peers.float(peer, offset, length)) return this.#drop(DropReason.ADDRESS_TAKEN);
    peer.socket = batch.socket;
    this.#listener.peerFloated(peer);
    return true;
  }

  /** Steps 5 to 7. */
  #judge(batch: PacketBatch, i: number, peer: Peer, wallNow: number): void {
    const bytes = batch.memory.bytes;
    const counters = this.#counters;
    counters.packetsIn[peer.number]++;
    counters.bytesIn[peer.number] += batch.datagramLength[i];
    counters.lastReceived[peer.number] = wallNow;
    if (batch.length[i] === 0) return;

    const back = unframe(bytes, batch.offset[i], batch.length[i], peer.framing);
    if (back < 0) {
      this.#drop(DropReason.BAD_FRAMING);
      return;
    }
    const offset = batch.offset[i] += back;
    const length = batch.length[i] -= unframingShrinkage(peer.framing, back);
    if (isPing(bytes, offset, length)) return;
    const occOpcode = occOpcodeOf(bytes, offset, length);
    if (occOpcode >= 0) {
      if (occOpcode === OccOpcode.EXIT) this.#listener.peerExited(peer);
      return;
    }
    const version = length === 0 ? 0 : ipVersion(bytes, offset, length);
    if (version === 0) {
      if (length > 0) this.#drop(DropReason.NOT_IP);
      return;
    }
    batch.verdict[i] = this.#server
      ? this.#routing.route(batch, i, peer, version)
      : Verdict.DELIVER;
  }
}

/**
 * How long the PKCS#7 padding is (RFC 5652, section 6.3), 1 to 16; 0 when it is none. The HMAC has
 * been checked, so that the time this takes tells nobody anything.
 */
function paddingLength(bytes: Uint8Array, offset: number, length: number): number {
  const end = offset + length;
  const padding = bytes[end - 1];
  if (padding < 1 || padding > blockLength || padding > length) return 0;
  for (let i = end - padding; i < end; i++) if (bytes[i] !== padding) return 0;
  return padding;
}
