/**
 * The places of a server's clients: each has a peer-id and, with a pool, an address.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import type { ServerConfig } from "../../config/config.ts";
import { AddressPool } from "../../control/address_pool.ts";
import type { Lease, ServerClient } from "./server_client.ts";

/** See the module's page. */
export class ClientLeases {
  readonly #netmask: string;
  readonly #pool: AddressPool | undefined;
  readonly #byPeerId: (ServerClient | undefined)[];

  constructor(config: Pick<ServerConfig, "pool" | "maxClients">) {
    const { pool } = config;
    this.#pool = pool && new AddressPool(pool.start, pool.end);
    this.#netmask = pool?.netmask ?? "255.255.255.255";
    this.#byPeerId = new Array(config.maxClients).fill(undefined);
  }

  /** The client of that peer-id. */
  get(peerId: number): ServerClient | undefined {
    return this.#byPeerId[peerId];
  }

  /** All clients that are in, by peer-id. */
  all(): ServerClient[] {
    return this.#byPeerId.filter((client) => client !== undefined);
  }

  /**
   * A place for a client of that name.
   *
   * @throws {VpnError} when there is none.
   */
  take(client: ServerClient, commonName: string): Lease {
    const peerId = this.#byPeerId.indexOf(undefined);
    if (peerId < 0) {
      throw new VpnError(
        "MULTI: new incoming connection would exceed maximum number of clients " +
          `(${this.#byPeerId.length})`,
        "raise max-clients",
      );
    }
    const address = this.#pool?.take(commonName);
    if (this.#pool !== undefined && address === undefined) {
      throw new VpnError("no free address in the pool", "give the server a larger network");
    }
    this.#byPeerId[peerId] = client;
    return { peerId, address, netmask: this.#netmask };
  }

  /** Gives a place back. */
  release(lease: Lease): void {
    this.#byPeerId[lease.peerId] = undefined;
    if (lease.address !== undefined) this.#pool?.release(lease.address);
  }
}
