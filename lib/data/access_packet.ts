/**
 * What an access list looks at in a packet: the other end's address, protocol and port.
 *
 * Nothing may hide these: a packet whose headers are cut off, go on for too long, or name another
 * destination than the one that is routed by (source routing) is not readable. Of a fragment behind
 * the first nothing but the addresses is known for sure; the first one decides, since nobody can
 * put the packet together without it (RFC 1858, RFC 7112).
 *
 * @module
 */

import { Ipv4Field, ipv4HeaderLength, Ipv6Field, ipv6HeaderLength } from "./ip_header.ts";
import { ipv4Destination, ipv4Source, ipv6Destination, ipv6Source } from "./ip_packet.ts";
import { Protocol } from "./transport_header.ts";

/** In place of a protocol or port: whatever it is, it is not in this packet. */
export const unknownSelector = -1;
/** In place of a port: there is none. */
export const noPort = -2;

/** In `Ipv4Field.fragment`: the offset in units of 8 bytes. */
const fragmentOffsetMask = 0x1fff;
/** IPv4 options that name further hops (RFC 791, section 3.1): LSRR, SSRR. */
const looseSourceRoute = 131;
const strictSourceRoute = 137;
/** IPv6 extension headers (IANA). */
const Extension = {
  HOP_BY_HOP: 0,
  ROUTING: 43,
  FRAGMENT: 44,
  AUTHENTICATION: 51,
  DESTINATION: 60,
  MOBILITY: 135,
  HOST_IDENTITY: 139,
  SHIM6: 140,
} as const;
/** Extension headers in one packet; an honest one has three at most. */
const maximumExtensions = 8;
/** Types of ICMP errors, whose text begins with the packet that they are about (RFC 792). */
const unreachable = 3;
const timeExceeded = 11;
const parameterProblem = 12;
/** ICMPv6 errors are types 1 to 4; 2 is "packet too big" (RFC 4443). */
const lastIpv6Error = 4;
/** Bytes in front of that packet. */
const icmpHeaderLength = 8;

/** The selectors of one packet at a time. */
export class AccessPacket {
  version: 4 | 6 = 4;
  /** Where the other end's address is. */
  remote = 0;
  /** A protocol number, or `unknownSelector`. */
  protocol = 0;
  /** The other end's TCP or UDP port, `unknownSelector` or `noPort`. */
  port = noPort;
  /** The packet that an ICMP error is about; -1: it is no error. */
  inner = -1;
  /** How much of that is there, in bytes. */
  innerLength = 0;

  /**
   * Reads a packet of `length` bytes at `packet`.
   *
   * @param toRemote Whether it goes to the other end, or comes from there.
   * @param quoted Whether it stands in an ICMP error, and may be cut off.
   * @returns false when it is not readable.
   */
  read(
    view: DataView,
    packet: number,
    length: number,
    toRemote: boolean,
    quoted = false,
  ): boolean {
    this.port = noPort;
    this.inner = -1;
    if (length < ipv4HeaderLength) return false;
    const version = view.getUint8(packet) >>> 4;
    if (version === 4) return this.#readIpv4(view, packet, length, toRemote, quoted);
    if (version !== 6 || length < ipv6HeaderLength) return false;
    return this.#readIpv6(view, packet, length, toRemote, quoted);
  }

  #readIpv4(
    view: DataView,
    packet: number,
    length: number,
    toRemote: boolean,
    quoted: boolean,
  ): boolean {
    const headerLength = (view.getUint8(packet) & 0xf) * 4;
    const total = view.getUint16(packet + Ipv4Field.totalLength);
    if (headerLength < ipv4HeaderLength || headerLength > length) return false;
    if (total < headerLength || (total > length && !quoted)) return false;
    if (headerLength > ipv4HeaderLength && hasSourceRoute(view, packet, headerLength)) return false;
    this.version = 4;
    this.remote = packet + (toRemote ? ipv4Destination : ipv4Source);
    this.protocol = view.getUint8(packet + Ipv4Field.protocol);
    const fragment = view.getUint16(packet + Ipv4Field.fragment) & fragmentOffsetMask;
    const end = packet + Math.min(total, length);
    if (fragment === 0) return this.#readTransport(view, packet + headerLength, end, toRemote);
    // It would overwrite the flags of the first one's TCP header (RFC 1858, section 4).
    if (fragment === 1 && this.protocol === Protocol.TCP) return false;
    if (hasPorts(this.protocol)) this.port = unknownSelector;
    return true;
  }

  #readIpv6(
    view: DataView,
    packet: number,
    length: number,
    toRemote: boolean,
    quoted: boolean,
  ): boolean {
    const total = ipv6HeaderLength + view.getUint16(packet + Ipv6Field.payloadLength);
    if (total > length && !quoted) return false;
    this.version = 6;
    this.remote = packet + (toRemote ? ipv6Destination : ipv6Source);
    const end = packet + Math.min(total, length);
    let at = packet + ipv6HeaderLength;
    let next = view.getUint8(packet + Ipv6Field.nextHeader);
    for (let count = 0; isExtension(next); count++) {
      if (count === maximumExtensions || at + 8 > end) return false;
      const type = next;
      next = view.getUint8(at);
      if (type === Extension.FRAGMENT) {
        if (view.getUint16(at + 2) >>> 3 !== 0) return this.#laterFragment(next);
        at += 8;
        continue;
      }
      // With segments left, the destination is a stop on the way to another one.
      if (type === Extension.ROUTING && view.getUint8(at + 3) !== 0) return false;
      const size = view.getUint8(at + 1);
      at += type === Extension.AUTHENTICATION ? (size + 2) * 4 : (size + 1) * 8;
    }
    this.protocol = next;
    return at <= end && this.#readTransport(view, at, end, toRemote);
  }

  /** @param next What its fragment header says, which may be an extension header again. */
  #laterFragment(next: number): boolean {
    this.protocol = isExtension(next) ? unknownSelector : next;
    if (isExtension(next) || hasPorts(next)) this.port = unknownSelector;
    return true;
  }

  #readTransport(view: DataView, at: number, end: number, toRemote: boolean): boolean {
    if (hasPorts(this.protocol)) {
      // Source and destination port are the first four bytes of both.
      if (at + 4 > end) return false;
      this.port = view.getUint16(toRemote ? at + 2 : at);
      return true;
    }
    const errors = this.version === 4 ? Protocol.ICMP : Protocol.ICMPV6;
    if (this.protocol !== errors || at + icmpHeaderLength > end) return true;
    const type = view.getUint8(at);
    const isError = this.version === 4
      ? type === unreachable || type === timeExceeded || type === parameterProblem
      : type >= 1 && type <= lastIpv6Error;
    if (!isError) return true;
    this.inner = at + icmpHeaderLength;
    this.innerLength = end - this.inner;
    return true;
  }
}

function hasPorts(protocol: number): boolean {
  return protocol === Protocol.TCP || protocol === Protocol.UDP;
}

function isExtension(header: number): boolean {
  switch (header) {
    case Extension.HOP_BY_HOP:
    case Extension.ROUTING:
    case Extension.FRAGMENT:
    case Extension.AUTHENTICATION:
    case Extension.DESTINATION:
    case Extension.MOBILITY:
    case Extension.HOST_IDENTITY:
    case Extension.SHIM6:
      return true;
    default:
      return false;
  }
}

/** Whether an IPv4 header has an option that names further hops, or options that can't be read. */
function hasSourceRoute(view: DataView, packet: number, headerLength: number): boolean {
  for (let at = ipv4HeaderLength; at < headerLength;) {
    const type = view.getUint8(packet + at);
    if (type === 0) return false; // end of options
    if (type === 1) { // no operation
      at++;
      continue;
    }
    if (type === looseSourceRoute || type === strictSourceRoute || at + 1 === headerLength) {
      return true;
    }
    const length = view.getUint8(packet + at + 1);
    if (length < 2) return true;
    at += length;
  }
  return false;
}
