/**
 * Which peer an IP address belongs to: longest prefix match.
 *
 * One open-addressing hash table holds the networks of both families, keyed by (family, prefix
 * length, network); a look-up tries the prefix lengths in use, longest first. On a usual server
 * these are one or two, so that a host route costs one probe.
 *
 * @module
 */

import { VpnError } from "../base/errors.ts";

const initialCapacity = 64;
/** Marks an empty slot; no prefix has this tag. */
const empty = 0;

/** Networks and the peers that they are behind. */
export class RouteTable {
  /** Four words of network per slot; IPv4 has it in the first. */
  #words = new Uint32Array(4 * initialCapacity);
  /** (family, prefix length) as one number, or `empty`. */
  #tags = new Uint16Array(initialCapacity);
  #peers = new Int32Array(initialCapacity);
  #mask = initialCapacity - 1;
  #count = 0;
  // Chosen anew each time, so that nobody can choose networks that collide.
  readonly #seed = crypto.getRandomValues(new Int32Array(1))[0];
  readonly #ipv4Lengths = new PrefixLengths(32);
  readonly #ipv6Lengths = new PrefixLengths(128);
  // The network that is being looked up.
  #a = 0;
  #b = 0;
  #c = 0;
  #d = 0;

  /** How many networks there are. */
  get size(): number {
    return this.#count;
  }

  /**
   * Packets to `network` go to `peer` from here on, also when it was another's.
   *
   * @param network 4 or 16 bytes; bits behind the prefix are ignored.
   * @throws {VpnError} when the network or the prefix length is malformed.
   */
  add(network: Uint8Array, prefixLength: number, peer: number): void {
    const tag = this.#load(network, prefixLength);
    const slot = this.#find(tag);
    if (this.#tags[slot] === empty) {
      this.#lengthsOf(network).add(prefixLength);
      if (2 * ++this.#count > this.#mask) {
        this.#store(slot, tag, peer);
        this.#grow();
        return;
      }
    }
    this.#store(slot, tag, peer);
  }

  /** Undoes {@linkcode RouteTable.add}, unless the network is another peer's by now. */
  remove(network: Uint8Array, prefixLength: number, peer: number): void {
    const slot = this.#find(this.#load(network, prefixLength));
    if (this.#tags[slot] !== empty && this.#peers[slot] === peer) this.#delete(slot);
  }

  /** Forgets all networks of `peer`. */
  removePeer(peer: number): void {
    for (let slot = 0; slot <= this.#mask;) {
      // Deleting moves a later entry here, so the same slot is looked at again.
      if (this.#tags[slot] !== empty && this.#peers[slot] === peer) this.#delete(slot);
      else slot++;
    }
  }

  /** The peer of the IPv4 address at `offset`; -1 when it is nobody's. */
  lookupIpv4(view: DataView, offset: number): number {
    const address = view.getUint32(offset);
    const lengths = this.#ipv4Lengths.inUse;
    this.#b = this.#c = this.#d = 0;
    for (let i = 0; i < lengths.length; i++) {
      this.#a = (address & maskWord(lengths[i])) >>> 0;
      const slot = this.#find(ipv4Tag(lengths[i]));
      if (this.#tags[slot] !== empty) return this.#peers[slot];
    }
    return -1;
  }

  /** The peer of the IPv6 address at `offset`; -1 when it is nobody's. */
  lookupIpv6(view: DataView, offset: number): number {
    const a = view.getUint32(offset);
    const b = view.getUint32(offset + 4);
    const c = view.getUint32(offset + 8);
    const d = view.getUint32(offset + 12);
    const lengths = this.#ipv6Lengths.inUse;
    for (let i = 0; i < lengths.length; i++) {
      this.#loadIpv6(a, b, c, d, lengths[i]);
      const slot = this.#find(ipv6Tag(lengths[i]));
      if (this.#tags[slot] !== empty) return this.#peers[slot];
    }
    return -1;
  }

  #loadIpv6(a: number, b: number, c: number, d: number, prefixLength: number): void {
    this.#a = (a & maskWord(prefixLength)) >>> 0;
    this.#b = (b & maskWord(prefixLength - 32)) >>> 0;
    this.#c = (c & maskWord(prefixLength - 64)) >>> 0;
    this.#d = (d & maskWord(prefixLength - 96)) >>> 0;
  }

  #lengthsOf(network: Uint8Array): PrefixLengths {
    return network.length === 4 ? this.#ipv4Lengths : this.#ipv6Lengths;
  }

  /** Takes the network as what is looked for; returns its tag. */
  #load(network: Uint8Array, prefixLength: number): number {
    const bits = 8 * network.length;
    const fits = Number.isInteger(prefixLength) && prefixLength >= 0 && prefixLength <= bits;
    if ((network.length !== 4 && network.length !== 16) || !fits) {
      throw new VpnError(`a route of ${network.length} bytes with prefix length ${prefixLength}`);
    }
    const view = new DataView(network.buffer, network.byteOffset, network.length);
    if (network.length === 4) {
      this.#a = (view.getUint32(0) & maskWord(prefixLength)) >>> 0;
      this.#b = this.#c = this.#d = 0;
      return ipv4Tag(prefixLength);
    }
    const word = (i: number) => view.getUint32(4 * i);
    this.#loadIpv6(word(0), word(1), word(2), word(3), prefixLength);
    return ipv6Tag(prefixLength);
  }

  /** The slot that has the loaded network, or the empty one where it would go. */
  #find(tag: number): number {
    const words = this.#words;
    let slot = this.#hash(tag, this.#a, this.#b, this.#c, this.#d) & this.#mask;
    while (this.#tags[slot] !== empty) {
      const word = 4 * slot;
      if (
        this.#tags[slot] === tag && words[word] === this.#a && words[word + 1] === this.#b &&
        words[word + 2] === this.#c && words[word + 3] === this.#d
      ) break;
      slot = slot + 1 & this.#mask;
    }
    return slot;
  }

  #hash(tag: number, a: number, b: number, c: number, d: number): number {
    let h = this.#seed ^ tag;
    h = Math.imul(h ^ a, 0x9e3779b1);
    h = Math.imul(h ^ h >>> 15 ^ b, 0x85ebca77);
    h = Math.imul(h ^ h >>> 13 ^ c, 0xc2b2ae3d);
    h = Math.imul(h ^ h >>> 16 ^ d, 0x27d4eb2f);
    return h ^ h >>> 15;
  }

  #store(slot: number, tag: number, peer: number): void {
    this.#words[4 * slot] = this.#a;
    this.#words[4 * slot + 1] = this.#b;
    this.#words[4 * slot + 2] = this.#c;
    this.#words[4 * slot + 3] = this.#d;
    this.#tags[slot] = tag;
    this.#peers[slot] = peer;
  }

  /** Empties a slot and closes the gap in its probe sequence (Knuth, vol. 3, 6.4, algorithm R). */
  #delete(slot: number): void {
    const tag = this.#tags[slot];
    (tag >= ipv6Tag(0) ? this.#ipv6Lengths : this.#ipv4Lengths).remove(tag & 0xff);
    this.#count--;
    let gap = slot;
    for (let next = gap + 1 & this.#mask;; next = next + 1 & this.#mask) {
      if (this.#tags[next] === empty) break;
      const word = 4 * next;
      const w = this.#words;
      const home = this.#hash(this.#tags[next], w[word], w[word + 1], w[word + 2], w[word + 3]) &
        this.#mask;
      // An entry may move to the gap unless its home lies (cyclically) behind the gap.
      if ((next - home & this.#mask) < (next - gap & this.#mask)) continue;
      w.copyWithin(4 * gap, word, word + 4);
      this.#tags[gap] = this.#tags[next];
      this.#peers[gap] = this.#peers[next];
      gap = next;
    }
    this.#tags[gap] = empty;
  }

  #grow(): void {
    const words = this.#words;
    const tags = this.#tags;
    const peers = this.#peers;
    const capacity = 2 * tags.length;
    this.#words = new Uint32Array(4 * capacity);
    this.#tags = new Uint16Array(capacity);
    this.#peers = new Int32Array(capacity);
    this.#mask = capacity - 1;
    for (let slot = 0; slot < tags.length; slot++) {
      if (tags[slot] === empty) continue;
      this.#a = words[4 * slot];
      this.#b = words[4 * slot + 1];
      this.#c = words[4 * slot + 2];
      this.#d = words[4 * slot + 3];
      this.#store(this.#find(tags[slot]), tags[slot], peers[slot]);
    }
  }
}

function ipv4Tag(prefixLength: number): number {
  return 0x100 | prefixLength;
}

function ipv6Tag(prefixLength: number): number {
  return 0x200 | prefixLength;
}

/** The mask of a 32-bit word of which the first `bits` (may be under 0 or over 32) count. */
function maskWord(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << 32 - bits;
}

/** The prefix lengths that occur. */
class PrefixLengths {
  readonly #uses: Uint32Array;
  /** Longest first. */
  inUse: readonly number[] = [];

  constructor(longest: number) {
    this.#uses = new Uint32Array(longest + 1);
  }

  add(length: number): void {
    if (this.#uses[length]++ > 0) return;
    this.inUse = [...this.inUse, length].sort((a, b) => b - a);
  }

  remove(length: number): void {
    if (--this.#uses[length] > 0) return;
    this.inUse = this.inUse.filter((other) => other !== length);
  }
}
