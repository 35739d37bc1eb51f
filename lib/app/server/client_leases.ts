/**
 * The places of a server's clients, by peer-id.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import type { ServerClient } from "./server_client.ts";

/** See the module's page. */
export class ClientLeases {
  readonly #byPeerId: (ServerClient | undefined)[];

  constructor(maxClients: number) {
    this.#byPeerId = new Array(maxClients).fill(undefined);
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
   * A peer-id for a client.
   *
   * @throws {VpnError} when there is none.
   */
  take(client: ServerClient): number {
    const peerId = this.#byPeerId.indexOf(undefined);
    if (peerId < 0) {
      throw new VpnError(
        "MULTI: new incoming connection would exceed maximum number of clients " +
          `(${this.#byPeerId.length})`,
        "raise max-clients",
      );
    }
    this.#byPeerId[peerId] = client;
    return peerId;
  }

  /** Gives a peer-id back. */
  release(peerId: number): void {
    this.#byPeerId[peerId] = undefined;
  }
}
