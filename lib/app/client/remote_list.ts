/**
 * The order in which a client tries its servers: each remote, each address that its name has, then
 * from the start again, slower after some rounds.
 *
 * Source: openvpn(8), `--remote`, `--connect-retry`, `--connect-retry-max`, `--resolv-retry`.
 *
 * @module
 */

import { lookup } from "node:dns/promises";
import { encodeSockaddr } from "deno-tun";
import { randomBytes } from "../../base/bytes.ts";
import type { Log } from "../../base/log.ts";
import type { ClientConfig, Connection } from "../../config/config.ts";

/** Somewhere to connect to. */
export interface Remote {
  readonly connection: Connection;
  /** Raw sockaddr. */
  readonly address: Uint8Array;
}

/** Rounds before the waits double. */
const patientRounds = 5;

/** How long a name that does not resolve waits for its next try, ms. */
const resolveRetryWait = 5000;

/** See the module's page. */
export class RemoteList {
  readonly #config: ClientConfig;
  readonly #log: Log;
  readonly #connections: readonly Connection[];
  #index = -1;
  #addresses: Uint8Array[] = [];
  /** Rounds through all remotes without a connection. */
  #rounds = 0;

  constructor(config: ClientConfig, log: Log) {
    this.#config = config;
    this.#log = log;
    this.#connections = config.remoteRandom ? shuffled(config.connections) : config.connections;
  }

  /**
   * The next address to try; undefined after `connect-retry-max` rounds, or when told to stop.
   */
  async next(stopped: () => boolean): Promise<Remote | undefined> {
    const { connectRetryMax } = this.#config;
    while (!stopped()) {
      const address = this.#addresses.shift();
      if (address !== undefined) return { connection: this.#current, address };
      this.#index++;
      if (this.#index === this.#connections.length) {
        this.#index = 0;
        this.#rounds++;
        if (connectRetryMax > 0 && this.#rounds >= connectRetryMax) return undefined;
      }
      this.#addresses = await this.#resolve(this.#current, stopped);
    }
    return undefined;
  }

  /** The last address connected: the next failure is a first one, and tries all again. */
  succeeded(): void {
    this.#rounds = 0;
  }

  /** How long to wait before the next attempt, ms. */
  waitBefore(): number {
    const { connectRetryWait, connectRetryMaxWait } = this.#current;
    const doublings = Math.max(0, this.#rounds - patientRounds);
    return Math.min(connectRetryWait * 2 ** Math.min(doublings, 16), connectRetryMaxWait) * 1000;
  }

  get #current(): Connection {
    return this.#connections[Math.max(this.#index, 0)];
  }

  async #resolve(connection: Connection, stopped: () => boolean): Promise<Uint8Array[]> {
    const { family, port } = connection;
    const host = this.#config.remoteRandomHostname && /[a-z]/i.test(connection.host)
      ? `${randomBytes(6).toHex()}.${connection.host}`
      : connection.host;
    const deadline = Date.now() + this.#config.resolvRetry * 1000;
    while (!stopped()) {
      try {
        const found = await lookup(host, { all: true, family: family ?? 0 });
        return found.map(({ address }) => encodeSockaddr(address, port));
      } catch {
        this.#log.error(`RESOLVE: Cannot resolve host address: ${host}:${port}`);
      }
      // With other remotes to try there is no point in waiting for this one's name.
      if (this.#connections.length > 1 || Date.now() >= deadline) return [];
      await new Promise((resolve) => setTimeout(resolve, resolveRetryWait));
    }
    return [];
  }
}

function shuffled<T>(items: readonly T[]): T[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [result[i], result[j]] = [result[j], result[i]];
  }
  return result;
}
