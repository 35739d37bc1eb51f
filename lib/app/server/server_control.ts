/**
 * What can be done with a server's clients from outside: the management interface's view of them.
 *
 * @module
 */

import type { SharedCounters } from "../../loop/counters.ts";
import type { ClientTraffic, ManagedServer, Traffic } from "../../management/control.ts";
import { pushUpdateMessages } from "./push_update.ts";
import type { ServerClient } from "./server_client.ts";

/** How long a client that was told why it goes has to take that in, ms. */
const farewell = 1000;

/** See the module's page. */
export class ServerControl implements ManagedServer {
  readonly #clients: () => readonly ServerClient[];
  readonly #counters: SharedCounters;

  /** @param clients Those that are let in. */
  constructor(clients: () => readonly ServerClient[], counters: SharedCounters) {
    this.#clients = clients;
    this.#counters = counters;
  }

  traffic(): ClientTraffic[] {
    return this.#clients().map(({ id, lease }) => {
      const { bytesIn, bytesOut } = this.#counters.peer(lease!.peerId);
      return { clientId: id, bytesIn, bytesOut };
    });
  }

  /** That of all clients that are there. */
  totalTraffic(): Traffic {
    return this.traffic().reduce(
      (sum, { bytesIn, bytesOut }) => ({
        bytesIn: sum.bytesIn + bytesIn,
        bytesOut: sum.bytesOut + bytesOut,
      }),
      { bytesIn: 0, bytesOut: 0 },
    );
  }

  killName(commonName: string): number {
    return this.#kill((client) => client.commonName === commonName);
  }

  killAddress(hostname: string, port: number): number {
    const endpoint = hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
    return this.#kill((client) => client.endpoint === endpoint);
  }

  pushUpdate(options: string, clientId?: number): number {
    const messages = pushUpdateMessages(options);
    const clients = this.#clients().filter(({ id }) => clientId === undefined || id === clientId);
    return clients.filter((client) => client.pushUpdate(messages)).length;
  }

  killClient(clientId: number, message: string): boolean {
    const client = this.#clients().find(({ id }) => id === clientId);
    if (client === undefined) return false;
    client.tell(message);
    setTimeout(() => client.close("killed"), farewell);
    return true;
  }

  #kill(chosen: (client: ServerClient) => boolean): number {
    const clients = this.#clients().filter(chosen);
    for (const client of clients) client.close("killed");
    return clients.length;
  }
}
