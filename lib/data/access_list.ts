/**
 * Access lists: with whom a peer may talk. The first rule that a packet matches decides; a packet
 * that matches none is denied.
 *
 * A rule is about the other end: its network, and where the rule says so its protocol and its port.
 * Packets to the other end are matched by their destination, packets from there by their source, so
 * that answers pass by the same rule. An ICMP error passes, too, where the packet that it is about
 * would, and it goes to that packet's sender.
 *
 * @module
 */

import { VpnError } from "../base/errors.ts";
import { AccessPacket, unknownSelector } from "./access_packet.ts";
import { ipv4Destination, ipv4Source, ipv6Destination, ipv6Source } from "./ip_packet.ts";
import { Protocol } from "./transport_header.ts";

/** One rule. */
export interface AccessRule {
  readonly allow: boolean;
  /** 4 or 16 bytes; bits behind the prefix are ignored. */
  readonly network: Uint8Array;
  /** 0 to 32, or 0 to 128. */
  readonly prefixLength: number;
  /** An IP protocol number; 0: any. `Protocol.ICMP` stands for ICMPv6 with an IPv6 network. */
  readonly protocol: number;
  /** TCP and UDP: the first port and the last one; 0 and 65,535: any. */
  readonly firstPort: number;
  readonly lastPort: number;
}

/** Rules of one list at most: each packet is compared with them one by one. */
export const maximumAccessRules = 1024;

/** Words of an address. */
const words = 4;

/** A list, compiled. */
export class AccessList {
  readonly #count: number;
  readonly #allow: Uint8Array;
  readonly #version: Uint8Array;
  readonly #protocol: Uint8Array;
  readonly #firstPort: Uint16Array;
  readonly #lastPort: Uint16Array;
  /** Four words for each rule; IPv4 has its in the first. */
  readonly #network: Int32Array;
  readonly #mask: Int32Array;
  readonly #packet = new AccessPacket();

  /** @throws {VpnError} when a rule is malformed, or there are too many. */
  constructor(rules: readonly AccessRule[]) {
    const count = rules.length;
    if (count > maximumAccessRules) {
      throw new VpnError(`an access list of more than ${maximumAccessRules} rules`);
    }
    this.#count = count;
    this.#allow = new Uint8Array(count);
    this.#version = new Uint8Array(count);
    this.#protocol = new Uint8Array(count);
    this.#firstPort = new Uint16Array(count);
    this.#lastPort = new Uint16Array(count);
    this.#network = new Int32Array(words * count);
    this.#mask = new Int32Array(words * count);
    for (const [i, rule] of rules.entries()) this.#set(i, rule);
  }

  #set(i: number, rule: AccessRule): void {
    const { network, prefixLength, protocol } = rule;
    const bits = 8 * network.length;
    if ((bits !== 32 && bits !== 128) || !(prefixLength >= 0 && prefixLength <= bits)) {
      throw new VpnError("an access rule with a malformed network");
    }
    this.#allow[i] = rule.allow ? 1 : 0;
    this.#version[i] = bits === 32 ? 4 : 6;
    this.#protocol[i] = protocol === Protocol.ICMP && bits === 128 ? Protocol.ICMPV6 : protocol;
    this.#firstPort[i] = rule.firstPort;
    this.#lastPort[i] = rule.lastPort;
    const view = new DataView(network.buffer, network.byteOffset, network.length);
    for (let word = 0; word < bits / 32; word++) {
      const mask = maskWord(prefixLength - 32 * word);
      this.#mask[words * i + word] = mask;
      this.#network[words * i + word] = view.getInt32(4 * word) & mask;
    }
  }

  /**
   * Whether a packet may pass.
   *
   * @param toRemote Whether the peer sent it, or it is for the peer.
   */
  permits(view: DataView, packet: number, length: number, toRemote: boolean): boolean {
    const selectors = this.#packet;
    if (!selectors.read(view, packet, length, toRemote)) return false;
    if (this.#decides(view)) return true;
    const { inner, innerLength, version } = selectors;
    if (inner < 0) return false;
    // What it is about went the other way, and the error goes back to where that came from.
    return selectors.read(view, inner, innerLength, !toRemote, true) &&
      selectors.version === version &&
      goesToSender(view, packet, inner, version) && this.#decides(view);
  }

  /** What the first rule says that the selectors match. */
  #decides(view: DataView): boolean {
    const { version, remote, protocol, port } = this.#packet;
    for (let i = 0; i < this.#count; i++) {
      if (this.#version[i] !== version || !this.#hasRemote(i, view, remote)) continue;
      const wanted = this.#protocol[i];
      const allow = this.#allow[i] === 1;
      if (wanted !== 0) {
        if (protocol === unknownSelector) {
          if (!allow) continue; // The first fragment decides.
        } else if (wanted !== protocol) continue;
        if (port === unknownSelector) {
          const anyPort = this.#firstPort[i] === 0 && this.#lastPort[i] === 0xffff;
          if (!allow && !anyPort) continue;
        } else if (port >= 0 && (port < this.#firstPort[i] || port > this.#lastPort[i])) continue;
      }
      return allow;
    }
    return false;
  }

  #hasRemote(i: number, view: DataView, remote: number): boolean {
    const first = words * i;
    const last = this.#version[i] === 4 ? first + 1 : first + words;
    for (let word = first, at = remote; word < last; word++, at += 4) {
      if ((view.getInt32(at) & this.#mask[word]) !== this.#network[word]) return false;
    }
    return true;
  }
}

/** Whether a packet's destination is the source of the one that it quotes. */
function goesToSender(view: DataView, packet: number, inner: number, version: 4 | 6): boolean {
  if (version === 4) {
    return view.getInt32(packet + ipv4Destination) === view.getInt32(inner + ipv4Source);
  }
  for (let i = 0; i < 16; i += 4) {
    const destination = view.getInt32(packet + ipv6Destination + i);
    if (destination !== view.getInt32(inner + ipv6Source + i)) return false;
  }
  return true;
}

/** The mask of a 32-bit word of which the first `bits` (may be under 0 or over 32) count. */
function maskWord(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << 32 - bits;
}
