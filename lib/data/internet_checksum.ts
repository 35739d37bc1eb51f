/**
 * The Internet checksum: the 16-bit ones' complement sum of 16-bit words in network order.
 *
 * A *sum* here is folded to 16 bits and not inverted; a checksum field holds the inverted one. The
 * sum of bytes that include their valid checksum is 0xffff. Sums of parts of even length add up.
 *
 * Source: RFC 1071; RFC 1624 (incremental update); RFC 9293, section 3.1, RFC 768 and RFC 8200,
 * section 8.1 (pseudo headers).
 *
 * @module
 */

import type { PacketMemory } from "../crypto/engine.ts";
import { ipv4Source, ipv6Source } from "./ip_packet.ts";

/** Sums over one memory. Ranges are the caller's to check; packets are no longer than 65,575. */
export interface InternetChecksum {
  /**
   * The sum of the `length` bytes at `offset`, and of `initial`.
   *
   * @param length 0 to 131,072; a last odd byte counts as the high one of a word.
   * @param initial A sum, or several added up, below 2^24.
   * @returns 0 to 0xffff; 0 only where all is 0.
   */
  sum(offset: number, length: number, initial: number): number;
  /**
   * As `sum`, and copies the bytes to `target`: not between their start and their end.
   */
  copyAndSum(target: number, source: number, length: number, initial: number): number;
}

/** Folds what was added up, 0 to 2^32 - 1, to 16 bits. */
export function foldSum(sum: number): number {
  const folded = (sum & 0xffff) + (sum >>> 16);
  return (folded & 0xffff) + (folded >>> 16);
}

/** The sum without the words of `part`, in ones' complement; not folded. */
export function subtractSum(sum: number, part: number): number {
  return sum + (~part & 0xffff);
}

/**
 * The checksum after one word of what it covers has changed (RFC 1624, equation 3).
 *
 * @param checksum What the field holds.
 * @param before The word's old value.
 * @param after Its new one.
 */
export function updateChecksum(checksum: number, before: number, after: number): number {
  return ~foldSum((~checksum & 0xffff) + (~before & 0xffff) + after) & 0xffff;
}

/**
 * The sum of the pseudo header that TCP and UDP checksums cover.
 *
 * @param packet Offset of an IPv4 header.
 * @param length Of transport header and payload in bytes, up to 65,535.
 */
export function pseudoHeaderSumIpv4(
  view: DataView,
  packet: number,
  protocol: number,
  length: number,
): number {
  return foldSum(sumHalfWords(view, packet + ipv4Source, 8) + protocol + length);
}

/** As {@linkcode pseudoHeaderSumIpv4}, of an IPv6 packet. */
export function pseudoHeaderSumIpv6(
  view: DataView,
  packet: number,
  protocol: number,
  length: number,
): number {
  return foldSum(sumHalfWords(view, packet + ipv6Source, 32) + protocol + length);
}

/** For a few bytes, an even number; not folded. */
function sumHalfWords(view: DataView, offset: number, length: number): number {
  let sum = 0;
  for (let at = 0; at < length; at += 2) sum += view.getUint16(offset + at);
  return sum;
}

/** The checksum in JavaScript, for processors on which WebAssembly has no SIMD. */
export class ScalarChecksum implements InternetChecksum {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(memory: PacketMemory) {
    this.#bytes = memory.bytes;
    this.#view = memory.view;
  }

  sum(offset: number, length: number, initial: number): number {
    const view = this.#view;
    const end = offset + length;
    // Four bytes at a time in network order, halves apart so that small integers do. Each stays
    // below 2^31 up to 131,072 bytes.
    let high = 0;
    let low = 0;
    for (const last = end - 4; offset <= last; offset += 4) {
      const word = view.getInt32(offset);
      high += word >>> 16;
      low += word & 0xffff;
    }
    if (offset + 2 <= end) {
      low += view.getUint16(offset);
      offset += 2;
    }
    if (offset < end) high += this.#bytes[offset] << 8;
    return foldSum(foldSum(high) + foldSum(low) + initial);
  }

  copyAndSum(target: number, source: number, length: number, initial: number): number {
    this.#bytes.copyWithin(target, source, source + length);
    return this.sum(target, length, initial);
  }
}
