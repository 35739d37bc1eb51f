/**
 * The addresses that a server gives to its clients. A client gets the one that it had last, when
 * nobody else has it now.
 *
 * @module
 */

import { VpnError } from "../base/errors.ts";
import { formatIpv4, parseIpv4 } from "../base/ipv4.ts";

/** Names whose last address is remembered; the oldest are forgotten first. */
const rememberedNames = 65536;

/** See the module's page. */
export class AddressPool {
  readonly #start: number;
  readonly #end: number;
  readonly #taken = new Set<number>();
  /** Name to address, in the order of their last use. */
  readonly #lastAddress = new Map<string, number>();

  /**
   * @param start First address, dotted.
   * @param end Last address, inclusive.
   * @throws {VpnError} when the range is none.
   */
  constructor(start: string, end: string) {
    const [first, last] = [parseIpv4(start), parseIpv4(end)];
    if (first === undefined || last === undefined || first > last) {
      throw new VpnError(`the address pool ${start} to ${end} is not a range of IPv4 addresses`);
    }
    this.#start = first;
    this.#end = last;
  }

  /** An address for a client of this common name; undefined when none is free. */
  take(commonName: string): string | undefined {
    const last = this.#lastAddress.get(commonName);
    const address = last !== undefined && !this.#taken.has(last) ? last : this.#firstFree();
    if (address === undefined) return undefined;
    this.#taken.add(address);
    this.#remember(commonName, address);
    return formatIpv4(address);
  }

  /** Gives an address back. */
  release(address: string): void {
    const value = parseIpv4(address);
    if (value !== undefined) this.#taken.delete(value);
  }

  #firstFree(): number | undefined {
    const remembered = new Set(this.#lastAddress.values());
    let fallback: number | undefined;
    for (let address = this.#start; address <= this.#end; address++) {
      if (this.#taken.has(address)) continue;
      if (!remembered.has(address)) return address;
      fallback ??= address;
    }
    return fallback;
  }

  #remember(commonName: string, address: number): void {
    this.#lastAddress.delete(commonName);
    this.#lastAddress.set(commonName, address);
    if (this.#lastAddress.size > rememberedNames) {
      this.#lastAddress.delete(this.#lastAddress.keys().next().value!);
    }
  }
}
