/**
 * From the sockets to the TUN device:
 *
 * 1. one `recvmmsg` on one UDP socket, or one `readv` on one TCP connection; they take turns
 * 2. runs that the kernel coalesced (UDP GRO), and streams, are taken apart
 * 3. by opcode: data packets into the batch, control packets to main, the rest dropped
 * 4. the batch is opened (`lib/data`), maybe while the transmit path works
 * 5. plain packets go to the TUN device, merged where it has offloads; those for other clients go
 *    into the forward batch
 *
 * @module
 */

import { Errno, maxSegments, sockaddrIn6Length } from "deno-tun";
import { Opcode, opcodeOf } from "../wire/opcode.ts";
import { isControl } from "../wire/opcode.ts";
import { writePlainHeader } from "../data/coalesce_headers.ts";
import { DropReason } from "../data/drop_reason.ts";
import { Verdict } from "../data/verdict.ts";
import { maximumRefusalLength } from "../data/ipv6_refusal.ts";
import { clampSegmentSize } from "../data/mssfix.ts";
import { arenaRoom, PacketArena, PacketBatch } from "../data/packet_batch.ts";
import { DeviceCounter } from "../data/traffic_counters.ts";
import { vnetHeaderLength } from "../data/vnet_header.ts";
import type { DatagramSocket, StreamSocket } from "./attached_socket.ts";
import type { LoopState } from "./loop_state.ts";
import { StreamArea } from "./stream_frames.ts";

/** Messages per receive where each is one datagram. */
export const receiveMessages = 64;
/** Messages per receive where each may be a run of `maxSegments`: fewer, to bound the turn. */
export const receiveRuns = 16;

/** Longest datagram, and longest run that the kernel coalesces, in bytes. */
const receiveCapacity = 65_535;
const receiveRoom = 65_536;
const batchCapacity = receiveRuns * maxSegments;
/** Bytes of a stream taken in one receive; two of the longest packets fit. */
const streamArea = 262_144;
/** Sockets with nothing of use in them that are looked at in one turn. */
const idleReceives = 64;
/** Packets that a coalescer has to hold: all of a turn. */
export const coalescerCapacity = batchCapacity;
/** For packets between clients of one turn; usual ones (1,500 bytes) fit all. */
const forwardArenaSize = batchCapacity * arenaRoom(1536);

/** Datagrams in. */
export class ReceivePath {
  readonly #state: LoopState;
  readonly #start: number;
  readonly #area: StreamArea;
  /** Where the sockaddr of a connection is while its packets are taken. */
  readonly #streamAddress: number;
  readonly #batch: PacketBatch;
  readonly #forwards: PacketBatch | undefined;
  readonly #arena: PacketArena | undefined;

  /** @throws {RangeError} when the memory is too small. */
  constructor(state: LoopState) {
    this.#state = state;
    this.#start = state.memory.allocate(receiveMessages * receiveRoom);
    this.#area = new StreamArea(state.memory, this.#start, streamArea, batchCapacity);
    this.#streamAddress = state.memory.allocate(sockaddrIn6Length);
    this.#batch = new PacketBatch(state.memory, batchCapacity);
    if (!state.forwarding) return;
    this.#forwards = new PacketBatch(state.memory, batchCapacity);
    this.#arena = new PacketArena(state.memory, forwardArenaSize);
  }

  /** Bytes of the memory that the path takes at most. */
  static readonly memorySize = receiveMessages * receiveRoom + forwardArenaSize + 64;

  /** Gives the socket room to receive into; all share it, as one receives at a time. */
  prepare({ transport }: DatagramSocket): void {
    for (let i = 0; i < transport.messages && i < receiveMessages; i++) {
      transport.prepareReceive(i, this.#start + i * receiveRoom, receiveCapacity);
    }
  }

  /** Steps 1 to 4. Afterwards, or when the promise is resolved, `deliver` is due. */
  receive(): void | Promise<void> {
    const { sockets, opener } = this.#state;
    for (let i = 0; i < idleReceives; i++) {
      const socket = sockets.unfinished ?? sockets.takeReadable();
      if (socket === undefined) return;
      const any = socket.stream ? this.#receiveStream(socket) : this.#receiveDatagrams(socket);
      if (any) return opener.open(this.#batch);
    }
  }

  /** Whether there were packets. */
  #receiveStream(socket: StreamSocket): boolean {
    const { sockets, memory } = this.#state;
    const { receiver, address, number } = socket;
    const area = this.#area;
    const count = receiver.receive(area);
    sockets.unfinished = receiver.unfinished ? socket : undefined;
    if (!receiver.unfinished && !receiver.drained) sockets.markReadable(socket);
    sockets.notice(socket);
    if (count === 0) return false;
    memory.bytes.set(address, this.#streamAddress);
    this.#batch.socket = number;
    this.#batch.connected = true;
    for (let i = 0; i < count; i++) {
      this.#takeDatagram(
        number,
        this.#streamAddress,
        address.length,
        area.offset[i],
        area.length[i],
      );
    }
    return true;
  }

  /** Whether there were datagrams. */
  #receiveDatagrams(socket: DatagramSocket): boolean {
    const { transport } = socket;
    let count = transport.receive(socket.receiveMessages);
    // An error that the network reported about an earlier datagram; the next call is the answer.
    if (count === 0 && transport.lastError !== Errno.EAGAIN) {
      count = transport.receive(socket.receiveMessages);
    }
    if (count === socket.receiveMessages) this.#state.sockets.markReadable(socket);
    this.#batch.socket = socket.number;
    this.#batch.connected = false;
    for (let i = 0; i < count; i++) this.#takeMessage(socket, i);
    return count > 0;
  }

  #takeMessage(socket: DatagramSocket, i: number): void {
    const { transport, number } = socket;
    if (transport.receivedTruncated(i)) return this.#drop(DropReason.TRUNCATED);
    const offset = this.#start + i * receiveRoom;
    const length = transport.receivedLength(i);
    const address = transport.receivedAddressOffset(i);
    const addressLength = transport.receivedAddressLength(i);
    const run = transport.receivedSegmentSize(i);
    if (run === 0 || run >= length) {
      return this.#takeDatagram(number, address, addressLength, offset, length);
    }
    for (let at = 0; at < length; at += run) {
      const segment = Math.min(run, length - at);
      this.#takeDatagram(number, address, addressLength, offset + at, segment);
    }
  }

  /** Step 3. */
  #takeDatagram(
    socket: number,
    addressOffset: number,
    addressLength: number,
    offset: number,
    length: number,
  ): void {
    if (length === 0) return this.#drop(DropReason.EMPTY);
    const opcode = opcodeOf(this.#state.memory.bytes[offset]);
    if (opcode === Opcode.DATA_V2 || opcode === Opcode.DATA_V1) {
      // The kernel coalesces no more than `maxSegments`; should it, the rest is lost, not the loop.
      if (this.#batch.full) return this.#drop(DropReason.TRUNCATED);
      this.#state.opener.admit(this.#batch, offset, length, addressOffset, addressLength);
    } else if (isControl(opcode)) {
      this.#postControl(socket, offset, length, addressOffset, addressLength);
    } else {
      this.#drop(DropReason.UNKNOWN_OPCODE);
    }
  }

  #postControl(
    socket: number,
    offset: number,
    length: number,
    addressOffset: number,
    addressLength: number,
  ): void {
    const { counters, memory, post } = this.#state;
    if (!counters.enterControlBacklog()) return this.#drop(DropReason.CONTROL_BACKLOG);
    post({
      kind: "control-datagram",
      socket,
      address: memory.bytes.slice(addressOffset, addressOffset + addressLength),
      datagram: memory.bytes.slice(offset, offset + length),
    });
  }

  /** Step 5. The forward batch, if there are packets in it, is to be sealed and sent. */
  deliver(): PacketBatch | undefined {
    const batch = this.#batch;
    if (batch.count === 0) return undefined;
    const { opener, now, wallNow } = this.#state;
    opener.settle(batch, now, wallNow);
    for (let i = 0; i < batch.count; i++) {
      const verdict = batch.verdict[i];
      if (verdict === Verdict.NONE) continue;
      const from = batch.key[i]!.peer.number;
      if (verdict === Verdict.REFUSE) {
        this.#refuse(batch, i, from);
        continue;
      }
      this.#state.counters.tunnelBytes[from] += batch.length[i];
      if (verdict === Verdict.DELIVER) this.#writeToDevice(batch, i);
      else if (verdict === Verdict.FORWARD) this.#forward(batch, i, batch.destination[i]);
      else this.#broadcast(batch, i, from);
    }
    this.#writeRuns();
    batch.clear();
    return this.#forwards !== undefined && this.#forwards.count > 0 ? this.#forwards : undefined;
  }

  #writeToDevice(batch: PacketBatch, i: number): void {
    const { device, coalescer, memory, counters } = this.#state;
    if (device === undefined) return this.#drop(DropReason.NO_DEVICE);
    counters.device[DeviceCounter.written] += batch.length[i];
    const mss = batch.key[i]?.peer.maximumSegmentSize ?? 0;
    if (mss > 0) clampSegmentSize(memory.view, batch.offset[i], batch.length[i], mss);
    const header = coalescer === undefined ? 0 : vnetHeaderLength;
    if (coalescer !== undefined) {
      if (batch.count > 1) return coalescer.add(batch.offset[i], batch.length[i]);
      writePlainHeader(memory.view, batch.offset[i]); // there is nothing to merge it with
    }
    if (!device.write(batch.offset[i] - header, batch.length[i] + header)) {
      this.#drop(DropReason.DEVICE_REFUSED);
    }
  }

  #writeRuns(): void {
    const { device, coalescer, counters } = this.#state;
    if (device === undefined || coalescer === undefined || coalescer.count === 0) return;
    for (let run = 0; run < coalescer.count; run++) {
      const pieces = coalescer.prepare(run);
      if (device.writev(coalescer.iovecs, pieces)) continue;
      counters.drops[DropReason.DEVICE_REFUSED] += coalescer.packets(run);
    }
    coalescer.clear();
  }

  /** Tells the sender that its packet goes nowhere. */
  #refuse(batch: PacketBatch, i: number, from: number): void {
    const { ipv6Refusal, peers, sealer } = this.#state;
    const peer = peers.get(from);
    const place = this.#forwards?.full === false
      ? this.#arena?.place(maximumRefusalLength) ?? -1
      : -1;
    if (peer === undefined || place < 0 || this.#forwards === undefined) return;
    const length = ipv6Refusal?.answer(batch.offset[i], batch.length[i], place) ?? 0;
    if (length > 0 && sealer.admit(this.#forwards, peer, place, length)) this.#arena?.take(length);
  }

  /** To the TUN device, and to everybody but the one that it came from. */
  #broadcast(batch: PacketBatch, i: number, from: number): void {
    const { peers, memory } = this.#state;
    for (let number = 0; number < peers.maxPeers; number++) {
      const peer = number === from ? undefined : peers.get(number);
      if (peer?.sendingKey === undefined) continue;
      const { access } = peer;
      if (access?.permits(memory.view, batch.offset[i], batch.length[i], false) === false) {
        this.#drop(DropReason.ACCESS_DENIED);
      } else this.#forward(batch, i, number);
    }
    // The last one, as it may change the packet.
    this.#writeToDevice(batch, i);
  }

  /** Copies the packet, as it needs other space around it than it has where it is. */
  #forward(batch: PacketBatch, i: number, destination: number): void {
    const forwards = this.#forwards;
    const arena = this.#arena;
    const peer = this.#state.peers.get(destination);
    if (peer === undefined || forwards === undefined || arena === undefined) {
      return this.#drop(DropReason.NO_ROUTE);
    }
    const length = batch.length[i];
    const place = arena.place(length);
    if (place < 0 || forwards.full) return this.#drop(DropReason.SEND_REFUSED);
    this.#state.memory.bytes.copyWithin(place, batch.offset[i], batch.offset[i] + length);
    if (!this.#state.sealer.admit(forwards, peer, place, length)) return;
    arena.take(length);
    this.#state.counters.tunnelBytes[destination] += length;
  }

  /** Frees the forward batch, when it was sent. */
  clearForwards(): void {
    this.#forwards?.clear();
    this.#arena?.reset();
  }

  #drop(reason: DropReason): void {
    this.#state.counters.drops[reason]++;
  }
}
