/**
 * The addresses that a server gives to its clients: places by number, of which each stands for an
 * IPv4 address, an IPv6 address, or both. A client gets the place that it had last, when nobody
 * else has it now; a new one the place that was given back first.
 *
 * Source: OpenVPN's pool.c.
 *
 * @module
 */

import { formatIpv4, parseIpv4 } from "../base/ipv4.ts";
import { formatIpv6, parseIpv6 } from "../base/ipv6.ts";
import { VpnError } from "../base/errors.ts";

/** What the places of a pool stand for. */
export interface PoolRange {
  /** First and last IPv4 address, dotted. */
  readonly ipv4?: { readonly start: string; readonly end: string };
  /** First IPv6 address, and how many. */
  readonly ipv6?: { readonly start: string; readonly size: number };
  /** Names say nothing, since several clients may have the same. */
  readonly duplicateCn?: boolean;
}

/** The addresses of a place. */
export interface PoolAddresses {
  readonly ipv4?: string;
  readonly ipv6?: string;
}

interface Place {
  taken: boolean;
  /** Whose it is, or was last. */
  name: string | undefined;
  /** When it was given back: the higher the later. */
  released: number;
  /** Nobody else gets it. */
  reserved: boolean;
}

/** See the module's page. */
export class AddressPool {
  readonly #ipv4: number | undefined;
  readonly #ipv6: bigint | undefined;
  readonly #places: Place[];
  readonly #byName = new Map<string, number>();
  readonly #duplicateCn: boolean;
  #releases = 0;

  /** @throws {VpnError} when the range is none. */
  constructor({ ipv4, ipv6, duplicateCn }: PoolRange) {
    const sizes: number[] = [];
    if (ipv4 !== undefined) {
      const [first, last] = [parseIpv4(ipv4.start), parseIpv4(ipv4.end)];
      if (first === undefined || last === undefined || first > last) {
        const range = `${ipv4.start} to ${ipv4.end}`;
        throw new VpnError(`the address pool ${range} is not a range of IPv4 addresses`);
      }
      this.#ipv4 = first;
      sizes.push(last - first + 1);
    }
    if (ipv6 !== undefined) {
      this.#ipv6 = parseIpv6(ipv6.start);
      if (this.#ipv6 === undefined || ipv6.size < 1) {
        throw new VpnError(`the address pool from ${ipv6.start} has no IPv6 addresses`);
      }
      sizes.push(ipv6.size);
    }
    if (sizes.length === 0) throw new VpnError("an address pool without addresses");
    this.#duplicateCn = duplicateCn ?? false;
    this.#places = Array.from(
      { length: Math.min(...sizes) },
      () => ({ taken: false, name: undefined, released: 0, reserved: false }),
    );
  }

  /** How many clients can have addresses. */
  get size(): number {
    return this.#places.length;
  }

  /** A place for a client of this name; undefined when none is free. */
  take(name: string): number | undefined {
    const last = this.#duplicateCn ? undefined : this.#byName.get(name);
    const number = last !== undefined && !this.#places[last].taken ? last : this.#leastRecent();
    if (number === undefined) return undefined;
    const place = this.#places[number];
    if (place.name !== undefined && place.name !== name) this.#forget(place.name, number);
    place.taken = true;
    place.name = name;
    this.#byName.set(name, number);
    return number;
  }

  #leastRecent(): number | undefined {
    let best: number | undefined;
    for (const [number, place] of this.#places.entries()) {
      if (place.taken || place.reserved) continue;
      if (best === undefined || place.released < this.#places[best].released) best = number;
      if (this.#places[best].released === 0) break;
    }
    return best;
  }

  #forget(name: string, number: number): void {
    if (this.#byName.get(name) === number) this.#byName.delete(name);
  }

  /** Gives a place back. */
  release(number: number): void {
    const place = this.#places[number];
    if (place === undefined || !place.taken) return;
    place.taken = false;
    place.released = ++this.#releases;
  }

  /** What a place stands for. */
  addresses(number: number): PoolAddresses {
    return {
      ...(this.#ipv4 !== undefined && { ipv4: formatIpv4(this.#ipv4 + number) }),
      ...(this.#ipv6 !== undefined && { ipv6: formatIpv6(this.#ipv6 + BigInt(number)) }),
    };
  }

  /** The place of an IPv4 or IPv6 address; undefined when it is not in the pool. */
  placeOf(address: string): number | undefined {
    const ipv4 = parseIpv4(address);
    const ipv6 = ipv4 === undefined ? parseIpv6(address) : undefined;
    let number: number | undefined;
    if (ipv4 !== undefined && this.#ipv4 !== undefined) number = ipv4 - this.#ipv4;
    // Far-away addresses are no exact numbers, and out of the range all the same.
    if (ipv6 !== undefined && this.#ipv6 !== undefined) number = Number(ipv6 - this.#ipv6);
    return number !== undefined && number >= 0 && number < this.size ? number : undefined;
  }

  /**
   * Keeps a free place for a name, as for a client that had it once.
   *
   * @param reserved Nobody else gets it.
   */
  remember(name: string, number: number, reserved: boolean): void {
    const place = this.#places[number];
    if (place === undefined || place.taken) return;
    if (place.name !== undefined) this.#forget(place.name, number);
    place.name = name;
    place.reserved = reserved;
    place.released = ++this.#releases;
    this.#byName.set(name, number);
  }

  /** Places that are or were somebody's, by number. */
  *named(): Generator<{ readonly name: string; readonly number: number }> {
    for (const [number, { name }] of this.#places.entries()) {
      if (name !== undefined) yield { name, number };
    }
  }
}
