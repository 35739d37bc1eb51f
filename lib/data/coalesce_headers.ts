/**
 * Headers of a merged packet, for the kernel to complete as it sends or takes it apart: the
 * transport checksum field holds the pseudo header's sum.
 *
 * @module
 */

import {
  type InternetChecksum,
  pseudoHeaderSumIpv4,
  pseudoHeaderSumIpv6,
} from "./internet_checksum.ts";
import { Ipv4Field, ipv4HeaderLength, Ipv6Field, ipv6HeaderLength } from "./ip_header.ts";
import { Protocol, TcpField, TcpFlag, UdpField } from "./transport_header.ts";
import { VnetField, VnetGso, vnetHeaderLength, vnetNeedsChecksum } from "./vnet_header.ts";

/** Says in front of `packet` that it is one packet with a checksum of its own. */
export function writePlainHeader(view: DataView, packet: number): void {
  const header = packet - vnetHeaderLength;
  view.setInt32(header, 0);
  view.setInt32(header + 4, 0);
  view.setInt16(header + 8, 0);
}

/**
 * Makes the first packet's headers those of the merged packet, and writes the virtio_net_hdr in
 * front of it.
 *
 * @param packet Offset of the first packet: IPv4 without options or IPv6 without extension headers,
 *   with TCP or UDP.
 * @param length Of the merged packet, up to 65,535.
 * @param headerLength Of all headers of one packet.
 * @param segment Payload bytes of each packet but the last.
 * @param pushes Whether the last one has the PSH flag (TCP).
 */
export function writeMergedHeaders(
  view: DataView,
  checksum: InternetChecksum,
  packet: number,
  length: number,
  headerLength: number,
  segment: number,
  pushes: boolean,
): void {
  const ipv4 = view.getUint8(packet) >>> 4 === 4;
  const transport = ipv4 ? ipv4HeaderLength : ipv6HeaderLength;
  const protocol = view.getUint8(packet + (ipv4 ? Ipv4Field.protocol : Ipv6Field.nextHeader));
  const tcp = protocol === Protocol.TCP;
  const checksumOffset = tcp ? TcpField.checksum : UdpField.checksum;

  const header = packet - vnetHeaderLength;
  view.setUint8(header + VnetField.flags, vnetNeedsChecksum);
  const tcpType = ipv4 ? VnetGso.TCP_IPV4 : VnetGso.TCP_IPV6;
  view.setUint8(header + VnetField.gsoType, tcp ? tcpType : VnetGso.UDP);
  view.setUint16(header + VnetField.headerLength, headerLength, true);
  view.setUint16(header + VnetField.gsoSize, segment, true);
  view.setUint16(header + VnetField.checksumStart, transport, true);
  view.setUint16(header + VnetField.checksumOffset, checksumOffset, true);

  if (ipv4) {
    view.setUint16(packet + Ipv4Field.totalLength, length);
    view.setUint16(packet + Ipv4Field.checksum, 0);
    view.setUint16(packet + Ipv4Field.checksum, ~checksum.sum(packet, ipv4HeaderLength, 0));
  } else {
    view.setUint16(packet + Ipv6Field.payloadLength, length - ipv6HeaderLength);
  }
  const start = packet + transport;
  if (!tcp) {
    view.setUint16(start + UdpField.length, length - transport);
  } else if (pushes) {
    view.setUint8(start + TcpField.flags, TcpFlag.ACK | TcpFlag.PSH);
  }
  const sum = ipv4
    ? pseudoHeaderSumIpv4(view, packet, protocol, length - transport)
    : pseudoHeaderSumIpv6(view, packet, protocol, length - transport);
  view.setUint16(start + checksumOffset, sum);
}
