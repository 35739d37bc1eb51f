/**
 * From what a TUN device with offloads reads to packets that fit the path:
 *
 * 1. the layout, from the packet itself (segment_layout.ts)
 * 2. one set of headers for all segments, and sums of what doesn't change in them
 * 3. for each segment: headers and payload copied, once, the payload's sum made on the way; then
 *    lengths, IPv4 id, sequence number, flags and checksums
 *
 * A packet that isn't to be segmented takes the same way as one segment: at most its checksum is
 * completed.
 *
 * The results are those of the kernel's own segmentation (`tcp_gso_segment`, `__udp_gso_segment`,
 * `inet_gso_segment`), with which a test compares them.
 *
 * @module
 */

import type { PacketMemory } from "../crypto/engine.ts";
import {
  foldSum,
  type InternetChecksum,
  pseudoHeaderSumIpv4,
  pseudoHeaderSumIpv6,
  subtractSum,
} from "./internet_checksum.ts";
import { Ipv4Field, Ipv6Field, ipv6HeaderLength } from "./ip_header.ts";
import { SegmentLayout } from "./segment_layout.ts";
import { Protocol, TcpField, TcpFlag, UdpField } from "./transport_header.ts";
import { VnetField, VnetGso, vnetNeedsChecksum } from "./vnet_header.ts";

/** In TCP: flags that only the first segment has, or only the last. */
const firstOnly = TcpFlag.CWR;
const lastOnly = TcpFlag.FIN | TcpFlag.PSH;

/**
 * Where the checksum of a packet that is not to be segmented has to be made.
 *
 * @param header Offset of the virtio_net_hdr.
 * @param length Of the packet.
 * @returns The offset in the packet that it covers the packet from; -1 where it needs none; -2
 *   where it would not lie in the packet.
 */
function checksumStart(view: DataView, header: number, length: number): number {
  if ((view.getUint8(header + VnetField.flags) & vnetNeedsChecksum) === 0) return -1;
  const start = view.getUint16(header + VnetField.checksumStart, true);
  const offset = view.getUint16(header + VnetField.checksumOffset, true);
  return start + offset + 2 <= length ? start : -2;
}

/** Writes the checksum of a sum; 0 is written as 0xffff, as in UDP it would mean "none". */
function writeChecksum(view: DataView, offset: number, sum: number): void {
  view.setUint16(offset, sum === 0xffff ? 0xffff : ~sum);
}

/**
 * Completes the checksum of a packet that is not to be segmented (type NONE), in place, if its
 * virtio_net_hdr asks for it.
 *
 * @param header Offset of the virtio_net_hdr.
 * @param packet Offset of the packet.
 * @param length Of the packet.
 * @returns false when the header is not of this type or points out of the packet.
 */
export function completeChecksum(
  memory: PacketMemory,
  checksum: InternetChecksum,
  header: number,
  packet: number,
  length: number,
): boolean {
  const { view } = memory;
  if (view.getUint8(header + VnetField.gsoType) !== VnetGso.NONE) return false;
  const start = checksumStart(view, header, length);
  if (start < 0) return start === -1;
  const field = packet + start + view.getUint16(header + VnetField.checksumOffset, true);
  writeChecksum(view, field, checksum.sum(packet + start, length - start, 0));
  return true;
}

/**
 * Takes one packet at a time apart, as far as there is room for its segments:
 *
 * ```ts
 * if (segmenter.begin(header, packet, length) < 0) drop();
 * while (segmenter.remaining > 0) {
 *   const place = arena.place(segmenter.nextLength);
 *   if (place < 0 || batch.full) break; // goes on later; the super-packet stays where it is
 *   const length = segmenter.next(place);
 *   if (sealer.admit(batch, peer, place, length)) arena.take(length);
 * }
 * ```
 */
export class Segmenter {
  /** Segments that are still to come. */
  remaining = 0;
  /** Bytes of the next one. */
  nextLength = 0;

  readonly #memory: PacketMemory;
  readonly #checksum: InternetChecksum;
  readonly #layout = new SegmentLayout();
  #segmented = false;
  #packet = 0;
  #length = 0;
  /** Where the next segment's payload starts in the packet; for a whole packet, see `#nextWhole`. */
  #at = 0;
  #checksumField = 0;
  #first = false;
  /** Sum of the IPv4 header without length, id and checksum. */
  #ipSum = 0;
  /** Sum of pseudo and transport header without length, sequence number, flags and checksum. */
  #transportSum = 0;
  #identification = 0;
  #sequence = 0;
  #flags = 0;

  /**
   * @param memory Where packets are read to and segments go.
   * @param checksum Over that memory.
   */
  constructor(memory: PacketMemory, checksum: InternetChecksum) {
    this.#memory = memory;
    this.#checksum = checksum;
  }

  /**
   * Steps 1 and 2. Forgets what was left of the packet before.
   *
   * @param header Offset of the virtio_net_hdr, 10 bytes, which are not needed afterwards.
   * @param packet Offset of the packet. Its headers are changed, and it must stay until `remaining`
   *   is 0.
   * @param length Of the packet, 0 to 65,575.
   * @returns How many segments there are, 1 to 65,535; -1 when the packet is malformed or of a kind
   *   that we don't offer to take (UFO, tunnels).
   */
  begin(header: number, packet: number, length: number): number {
    const { view } = this.#memory;
    this.remaining = 0;
    this.#packet = packet;
    this.#length = length;
    this.#segmented = view.getUint8(header + VnetField.gsoType) !== VnetGso.NONE;
    if (!this.#segmented) return this.#beginWhole(header, length);
    const layout = this.#layout;
    if (!layout.read(view, header, packet, length)) return -1;
    this.#first = true;
    this.#at = layout.headerLength;
    this.remaining = Math.max(1, Math.ceil((length - layout.headerLength) / layout.gsoSize));
    this.#setNextLength();
    this.#prepareTransport();
    if (layout.ipVersion === 4) this.#prepareIpv4();
    return this.remaining;
  }

  #beginWhole(header: number, length: number): number {
    const { view } = this.#memory;
    const start = checksumStart(view, header, length);
    if (length === 0 || start === -2) return -1;
    this.#at = start === -1 ? length : start;
    this.#checksumField = start === -1
      ? -1
      : start + view.getUint16(header + VnetField.checksumOffset, true);
    this.nextLength = length;
    return this.remaining = 1;
  }

  #setNextLength(): void {
    const { headerLength, gsoSize } = this.#layout;
    this.nextLength = headerLength + Math.min(gsoSize, this.#length - this.#at);
  }

  /** Clears what differs from segment to segment in TCP or UDP header, and sums the rest. */
  #prepareTransport(): void {
    const { view } = this.#memory;
    const { ipVersion, protocol, transport, headerLength, checksum, needsChecksum } = this.#layout;
    const packet = this.#packet;
    const start = packet + transport;
    let sum: number;
    if (needsChecksum) {
      // The pseudo header's sum, with the length of the whole packet. It is taken from here and not
      // from the addresses, as behind a routing header these are not the last ones.
      sum = subtractSum(view.getUint16(packet + checksum), this.#length - transport);
    } else if (ipVersion === 4) sum = pseudoHeaderSumIpv4(view, packet, protocol, 0);
    else sum = pseudoHeaderSumIpv6(view, packet, protocol, 0);

    view.setUint16(packet + checksum, 0);
    if (protocol === Protocol.TCP) {
      this.#sequence = view.getInt32(start + TcpField.sequence);
      view.setInt32(start + TcpField.sequence, 0);
      this.#flags = view.getUint8(start + TcpField.flags);
      view.setUint8(start + TcpField.flags, 0);
    } else {
      view.setUint16(start + UdpField.length, 0);
    }
    this.#transportSum = this.#checksum.sum(start, headerLength - transport, sum);
  }

  #prepareIpv4(): void {
    const { view } = this.#memory;
    const packet = this.#packet;
    this.#identification = view.getUint16(packet + Ipv4Field.identification);
    view.setInt32(packet + Ipv4Field.totalLength, 0); // and the id
    view.setUint16(packet + Ipv4Field.checksum, 0);
    this.#ipSum = this.#checksum.sum(packet, this.#layout.transport, 0);
  }

  /**
   * Step 3: writes the next segment; `remaining` is above 0.
   *
   * @param target Where `nextLength` bytes of room are, none of them the packet's own.
   * @returns Its length in bytes.
   */
  next(target: number): number {
    const length = this.nextLength;
    this.remaining--;
    if (!this.#segmented) {
      this.#nextWhole(target);
      return length;
    }
    const layout = this.#layout;
    const { transport, headerLength, protocol } = layout;
    const checksum = this.#checksum;
    const payloadLength = length - headerLength;
    checksum.copyAndSum(target, this.#packet, headerLength, 0);
    let sum = checksum.copyAndSum(
      target + headerLength,
      this.#packet + this.#at,
      payloadLength,
      this.#transportSum + length - transport,
    );

    if (layout.ipVersion === 4) this.#finishIpv4(target, length);
    else this.#memory.view.setUint16(target + Ipv6Field.payloadLength, length - ipv6HeaderLength);
    if (protocol === Protocol.TCP) sum = this.#finishTcp(target + transport, sum, payloadLength);
    else sum = this.#finishUdp(target + transport, sum, length - transport);
    this.#finishChecksum(target + layout.checksum, protocol, sum);

    this.#first = false;
    this.#at += payloadLength;
    this.#setNextLength();
    return length;
  }

  #nextWhole(target: number): void {
    const start = this.#at;
    const packet = this.#packet;
    this.#checksum.copyAndSum(target, packet, start, 0);
    if (this.#checksumField < 0) return;
    const sum = this.#checksum.copyAndSum(target + start, packet + start, this.#length - start, 0);
    writeChecksum(this.#memory.view, target + this.#checksumField, sum);
  }

  #finishIpv4(target: number, length: number): void {
    const { view } = this.#memory;
    const identification = this.#identification;
    this.#identification = identification + 1 & 0xffff;
    view.setInt32(target + Ipv4Field.totalLength, length << 16 | identification);
    view.setUint16(target + Ipv4Field.checksum, ~foldSum(this.#ipSum + length + identification));
  }

  /** Returns the sum with sequence number and flags. */
  #finishTcp(header: number, sum: number, payloadLength: number): number {
    const { view } = this.#memory;
    const sequence = this.#sequence;
    let flags = this.#flags;
    if (!this.#first) flags &= ~firstOnly;
    if (this.remaining > 0) flags &= ~lastOnly;
    view.setInt32(header + TcpField.sequence, sequence);
    view.setUint8(header + TcpField.flags, flags);
    this.#sequence = sequence + payloadLength | 0;
    return sum + (sequence >>> 16) + (sequence & 0xffff) + flags;
  }

  /** Returns the sum with the header's length field; the pseudo header's is in it already. */
  #finishUdp(header: number, sum: number, length: number): number {
    this.#memory.view.setUint16(header + UdpField.length, length);
    return sum + length;
  }

  #finishChecksum(field: number, protocol: number, sum: number): void {
    const folded = foldSum(sum);
    if (protocol === Protocol.UDP) writeChecksum(this.#memory.view, field, folded);
    else this.#memory.view.setUint16(field, ~folded);
  }
}
