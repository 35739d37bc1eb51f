/**
 * From plain packets to the writes that a TUN device with offloads takes:
 *
 * 1. `add`: each packet is read, and joins the run of its flow if it continues it exactly
 * 2. both packets' checksums are verified first, for the kernel doesn't do it after us
 * 3. `prepare`, for each run in turn: headers and iovecs of one `writev`
 *
 * Nothing is copied: a write's first piece is the run's first packet with a virtio_net_hdr in
 * front, the others are the payloads where they lie.
 *
 * Packets of a flow keep their order, those of different flows may not. A packet that might belong
 * to any flow (a fragment, for example) keeps its place among all.
 *
 * @module
 */

import type { PacketMemory } from "../crypto/engine.ts";
import { Candidate, Kind } from "./coalesce_candidate.ts";
import { OpenFlows } from "./coalesce_flows.ts";
import { writeMergedHeaders, writePlainHeader } from "./coalesce_headers.ts";
import type { InternetChecksum } from "./internet_checksum.ts";
import { Ipv4Field, ipv4HeaderLength } from "./ip_header.ts";
import { ipv4Source, ipv6Source } from "./ip_packet.ts";
import { maxPacketLength } from "./packet_batch.ts";
import { Protocol, TcpField } from "./transport_header.ts";
import { vnetHeaderLength } from "./vnet_header.ts";

/**
 * Packets in one write at most. For UDP the kernel had the same limit (`UDP_MAX_SEGMENTS`); TCP
 * packets of a usual size reach 64 KB before.
 */
export const maxRunPackets = 64;

/** `sizeof(struct iovec)` on 64-bit systems. */
const iovecLength = 16;

/** How to coalesce. */
export interface CoalescerOptions {
  /** Packets between two calls of `clear` at most. */
  readonly capacity: number;
  /** Whether the kernel takes UDP in segments (USO); otherwise UDP datagrams stay as they are. */
  readonly udp: boolean;
}

/**
 * Merges what is added and hands out writes:
 *
 * ```ts
 * for (packets) coalescer.add(offset, length);
 * for (let run = 0; run < coalescer.count; run++) {
 *   const pieces = coalescer.prepare(run);
 *   if (!device.writev(coalescer.iovecs, pieces)) drops += coalescer.packets(run);
 * }
 * coalescer.clear();
 * ```
 */
export class Coalescer {
  /** How many runs there are, each of one packet or more. */
  count = 0;
  /** Offset of the `struct iovec`s that `prepare` makes; always the same. */
  readonly iovecs: number;
  /** Packets between two calls of `clear` at most. */
  readonly capacity: number;

  readonly #memory: PacketMemory;
  readonly #checksum: InternetChecksum;
  readonly #candidate: Candidate;
  readonly #flows = new OpenFlows();

  #packets = 0;
  // By packet: what of it goes into a write (all of a run's first one, the payload of the others),
  // and the next packet of its run.
  readonly #pieceOffset: Int32Array;
  readonly #pieceLength: Int32Array;
  readonly #next: Int32Array;
  // By run.
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  readonly #size: Int32Array;
  /** Of the merged packet. */
  readonly #length: Int32Array;
  readonly #headerLength: Int32Array;
  /** Payload of each packet but the last. */
  readonly #segment: Int32Array;
  readonly #pushes: Uint8Array;

  /**
   * @param memory Where packets are; takes 1 KiB of it.
   * @param checksum Over that memory.
   * @throws {RangeError} when the memory is full.
   */
  constructor(memory: PacketMemory, checksum: InternetChecksum, options: CoalescerOptions) {
    const { capacity, udp } = options;
    this.#memory = memory;
    this.#checksum = checksum;
    this.#candidate = new Candidate(memory.view, udp);
    this.capacity = capacity;
    this.iovecs = memory.allocate(maxRunPackets * iovecLength);
    this.#pieceOffset = new Int32Array(capacity);
    this.#pieceLength = new Int32Array(capacity);
    this.#next = new Int32Array(capacity);
    this.#first = new Int32Array(capacity);
    this.#last = new Int32Array(capacity);
    this.#size = new Int32Array(capacity);
    this.#length = new Int32Array(capacity);
    this.#headerLength = new Int32Array(capacity);
    this.#segment = new Int32Array(capacity);
    this.#pushes = new Uint8Array(capacity);
  }

  /** Whether `add` has no room for a further packet. */
  get full(): boolean {
    return this.#packets === this.capacity;
  }

  /**
   * Steps 1 and 2. Not when `full`.
   *
   * @param offset Of the packet. The 10 bytes in front of it are its own too (its datagram's
   *   header), and stay free until `clear`.
   * @param length Of the packet, 0 to 65,535.
   */
  add(offset: number, length: number): void {
    const candidate = this.#candidate;
    const flows = this.#flows;
    const kind = candidate.read(offset, length);
    if (kind === Kind.UNKNOWN) flows.closeAll();
    const ofFlow = kind === Kind.ALONE || kind === Kind.MERGEABLE;
    const flow = ofFlow ? flows.find(candidate) : -1;
    if (kind === Kind.MERGEABLE && flow >= 0 && this.#join(flow)) return;

    const run = this.#beginRun(offset, length);
    if (kind !== Kind.MERGEABLE || candidate.pushes) {
      if (flow >= 0) flows.close(flow);
      return;
    }
    this.#headerLength[run] = candidate.headerLength;
    this.#segment[run] = candidate.payloadLength;
    if (flow >= 0) flows.restart(flow, candidate, run);
    else flows.open(candidate, run);
  }

  #beginRun(offset: number, length: number): number {
    const packet = this.#packets++;
    this.#pieceOffset[packet] = offset;
    this.#pieceLength[packet] = length;
    const run = this.count++;
    this.#first[run] = packet;
    this.#last[run] = packet;
    this.#size[run] = 1;
    this.#length[run] = length;
    this.#pushes[run] = 0;
    return run;
  }

  /** Adds the candidate to the run of its flow, if it continues it. */
  #join(flow: number): boolean {
    const candidate = this.#candidate;
    const flows = this.#flows;
    const run = flows.run[flow];
    if (!this.#continues(flow, run) || !this.#verify(flow)) return false;

    const { payloadLength, pushes } = candidate;
    const packet = this.#packets++;
    this.#pieceOffset[packet] = candidate.packet + candidate.headerLength;
    this.#pieceLength[packet] = payloadLength;
    this.#next[this.#last[run]] = packet;
    this.#last[run] = packet;
    this.#size[run]++;
    this.#length[run] += payloadLength;
    if (pushes) this.#pushes[run] = 1;
    // Only the last packet may be shorter, or have PSH.
    if (pushes || payloadLength < this.#segment[run]) flows.close(flow);
    else flows.advance(flow, candidate);
    return true;
  }

  #continues(flow: number, run: number): boolean {
    const candidate = this.#candidate;
    const flows = this.#flows;
    const { payloadLength } = candidate;
    return (candidate.protocol === Protocol.UDP || candidate.sequence === flows.sequence[flow]) &&
      payloadLength <= this.#segment[run] &&
      this.#length[run] + payloadLength <= maxPacketLength &&
      this.#size[run] < maxRunPackets &&
      flows.continuesIdentification(flow, candidate) &&
      candidate.sameHeaders(flows.head[flow]);
  }

  /** Step 2: whether the checksums of the candidate and of the run's first packet are right. */
  #verify(flow: number): boolean {
    const flows = this.#flows;
    if (flows.headValid[flow] === 0) {
      const first = this.#first[flows.run[flow]];
      if (!this.#checksumsRight(flows.head[flow], this.#pieceLength[first])) return false;
      flows.headValid[flow] = 1;
    }
    return this.#checksumsRight(this.#candidate.packet, this.#candidate.length);
  }

  /** For a packet of the candidate's IP version, protocol and transport offset. */
  #checksumsRight(packet: number, length: number): boolean {
    const { view } = this.#memory;
    const checksum = this.#checksum;
    const { ipVersion, protocol, transport } = this.#candidate;
    // Ones' complement has two zeros. Where a checksum is the one that nobody writes, it is right
    // but would come out of the kernel as the other one.
    if (ipVersion === 4) {
      if (view.getUint16(packet + Ipv4Field.checksum) === 0xffff) return false;
      if (checksum.sum(packet, ipv4HeaderLength, 0) !== 0xffff) return false;
    }
    if (
      protocol === Protocol.TCP && view.getUint16(packet + transport + TcpField.checksum) === 0xffff
    ) return false;
    // The addresses of the pseudo header stand right in front of the transport header.
    const start = ipVersion === 4 ? ipv4Source : ipv6Source;
    const rest = protocol + length - transport;
    return checksum.sum(packet + start, length - start, rest) === 0xffff;
  }

  /** How many packets a run, 0 to `count` - 1, is made of. */
  packets(run: number): number {
    return this.#size[run];
  }

  /**
   * Step 3: makes the iovecs of a run, 0 to `count` - 1, valid until the next call. The headers of
   * its first packet are changed if it is of more than one. Runs are to be written in order.
   *
   * @returns How many iovecs there are.
   */
  prepare(run: number): number {
    const memory = this.#memory;
    const size = this.#size[run];
    let packet = this.#first[run];
    const head = this.#pieceOffset[packet];
    if (size === 1) {
      writePlainHeader(memory.view, head);
    } else {
      writeMergedHeaders(
        memory.view,
        this.#checksum,
        head,
        this.#length[run],
        this.#headerLength[run],
        this.#segment[run],
        this.#pushes[run] === 1,
      );
    }
    const headLength = this.#pieceLength[packet] + vnetHeaderLength;
    memory.writeIovec(this.iovecs, head - vnetHeaderLength, headLength);
    for (let i = 1; i < size; i++) {
      packet = this.#next[packet];
      const iovec = this.iovecs + i * iovecLength;
      memory.writeIovec(iovec, this.#pieceOffset[packet], this.#pieceLength[packet]);
    }
    return size;
  }

  /** Forgets all packets. */
  clear(): void {
    this.count = 0;
    this.#packets = 0;
    this.#flows.closeAll();
  }
}
