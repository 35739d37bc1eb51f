/**
 * Where the headers of a super-packet lie, found in the packet itself: the lengths in a
 * virtio_net_hdr are hints (VIRTIO 1.2, section 5.1.6.2), and nothing of it may lead out of the
 * packet.
 *
 * @module
 */

import {
  Ipv4Field,
  ipv4FragmentMask,
  ipv4HeaderLength,
  Ipv6Field,
  ipv6HeaderLength,
} from "./ip_header.ts";
import {
  Protocol,
  TcpField,
  tcpHeaderLength,
  UdpField,
  udpHeaderLength,
} from "./transport_header.ts";
import { VnetField, VnetGso, vnetGsoEcn, vnetNeedsChecksum } from "./vnet_header.ts";

/** IPv6 extension headers that may stand in front of a whole TCP or UDP header (RFC 8200, 4). */
const hopByHopOptions = 0;
const routing = 43;
const destinationOptions = 60;

/** The layout of one super-packet; offsets from the start of the packet. */
export class SegmentLayout {
  ipVersion: 4 | 6 = 4;
  protocol: number = Protocol.TCP;
  /** Of the TCP or UDP header. */
  transport = 0;
  /** Bytes of all headers: where the payload starts. */
  headerLength = 0;
  /** Of the checksum field. */
  checksum = 0;
  /** Payload bytes in each segment but the last, which may have fewer; 1 or more. */
  gsoSize = 0;
  /** Whether the checksum field holds the pseudo header's sum. */
  needsChecksum = false;

  /**
   * Reads headers. Fragments, unknown extension headers, lengths that contradict each other or the
   * virtio_net_hdr's kind of packet are refused.
   *
   * @param header Offset of the virtio_net_hdr, whose type is not NONE.
   * @param length Of the packet, without virtio_net_hdr.
   * @returns Whether the packet can be segmented.
   */
  read(view: DataView, header: number, packet: number, length: number): boolean {
    if (!this.#readIp(view, packet, length)) return false;
    if (!this.#readTransport(view, packet, length)) return false;

    const type = view.getUint8(header + VnetField.gsoType) & ~vnetGsoEcn;
    if (type !== this.#expectedGsoType()) return false;
    this.gsoSize = view.getUint16(header + VnetField.gsoSize, true);
    if (this.gsoSize === 0) return false;
    this.needsChecksum = (view.getUint8(header + VnetField.flags) & vnetNeedsChecksum) !== 0;
    if (!this.needsChecksum) return true;
    const start = view.getUint16(header + VnetField.checksumStart, true);
    const offset = view.getUint16(header + VnetField.checksumOffset, true);
    return start === this.transport && start + offset === this.checksum;
  }

  /** Whether it is a whole IP packet, though maybe with less behind the header than `transport`. */
  #readIp(view: DataView, packet: number, length: number): boolean {
    if (length < ipv4HeaderLength) return false;
    const first = view.getUint8(packet);
    if (first >>> 4 === 4) {
      this.ipVersion = 4;
      this.transport = (first & 0xf) * 4;
      this.protocol = view.getUint8(packet + Ipv4Field.protocol);
      return this.transport >= ipv4HeaderLength &&
        view.getUint16(packet + Ipv4Field.totalLength) === length &&
        (view.getUint16(packet + Ipv4Field.fragment) & ipv4FragmentMask) === 0;
    }
    if (first >>> 4 !== 6) return false;
    if (view.getUint16(packet + Ipv6Field.payloadLength) + ipv6HeaderLength !== length) {
      return false;
    }
    this.ipVersion = 6;
    let next = view.getUint8(packet + Ipv6Field.nextHeader);
    let at = ipv6HeaderLength;
    while (next === hopByHopOptions || next === routing || next === destinationOptions) {
      if (at + 8 > length) return false;
      next = view.getUint8(packet + at);
      at += (view.getUint8(packet + at + 1) + 1) * 8;
    }
    this.protocol = next;
    this.transport = at;
    return true;
  }

  #readTransport(view: DataView, packet: number, length: number): boolean {
    const { transport } = this;
    if (this.protocol === Protocol.UDP) {
      this.headerLength = transport + udpHeaderLength;
      this.checksum = transport + UdpField.checksum;
      return this.headerLength <= length;
    }
    if (this.protocol !== Protocol.TCP || transport + tcpHeaderLength > length) return false;
    const words = view.getUint8(packet + transport + TcpField.dataOffset) >>> 4;
    this.headerLength = transport + words * 4;
    this.checksum = transport + TcpField.checksum;
    return words * 4 >= tcpHeaderLength && this.headerLength <= length;
  }

  #expectedGsoType(): number {
    if (this.protocol === Protocol.UDP) return VnetGso.UDP;
    return this.ipVersion === 4 ? VnetGso.TCP_IPV4 : VnetGso.TCP_IPV6;
  }
}
