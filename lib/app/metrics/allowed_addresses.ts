/**
 * From where metrics may be read without a token.
 *
 * @module
 */

import { BlockList, isIP } from "node:net";
import type { AllowedNetwork } from "../../config/config.ts";

/** Only this machine. */
const loopback: readonly AllowedNetwork[] = [
  { network: "127.0.0.0", prefixLength: 8, family: "ipv4" },
  { network: "::1", prefixLength: 128, family: "ipv6" },
];

/** See the module's page. */
export class AllowedAddresses {
  readonly #list = new BlockList();

  constructor(networks: readonly AllowedNetwork[]) {
    for (const { network, prefixLength, family } of networks) {
      this.#list.addSubnet(network, prefixLength, family);
    }
  }

  /** Those that `metrics-allow` names; without it, this machine. */
  static orLoopback(networks: readonly AllowedNetwork[]): AllowedAddresses {
    return new AllowedAddresses(networks.length > 0 ? networks : loopback);
  }

  /** Whether somebody at that address may. */
  has(address: string): boolean {
    // What a socket for both families says of an IPv4 client (RFC 4291, section 2.5.5.2).
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, "");
    const version = isIP(plain);
    return version !== 0 && this.#list.check(plain, version === 4 ? "ipv4" : "ipv6");
  }
}
