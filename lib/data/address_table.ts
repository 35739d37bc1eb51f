/**
 * Which peer a socket address belongs to: an open-addressing hash table over raw sockaddr bytes in
 * pinned memory; no text, no allocation.
 *
 * @module
 */

import type { PacketMemory } from "../crypto/engine.ts";

/** `sizeof(struct sockaddr_in)`, linux/in.h. */
export const sockaddrInLength = 16;
/** `sizeof(struct sockaddr_in6)`, linux/in6.h. */
export const sockaddrIn6Length = 28;

const empty = -1;

/**
 * Whether two socket addresses are the same. IPv4: family, port and address; IPv6 also the scope,
 * not the flow label, which is not part of who somebody is.
 *
 * @param a Offset of one, a multiple of 4.
 * @param b Offset of the other, a multiple of 4.
 */
export function sameSockaddr(
  words: Uint32Array,
  a: number,
  aLength: number,
  b: number,
  bLength: number,
): boolean {
  if (aLength !== bLength) return false;
  const i = a >>> 2;
  const j = b >>> 2;
  if (words[i] !== words[j]) return false;
  if (aLength === sockaddrInLength) return words[i + 1] === words[j + 1];
  return words[i + 2] === words[j + 2] && words[i + 3] === words[j + 3] &&
    words[i + 4] === words[j + 4] && words[i + 5] === words[j + 5] && words[i + 6] === words[j + 6];
}

/** Where the address of each peer is. */
export interface PeerAddresses {
  /** By peer number; offsets into the memory, multiples of 4. */
  readonly addressOffset: Int32Array;
  /** By peer number; 16 or 28. */
  readonly addressLength: Int32Array;
}

/** Peers by address. The addresses themselves are the peers' own. */
export class AddressTable {
  readonly #words: Uint32Array;
  readonly #slots: Int32Array;
  readonly #mask: number;
  // Chosen anew each time, so that nobody can choose ports that collide.
  readonly #seed = crypto.getRandomValues(new Int32Array(1))[0];

  /** @param maxPeers How many addresses there are at most. */
  constructor(memory: PacketMemory, readonly addresses: PeerAddresses, maxPeers: number) {
    this.#words = memory.words;
    // At most half full, so that probe sequences stay short.
    const capacity = 2 ** Math.ceil(Math.log2(2 * maxPeers + 2));
    this.#slots = new Int32Array(capacity).fill(empty);
    this.#mask = capacity - 1;
  }

  /** The peer at that address; -1 when there is none. */
  lookup(offset: number, length: number): number {
    return this.#slots[this.#find(offset, length)];
  }

  /** Enters the peer under its address, in the place of another one that had it. */
  add(peer: number): void {
    const { addressOffset, addressLength } = this.addresses;
    this.#slots[this.#find(addressOffset[peer], addressLength[peer])] = peer;
  }

  /** Removes the peer; to be called before its address changes. */
  remove(peer: number): void {
    const { addressOffset, addressLength } = this.addresses;
    const slot = this.#find(addressOffset[peer], addressLength[peer]);
    if (this.#slots[slot] !== peer) return; // its address went to another peer
    // Closes the gap in the probe sequence (Knuth, vol. 3, 6.4, algorithm R).
    let gap = slot;
    for (let next = gap + 1 & this.#mask;; next = next + 1 & this.#mask) {
      const other = this.#slots[next];
      if (other === empty) break;
      const home = this.#hash(addressOffset[other], addressLength[other]) & this.#mask;
      if ((next - home & this.#mask) < (next - gap & this.#mask)) continue;
      this.#slots[gap] = other;
      gap = next;
    }
    this.#slots[gap] = empty;
  }

  #find(offset: number, length: number): number {
    const { addressOffset, addressLength } = this.addresses;
    let slot = this.#hash(offset, length) & this.#mask;
    for (;; slot = slot + 1 & this.#mask) {
      const peer = this.#slots[slot];
      if (peer === empty) return slot;
      const found = addressOffset[peer];
      if (sameSockaddr(this.#words, offset, length, found, addressLength[peer])) return slot;
    }
  }

  #hash(offset: number, length: number): number {
    const words = this.#words;
    const word = offset >>> 2;
    let h = Math.imul(this.#seed ^ words[word], 0x9e3779b1);
    if (length === sockaddrInLength) {
      h = Math.imul(h ^ h >>> 15 ^ words[word + 1], 0x85ebca77);
    } else {
      h = Math.imul(h ^ h >>> 15 ^ words[word + 2], 0x85ebca77);
      h = Math.imul(h ^ h >>> 13 ^ words[word + 3], 0xc2b2ae3d);
      h = Math.imul(h ^ h >>> 16 ^ words[word + 4], 0x27d4eb2f);
      h = Math.imul(h ^ h >>> 15 ^ words[word + 5], 0x165667b1);
    }
    return h ^ h >>> 15;
  }
}
