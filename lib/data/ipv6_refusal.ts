/**
 * Answers to IPv6 packets that a server does not carry (`block-ipv6`): ICMPv6 "no route to
 * destination", so that programs fall back to IPv4 at once rather than after a timeout.
 *
 * Source: RFC 4443, sections 2.4 and 3.1; openvpn(8), `--block-ipv6`; OpenVPN's `forward.c`
 * (`ipv6_send_icmp_unreachable`).
 *
 * @module
 */

import type { PacketMemory } from "../crypto/engine.ts";
import { foldSum, type InternetChecksum, pseudoHeaderSumIpv6 } from "./internet_checksum.ts";
import { Ipv6Field, ipv6HeaderLength } from "./ip_header.ts";
import { ipv6Destination, ipv6Source } from "./ip_packet.ts";
import { Protocol } from "./transport_header.ts";

/** Longest answer, bytes: the smallest MTU of IPv6. */
export const maximumRefusalLength = 1280;

const icmpHeaderLength = 8;
const destinationUnreachable = 1;
const noRoute = 0;
const hopLimit = 64;

/** See the module's page. */
export class Ipv6Refusal {
  readonly #memory: PacketMemory;
  readonly #checksum: InternetChecksum;
  readonly #source: Uint8Array;

  /** @param source The answers' source address, 16 bytes. */
  constructor(memory: PacketMemory, checksum: InternetChecksum, source: Uint8Array) {
    this.#memory = memory;
    this.#checksum = checksum;
    this.#source = source;
  }

  /**
   * Writes the answer to a packet.
   *
   * @param target Where there are `maximumRefusalLength` bytes of room, none of them the packet's.
   * @returns Its length; 0 where none is due: to ICMPv6, to multicast, to nobody.
   */
  answer(packet: number, length: number, target: number): number {
    const { bytes, view } = this.#memory;
    const multicast = bytes[packet + ipv6Destination] === 0xff ||
      bytes[packet + ipv6Source] === 0xff;
    const icmp = bytes[packet + Ipv6Field.nextHeader] === Protocol.ICMPV6;
    if (icmp || multicast || this.#isUnspecified(packet + ipv6Source)) return 0;
    const quoted = Math.min(length, maximumRefusalLength - ipv6HeaderLength - icmpHeaderLength);
    const payload = icmpHeaderLength + quoted;
    view.setUint32(target, 0x6000_0000);
    view.setUint16(target + Ipv6Field.payloadLength, payload);
    bytes[target + Ipv6Field.nextHeader] = Protocol.ICMPV6;
    bytes[target + Ipv6Field.hopLimit] = hopLimit;
    bytes.set(this.#source, target + ipv6Source);
    const destination = packet + ipv6Source;
    bytes.copyWithin(target + ipv6Destination, destination, destination + 16);
    const message = target + ipv6HeaderLength;
    view.setUint32(message, destinationUnreachable << 24 | noRoute << 16);
    view.setUint32(message + 4, 0);
    bytes.copyWithin(message + icmpHeaderLength, packet, packet + quoted);
    const sum = pseudoHeaderSumIpv6(view, target, Protocol.ICMPV6, payload);
    view.setUint16(message + 2, ~foldSum(this.#checksum.sum(message, payload, sum)));
    return ipv6HeaderLength + payload;
  }

  #isUnspecified(address: number): boolean {
    const { view } = this.#memory;
    for (let i = 0; i < 16; i += 4) if (view.getUint32(address + i) !== 0) return false;
    return true;
  }
}
