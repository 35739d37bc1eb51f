/**
 * The addresses of a server's clients: the pool, its file, and the static ones.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import { parseIpv4, prefixLengthNetmask } from "../../base/ipv4.ts";
import type { Log } from "../../base/log.ts";
import type { ClientOptions, ServerConfig } from "../../config/config.ts";
import { AddressPool } from "../../control/address_pool.ts";
import { PoolFile } from "./pool_file.ts";

/** What one client has. */
export interface ClientAddresses {
  readonly ipv4?: { readonly address: string; readonly netmask: string };
  readonly ipv6?: {
    readonly address: string;
    readonly prefixLength: number;
    /** The server's own address. */
    readonly remote: string;
  };
}

type AddressConfig = Pick<
  ServerConfig,
  | "pool"
  | "poolIpv6"
  | "network"
  | "duplicateCn"
  | "ifconfigPoolPersist"
  | "ifconfigPushConstraint"
>;

/** See the module's page. */
export class AddressBook {
  readonly #config: AddressConfig;
  readonly #log: Log;
  readonly #pool: AddressPool | undefined;
  readonly #file: PoolFile | undefined;

  /** @throws {VpnError} when the file of addresses cannot be read. */
  constructor(config: AddressConfig, log: Log) {
    const { pool, poolIpv6, duplicateCn, ifconfigPoolPersist } = config;
    this.#config = config;
    this.#log = log;
    if (pool === undefined && poolIpv6 === undefined) return;
    this.#pool = new AddressPool({ ipv4: pool, ipv6: poolIpv6, duplicateCn });
    if (ifconfigPoolPersist !== undefined) {
      this.#file = new PoolFile(ifconfigPoolPersist, this.#pool, log);
    }
  }

  /**
   * Addresses for a client of that name, from its own options or from the pool.
   *
   * @returns Them, and what gives them back.
   * @throws {VpnError} when there is none left.
   */
  take(
    name: string,
    { ifconfigPush, ifconfigIpv6Push }: Pick<ClientOptions, "ifconfigPush" | "ifconfigIpv6Push">,
  ): { readonly addresses: ClientAddresses; release(): void } {
    let addresses: ClientAddresses = {};
    let number: number | undefined;
    if (ifconfigPush !== undefined) {
      this.#checkConstraint(ifconfigPush.local);
      const { local: address, netmask } = ifconfigPush;
      addresses = { ipv4: { address, netmask } };
      if (this.#config.poolIpv6 !== undefined && ifconfigIpv6Push === undefined) {
        this.#log.at(
          1,
          `${name}: ifconfig-push gives it an IPv4 address only; add ifconfig-ipv6-push for IPv6`,
        );
      }
    } else if (this.#pool !== undefined) {
      number = this.#pool.take(name);
      if (number === undefined) {
        throw new VpnError("no free address in the pool", "give the server a larger network");
      }
      addresses = this.#fromPool(this.#pool, number);
    }
    if (ifconfigIpv6Push !== undefined) {
      const { local: address, prefixLength, remote } = ifconfigIpv6Push;
      const other = remote ?? this.#config.network.ifconfigIpv6?.local;
      if (other === undefined) {
        throw new VpnError(
          `ifconfig-ipv6-push for ${name}: this server has no IPv6 address`,
          "name the other end there, or give the server an ifconfig-ipv6",
        );
      }
      addresses = { ...addresses, ipv6: { address, prefixLength, remote: other } };
    }
    return {
      addresses,
      release: () => {
        if (number !== undefined) this.#pool?.release(number);
        number = undefined;
      },
    };
  }

  #fromPool(pool: AddressPool, number: number): ClientAddresses {
    const { ipv4, ipv6 } = pool.addresses(number);
    const { netmask = "255.255.255.255" } = this.#config.pool ?? {};
    const { prefixLength = 64 } = this.#config.poolIpv6 ?? {};
    const remote = this.#config.network.ifconfigIpv6?.local;
    return {
      ...(ipv4 !== undefined && { ipv4: { address: ipv4, netmask } }),
      ...(ipv6 !== undefined && remote !== undefined &&
        { ipv6: { address: ipv6, prefixLength, remote } }),
    };
  }

  #checkConstraint(address: string): void {
    const constraint = this.#config.ifconfigPushConstraint;
    if (constraint === undefined) return;
    const { network, netmask } = constraint;
    const [a, n, m] = [address, network, netmask].map((text) => parseIpv4(text)!);
    if (((a & m) >>> 0) === ((n & m) >>> 0)) return;
    throw new VpnError(
      `the address ${address} violates ifconfig-push-constraint (${network}/${netmask})`,
      "mend the client's ifconfig-push",
    );
  }

  /** Writes the file of addresses for the last time. */
  async close(): Promise<void> {
    await this.#file?.close();
  }
}

/** A route of that prefix length, as `route` writes it. */
export function dottedNetmask(prefixLength: number): string {
  const value = prefixLengthNetmask(prefixLength);
  return [value >>> 24, value >>> 16 & 255, value >>> 8 & 255, value & 255].join(".");
}
