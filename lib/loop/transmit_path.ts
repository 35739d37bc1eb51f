/**
 * From the TUN device to the sockets:
 *
 * 1. packets are read, up to a batch, or one where they come one by one; one from a device with offloads may be a run of packets
 * 2. each goes to its peer: on a server by destination, on a client to peer 0
 * 3. a run is taken apart; what does not fit the batch waits for the next turn. The MSS of a TCP
 *    SYN is lowered (`mssfix`)
 * 4. the batch is sealed (`lib/data`), maybe while the receive path works
 * 5. and sent. While a socket has no room the batch waits, and nothing is read from the device; not
 *    so for a server's TCP connections, of which each has a queue: when that is full, packets are
 *    dropped after step 2
 *
 * @module
 */

import { DropReason } from "../data/drop_reason.ts";
import { serverExit } from "../data/exit_routes.ts";
import {
  ipv4Destination,
  ipv4Source,
  ipv6Destination,
  ipv6Source,
  ipVersion,
  isMulticast,
} from "../data/ip_packet.ts";
import { clampSegmentSize } from "../data/mssfix.ts";
import { arenaRoom, maxPacketLength, PacketArena, PacketBatch } from "../data/packet_batch.ts";
import type { Peer } from "../data/peer.ts";
import { completeChecksum, Segmenter } from "../data/segment.ts";
import { DeviceCounter } from "../data/traffic_counters.ts";
import { vnetHeaderLength } from "../data/vnet_header.ts";
import type { LoopState } from "./loop_state.ts";

/** Packets read in one turn, or made of runs that are read. */
const batchCapacity = 128;
// Packets of a usual MTU fit all; where they are larger there are fewer in a turn.
const arenaSize = batchCapacity * arenaRoom(4096) + arenaRoom(maxPacketLength);
/** A run is a packet whose length field counts the payload alone, in IPv6. */
const runCapacity = vnetHeaderLength + 40 + maxPacketLength;

/** Packets out. */
export class TransmitPath {
  readonly #state: LoopState;
  readonly #batch: PacketBatch;
  readonly #arena: PacketArena;
  readonly #segmenter: Segmenter;
  /** Where runs are read to, with their virtio_net_hdr. */
  readonly #run: number;
  /** The peer of the run that is being taken apart. */
  #runPeer = -1;
  /** Length of the packet that goes to all peers, and stands where runs are read to; 0: none. */
  #multicastLength = 0;
  /** The next peer that it goes to. */
  #multicastNext = 0;
  /** Why `#findPeer` found none. */
  #unroutable: DropReason = DropReason.NO_ROUTE;
  /** Whether the batch is new; else it is sent, or waits in a sender. */
  #unsent = false;
  /** Packets, or runs, read since the device was last found empty: 0, 1, or 2 for more. */
  #packetsNow = 0;
  /** The same for the time before that. */
  #packetsBefore = 0;
  /** Length of what `lookAhead` has read to where runs are read to; 0: nothing. */
  #ahead = 0;

  /** @throws {RangeError} when the memory is too small. */
  constructor(state: LoopState) {
    this.#state = state;
    this.#batch = new PacketBatch(state.memory, batchCapacity);
    this.#arena = new PacketArena(state.memory, arenaSize);
    this.#segmenter = new Segmenter(state.memory, state.checksum);
    this.#run = state.memory.allocate(runCapacity);
  }

  /** Bytes of the memory that the path takes. */
  static readonly memorySize = arenaSize + runCapacity;

  /** Forgets what is left of a run: the device is another one. */
  reset(): void {
    this.#segmenter.remaining = 0;
    this.#multicastLength = 0;
    this.#ahead = 0;
  }

  /** Steps 1 to 4. Afterwards, or when the promise is resolved, `send` is due. */
  read(): void | Promise<void> {
    const state = this.#state;
    if (state.sockets.blocked || !state.deviceReadable) return;
    this.#batch.clear();
    this.#arena.reset();
    if (state.coalescer === undefined) this.#readPackets();
    else this.#readRuns();
    this.#unsent = this.#batch.count > 0;
    if (this.#unsent) return state.sealer.seal(this.#batch);
  }

  /** Steps 1 and 2 without offloads. */
  #readPackets(): void {
    const { counters, memory } = this.#state;
    if (!this.#spread()) return;
    // Packets that are dropped count too, so that the turn is bounded.
    const limit = this.#readLimit();
    for (let read = 0; read < limit; read++) {
      // Multicast makes several packets of one.
      const place = this.#batch.full ? -1 : this.#arena.place(maxPacketLength);
      if (place < 0) return;
      const length = this.#nextPacket(place);
      if (length <= 0) return;
      if (this.#isMulticast(place, length)) {
        memory.bytes.copyWithin(this.#run + vnetHeaderLength, place, place + length);
        this.#beginMulticast(length);
        if (!this.#spread()) return;
        continue;
      }
      const peer = this.#findPeer(place, length);
      if (peer === undefined) {
        counters.drops[this.#unroutable]++;
        continue;
      }
      if (!this.#mayGo(peer, place, length)) continue;
      if (peer.maximumSegmentSize > 0) {
        clampSegmentSize(memory.view, place, length, peer.maximumSegmentSize);
      }
      this.#admit(peer, place, length);
    }
  }

  /** Whether a packet may go to that peer now; if not, that is counted. */
  #mayGo(peer: Peer, place: number, length: number): boolean {
    const { counters, memory } = this.#state;
    if (this.#isCongested(peer)) {
      counters.drops[DropReason.QUEUE_FULL]++;
      return false;
    }
    if (peer.access?.permits(memory.view, place, length, false) === false) {
      counters.drops[DropReason.ACCESS_DENIED]++;
      return false;
    }
    return true;
  }

  #admit(peer: Peer, place: number, length: number): void {
    const { sealer, counters } = this.#state;
    if (!sealer.admit(this.#batch, peer, place, length)) return;
    this.#arena.take(length);
    counters.tunnelBytes[peer.number] += length;
  }

  /** A server sends multicast to all clients, as OpenVPN does (`multi_bcast`). */
  #isMulticast(offset: number, length: number): boolean {
    const { server, memory } = this.#state;
    if (!server) return false;
    const version = ipVersion(memory.bytes, offset, length);
    return version !== 0 && isMulticast(memory.bytes, offset, version);
  }

  #beginMulticast(length: number): void {
    this.#multicastLength = length;
    this.#multicastNext = 0;
  }

  /** Goes on with a packet for all peers, if there is one; false: the batch is full, it waits. */
  #spread(): boolean {
    const length = this.#multicastLength;
    if (length === 0) return true;
    const { peers, memory } = this.#state;
    const packet = this.#run + vnetHeaderLength;
    for (; this.#multicastNext < peers.maxPeers; this.#multicastNext++) {
      const peer = peers.get(this.#multicastNext);
      if (peer?.sendingKey === undefined || !this.#mayGo(peer, packet, length)) continue;
      const place = this.#batch.full ? -1 : this.#arena.place(length);
      if (place < 0) return false;
      memory.bytes.copyWithin(place, packet, packet + length);
      this.#admit(peer, place, length);
    }
    this.#multicastLength = 0;
    return true;
  }

  /** Steps 1 to 3 with offloads. */
  #readRuns(): void {
    if (this.#segmenter.remaining > 0 && !this.#takeApart()) return;
    if (!this.#spread()) return;
    const limit = this.#readLimit();
    for (let read = 0; read < limit; read++) {
      const length = this.#nextRun();
      if (length <= 0) return;
      if (this.#beginRun(length) && !this.#takeApart()) return;
      if (!this.#spread()) return;
    }
  }

  /**
   * What comes by itself goes by itself: the device is asked for more when it is sent
   * (`lookAhead`). Where there was more than one at a time, all that wait are taken.
   */
  #readLimit(): number {
    return this.#packetsNow === 0 && this.#packetsBefore <= 1 ? 1 : batchCapacity;
  }

  /** Reads to `#run`. */
  #nextRun(): number {
    const length = this.#ahead;
    if (length === 0) return this.#readDevice(this.#run, runCapacity);
    this.#ahead = 0;
    return length;
  }

  #nextPacket(place: number): number {
    const length = this.#ahead;
    if (length === 0) return this.#readDevice(place, maxPacketLength);
    this.#ahead = 0;
    const packet = this.#run + vnetHeaderLength;
    this.#state.memory.bytes.copyWithin(place, packet, packet + length);
    return length;
  }

  /**
   * Looks, when one packet was read and sent, whether the device has more: before it is sent that
   * would delay it by a system call. What there is waits for the next turn.
   */
  lookAhead(): void {
    const { deviceReadable, sockets, coalescer } = this.#state;
    if (this.#packetsNow !== 1 || !deviceReadable || sockets.blocked) return;
    if (this.#segmenter.remaining > 0 || this.#multicastLength > 0) return; // no place for it
    const length = coalescer === undefined
      ? this.#readDevice(this.#run + vnetHeaderLength, maxPacketLength)
      : this.#readDevice(this.#run, runCapacity);
    this.#ahead = Math.max(0, length);
  }

  #readDevice(offset: number, capacity: number): number {
    const state = this.#state;
    if (state.device === undefined) return 0;
    const length = state.device.read(offset, capacity);
    if (length <= 0) {
      this.#packetsBefore = this.#packetsNow;
      this.#packetsNow = 0;
      state.deviceReadable = false;
      if (length < 0) state.loseDevice();
      return length;
    }
    if (this.#packetsNow < 2) this.#packetsNow++;
    const header = state.coalescer === undefined ? 0 : vnetHeaderLength;
    state.counters.device[DeviceCounter.read] += length - header;
    return length;
  }

  /** Step 2 for a run, or a packet by itself; false: it was dropped. */
  #beginRun(length: number): boolean {
    const { counters, memory, checksum } = this.#state;
    const packet = this.#run + vnetHeaderLength;
    const packetLength = length - vnetHeaderLength;
    if (packetLength > 0 && this.#isMulticast(packet, packetLength)) {
      // A run of it would have to be taken apart for each peer anew: nobody sends one.
      if (completeChecksum(memory, checksum, this.#run, packet, packetLength)) {
        this.#beginMulticast(packetLength);
      } else counters.drops[DropReason.BAD_OFFLOAD]++;
      return false;
    }
    const peer = packetLength > 0 ? this.#findPeer(packet, packetLength) : undefined;
    if (peer === undefined) {
      counters.drops[this.#unroutable]++;
      return false;
    }
    this.#runPeer = peer.number;
    if (peer.access?.permits(memory.view, packet, packetLength, false) === false) {
      counters.drops[DropReason.ACCESS_DENIED]++;
      return false;
    }
    const packets = this.#segmenter.begin(this.#run, packet, packetLength);
    if (packets > 0 && this.#isCongested(peer)) {
      this.#segmenter.remaining = 0;
      counters.drops[DropReason.QUEUE_FULL] += packets;
      return false;
    }
    if (packets > 0) return true;
    counters.drops[DropReason.BAD_OFFLOAD]++;
    return false;
  }

  /** Step 3; false: the batch is full, the rest waits. */
  #takeApart(): boolean {
    const { peers, counters, memory } = this.#state;
    const segmenter = this.#segmenter;
    const peer = peers.get(this.#runPeer);
    if (peer === undefined) {
      counters.drops[DropReason.NO_ROUTE] += segmenter.remaining;
      segmenter.remaining = 0;
      return true;
    }
    while (segmenter.remaining > 0) {
      const place = this.#batch.full ? -1 : this.#arena.place(segmenter.nextLength);
      if (place < 0) return false;
      const length = segmenter.next(place);
      // A SYN comes by itself: the segments of a run have none.
      if (peer.maximumSegmentSize > 0 && segmenter.remaining === 0) {
        clampSegmentSize(memory.view, place, length, peer.maximumSegmentSize);
      }
      this.#admit(peer, place, length);
    }
    return true;
  }

  /** Step 2. */
  #findPeer(offset: number, length: number): Peer | undefined {
    const { server, peers, routes, exits, memory } = this.#state;
    this.#unroutable = DropReason.NO_ROUTE;
    if (!server) return peers.get(0);
    const version = ipVersion(memory.bytes, offset, length);
    if (version === 0) return undefined;
    const peer = version === 4
      ? routes.lookupIpv4(memory.view, offset + ipv4Destination)
      : routes.lookupIpv6(memory.view, offset + ipv6Destination);
    if (exits.active && peer >= 0 && exits.of(peer) !== serverExit) {
      if (!this.#isFromInside(offset, version)) {
        this.#unroutable = DropReason.OTHER_EXIT;
        return undefined;
      }
    }
    return peers.get(peer);
  }

  /** Whether the packet's source is in the VPN: a peer by itself, or a network of the server's. */
  #isFromInside(offset: number, version: 4 | 6): boolean {
    const { exits, routes, memory } = this.#state;
    const source = offset + (version === 4 ? ipv4Source : ipv6Source);
    const peer = version === 4
      ? routes.lookupIpv4(memory.view, source)
      : routes.lookupIpv6(memory.view, source);
    return peer >= 0 || !exits.isOutside(memory.view, source, version);
  }

  #isCongested(peer: Peer): boolean {
    return this.#state.sockets.get(peer.socket)?.sender.congested ?? false;
  }

  /** Step 5. */
  send(): void {
    if (!this.#unsent) return;
    this.#unsent = false;
    const { sealer, wallNow, sockets } = this.#state;
    sealer.finish(this.#batch, wallNow);
    sockets.send(this.#batch, true);
  }

  /** Step 5 for what waits, when a socket may have room again. */
  resume(): void {
    this.#state.sockets.resume();
  }
}
