/**
 * What a packet is to coalescing, and whether it may follow another one.
 *
 * Only what can be undone exactly is merged: TCP segments with no flags but ACK and PSH, UDP
 * datagrams with a checksum; in IPv4 without options and fragments, in IPv6 without extension
 * headers. The kernel's own rules are in `tcp_gro_receive` and `inet_gro_receive`.
 *
 * @module
 */

import {
  ipv4DontFragment,
  Ipv4Field,
  ipv4HeaderLength,
  Ipv6Field,
  ipv6HeaderLength,
} from "./ip_header.ts";
import { ipv4Source, ipv6Source } from "./ip_packet.ts";
import {
  Protocol,
  TcpField,
  TcpFlag,
  tcpHeaderLength,
  UdpField,
  udpHeaderLength,
} from "./transport_header.ts";

/** What may be done with a packet. */
export const Kind = {
  /** Of no TCP or UDP flow: its place among theirs is free. */
  OTHER: 0,
  /** It may belong to any flow (fragments, options, extension headers, malformed). */
  UNKNOWN: 1,
  /** Of a flow, but never merged. */
  ALONE: 2,
  /** Of a flow, and to be merged with what is next to it. */
  MERGEABLE: 3,
} as const;

/** One of {@linkcode Kind}. */
export type Kind = typeof Kind[keyof typeof Kind];

/** IP protocols that carry TCP or UDP in clear, behind their header (IANA, "Extension Headers"). */
function mayHideFlow(protocol: number): boolean {
  switch (protocol) {
    case 0: // hop-by-hop options
    case 43: // routing
    case 44: // fragment
    case 51: // authentication header
    case 60: // destination options
    case 135: // mobility
    case 139: // host identity
    case 140: // shim6
    case 253: // experiments (RFC 3692)
    case 254:
      return true;
    default:
      return false;
  }
}

/** Reads one packet at a time. The fields are those of the packet that was read last. */
export class Candidate {
  packet = 0;
  length = 0;
  ipVersion: 4 | 6 = 4;
  protocol = 0;
  /** Where the TCP or UDP header is, from the start of the packet: 20 or 40. */
  transport = 0;
  /** Source and destination port as they stand in memory; for comparing only. */
  ports = 0;
  /** Bytes of all headers. */
  headerLength = 0;
  payloadLength = 0;
  /** TCP: sequence number, signed. */
  sequence = 0;
  /** TCP: whether PSH is set: nothing may follow in the same run. */
  pushes = false;
  /** IPv4: the id; 0 in IPv6. */
  identification = 0;

  readonly #view: DataView;

  /** @param udp Whether UDP datagrams are merged. */
  constructor(view: DataView, readonly udp: boolean) {
    this.#view = view;
  }

  /** Reads the `length` bytes at `packet`. The fields hold for ALONE and MERGEABLE. */
  read(packet: number, length: number): Kind {
    this.packet = packet;
    this.length = length;
    if (!this.#readIp()) return Kind.UNKNOWN;
    if (this.protocol === Protocol.TCP) return this.#readTcp();
    if (this.protocol === Protocol.UDP) return this.udp ? this.#readUdp() : Kind.OTHER;
    return mayHideFlow(this.protocol) ? Kind.UNKNOWN : Kind.OTHER;
  }

  #readIp(): boolean {
    const { packet, length } = this;
    const view = this.#view;
    if (length < ipv4HeaderLength) return false;
    const first = view.getUint8(packet);
    if (first === 0x45) { // version 4, no options
      this.ipVersion = 4;
      this.transport = ipv4HeaderLength;
      this.protocol = view.getUint8(packet + Ipv4Field.protocol);
      this.identification = view.getUint16(packet + Ipv4Field.identification);
      return view.getUint16(packet + Ipv4Field.totalLength) === length &&
        (view.getUint16(packet + Ipv4Field.fragment) & ~ipv4DontFragment) === 0;
    }
    if (first >>> 4 !== 6) return false;
    this.ipVersion = 6;
    this.transport = ipv6HeaderLength;
    this.protocol = view.getUint8(packet + Ipv6Field.nextHeader);
    this.identification = 0;
    return view.getUint16(packet + Ipv6Field.payloadLength) + ipv6HeaderLength === length;
  }

  #readTcp(): Kind {
    const view = this.#view;
    const header = this.packet + this.transport;
    if (this.transport + tcpHeaderLength > this.length) return Kind.UNKNOWN;
    this.ports = view.getInt32(header + TcpField.sourcePort, true);
    const dataOffset = view.getUint8(header + TcpField.dataOffset);
    this.headerLength = this.transport + (dataOffset >>> 4) * 4;
    this.payloadLength = this.length - this.headerLength;
    this.sequence = view.getInt32(header + TcpField.sequence);
    const flags = view.getUint8(header + TcpField.flags);
    this.pushes = (flags & TcpFlag.PSH) !== 0;
    const plain = (flags & ~TcpFlag.PSH) === TcpFlag.ACK && (dataOffset & 0xf) === 0 &&
      dataOffset >= 0x50;
    return plain && this.payloadLength > 0 ? Kind.MERGEABLE : Kind.ALONE;
  }

  #readUdp(): Kind {
    const view = this.#view;
    const header = this.packet + this.transport;
    this.headerLength = this.transport + udpHeaderLength;
    if (this.headerLength > this.length) return Kind.UNKNOWN;
    this.ports = view.getInt32(header, true);
    this.payloadLength = this.length - this.headerLength;
    this.pushes = false;
    const whole = view.getUint16(header + UdpField.length) === this.length - this.transport;
    // Without a checksum it would get one.
    const checked = view.getUint16(header + UdpField.checksum) !== 0;
    return whole && checked && this.payloadLength > 0 ? Kind.MERGEABLE : Kind.ALONE;
  }

  /** Whether the addresses are those of the packet at `other`, which has the same IP version. */
  sameAddresses(other: number): boolean {
    if (this.ipVersion === 4) return this.#sameWords(other, ipv4Source, ipv4HeaderLength);
    return this.#sameWords(other, ipv6Source, ipv6HeaderLength);
  }

  /**
   * Whether the headers differ from those of the packet at `other`, of the same flow, only in what
   * differs from segment to segment.
   */
  sameHeaders(other: number): boolean {
    const { packet } = this;
    const view = this.#view;
    if (this.ipVersion === 4) {
      // DF and TTL; the protocol is the same.
      if (
        view.getUint8(packet + Ipv4Field.typeOfService) !==
          view.getUint8(other + Ipv4Field.typeOfService) ||
        view.getInt32(packet + Ipv4Field.fragment) !== view.getInt32(other + Ipv4Field.fragment)
      ) return false;
    } else if (
      // version, traffic class and flow label
      view.getInt32(packet) !== view.getInt32(other) ||
      view.getUint8(packet + Ipv6Field.hopLimit) !== view.getUint8(other + Ipv6Field.hopLimit)
    ) return false;
    return this.protocol === Protocol.UDP || this.#sameTcp(other);
  }

  #sameTcp(other: number): boolean {
    const view = this.#view;
    const a = this.packet + this.transport;
    const b = other + this.transport;
    return view.getInt32(a + TcpField.acknowledgment) ===
        view.getInt32(b + TcpField.acknowledgment) &&
      view.getUint8(a + TcpField.dataOffset) === view.getUint8(b + TcpField.dataOffset) &&
      view.getUint16(a + TcpField.window) === view.getUint16(b + TcpField.window) &&
      view.getUint16(a + TcpField.urgentPointer) === view.getUint16(b + TcpField.urgentPointer) &&
      this.#sameWords(other, this.transport + TcpField.options, this.headerLength);
  }

  /** Whether the words from `start` to `end`, in bytes from the start of the packets, are equal. */
  #sameWords(other: number, start: number, end: number): boolean {
    const { packet } = this;
    const view = this.#view;
    for (let at = start; at < end; at += 4) {
      if (view.getInt32(packet + at) !== view.getInt32(other + at)) return false;
    }
    return true;
  }

  /** Whether DF is set (IPv4). */
  get dontFragment(): boolean {
    return this.ipVersion === 4 &&
      (this.#view.getUint16(this.packet + Ipv4Field.fragment) & ipv4DontFragment) !== 0;
  }
}
