/**
 * From the TUN device to the sockets:
 *
 * 1. packets are read one by one, up to a batch
 * 2. each goes to its peer: on a server by destination, on a client to peer 0
 * 3. the batch is sealed (`lib/data`), maybe while the receive path works
 * 4. and sent. While a socket has no room the batch waits, and nothing is read from the device
 *
 * @module
 */

import { DropReason } from "../data/drop_reason.ts";
import { ipv4Destination, ipv6Destination, ipVersion } from "../data/ip_packet.ts";
import { arenaRoom, maxPacketLength, PacketArena, PacketBatch } from "../data/packet_batch.ts";
import type { Peer } from "../data/peer.ts";
import type { LoopState } from "./loop_state.ts";

/** Packets read in one turn. */
const batchCapacity = 64;
// Packets of a usual MTU fit all; where they are larger there are fewer in a turn.
const arenaSize = batchCapacity * arenaRoom(9216) + arenaRoom(maxPacketLength);

/** Packets out. */
export class TransmitPath {
  readonly #state: LoopState;
  readonly #batch: PacketBatch;
  readonly #arena: PacketArena;
  /** Whether the batch is new; else it is sent, or waits in a sender. */
  #unsent = false;

  /** @throws {RangeError} when the memory is too small. */
  constructor(state: LoopState) {
    this.#state = state;
    this.#batch = new PacketBatch(state.memory, batchCapacity);
    this.#arena = new PacketArena(state.memory, arenaSize);
  }

  /** Bytes of the memory that the path takes. */
  static readonly memorySize = arenaSize;

  /** Steps 1 to 3. Afterwards, or when the promise is resolved, `send` is due. */
  read(): void | Promise<void> {
    const state = this.#state;
    if (state.blocked || !state.deviceReadable) return;
    this.#batch.clear();
    this.#arena.reset();
    this.#readBatch();
    this.#unsent = this.#batch.count > 0;
    if (this.#unsent) return state.sealer.seal(this.#batch);
  }

  /** Steps 1 and 2. */
  #readBatch(): void {
    const state = this.#state;
    const { device, sealer, counters } = state;
    if (device === undefined) return;
    // Packets that are dropped count too, so that the turn is bounded.
    for (let read = 0; read < batchCapacity; read++) {
      const place = this.#arena.place(maxPacketLength);
      if (place < 0) return;
      const length = device.read(place, maxPacketLength);
      if (length <= 0) {
        state.deviceReadable = false;
        if (length < 0) state.loseDevice();
        return;
      }
      const peer = this.#findPeer(place, length);
      if (peer === undefined) counters.drops[DropReason.NO_ROUTE]++;
      else if (sealer.admit(this.#batch, peer, place, length)) this.#arena.take(length);
    }
  }

  /** Step 2. */
  #findPeer(offset: number, length: number): Peer | undefined {
    const { server, peers, routes, memory } = this.#state;
    if (!server) return peers.get(0);
    const version = ipVersion(memory.bytes, offset, length);
    if (version === 4) return peers.get(routes.lookupIpv4(memory.view, offset + ipv4Destination));
    if (version === 6) return peers.get(routes.lookupIpv6(memory.view, offset + ipv6Destination));
    return undefined;
  }

  /** Step 4. */
  send(): void {
    if (!this.#unsent) return;
    this.#unsent = false;
    const { sealer, wallNow, sockets, counters } = this.#state;
    const batch = this.#batch;
    sealer.finish(batch, wallNow);
    if (sockets.length === 0) counters.drops[DropReason.SEND_REFUSED] += batch.count;
    for (const socket of sockets) socket.sender.send(batch);
  }

  /** Step 4 for what waits, when a socket may have room again. */
  resume(): void {
    for (const socket of this.#state.sockets) socket.sender.resume();
  }
}
