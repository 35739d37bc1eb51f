/**
 * A server's clients by where they come from, admitted or not. Several may have the same address,
 * where a client starts anew from the same port.
 *
 * @module
 */

import type { ServerClient } from "./server_client.ts";

/** See the module's page. */
export class ClientIndex {
  readonly #byPath = new Map<string, Set<ServerClient>>();
  #size = 0;

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** All of them; may be changed meanwhile. */
  all(): ServerClient[] {
    return [...this.#byPath.values()].flatMap((clients) => [...clients]);
  }

  /** Those of a socket and address. */
  at(socket: number, address: Uint8Array): ReadonlySet<ServerClient> {
    return this.#byPath.get(pathKey(socket, address)) ?? nobody;
  }

  /** Adds a client by its present socket and address. */
  add(client: ServerClient): void {
    const key = pathKey(client.socket, client.address);
    const others = this.#byPath.get(key);
    if (others === undefined) this.#byPath.set(key, new Set([client]));
    else others.add(client);
    this.#size++;
  }

  /** Removes a client, whose socket and address are those that it was added with. */
  remove(client: ServerClient): void {
    const key = pathKey(client.socket, client.address);
    const clients = this.#byPath.get(key);
    if (clients?.delete(client)) this.#size--;
    if (clients?.size === 0) this.#byPath.delete(key);
  }
}

const nobody: ReadonlySet<ServerClient> = new Set();

/** Over TCP an address may come again with another connection. */
function pathKey(socket: number, address: Uint8Array): string {
  return `${socket} ${String.fromCharCode(...address)}`;
}
