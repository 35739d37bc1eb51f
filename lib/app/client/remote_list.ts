/**
 * The order in which a client tries its servers: each remote, each address that its name has, then
 * from the start again, slower after some rounds.
 *
 * Source: openvpn(8), `--remote`, `--connect-retry`, `--connect-retry-max`, `--resolv-retry`.
 *
 * @module
 */

import { encodeSockaddr } from "deno-tun";
import { randomBytes } from "../../base/bytes.ts";
import { VpnError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { TunnelObserver } from "../tunnel_observer.ts";
import type { RemoteAnswer } from "../../management/queries.ts";
import type { ClientConfig, Connection, Transport } from "../../config/config.ts";
import type { TemporaryFailure } from "../../wire/control_message.ts";

/** Somewhere to connect to. */
export interface Remote {
  readonly connection: Connection;
  /** Raw sockaddr. */
  readonly address: Uint8Array;
}

/** Finds the addresses of a server. */
export type NameLookup = (host: string, family: 4 | 6 | undefined) => Promise<string[]>;

/** Rounds before the waits double. */
const patientRounds = 5;

/** How long a name that does not resolve waits for its next try, ms. */
const resolveRetryWait = 5000;

/** Decides what to do with the remote that is next. */
export type RemoteChooser = (connection: Connection) => Promise<RemoteAnswer>;

/** Asks the observer; undefined where it doesn't want to be asked. */
export function remoteChooser(
  { chooseRemote }: TunnelObserver,
  stopped: AbortSignal,
): RemoteChooser | undefined {
  return chooseRemote &&
    (({ host, port, transport }) =>
      chooseRemote({ host, port, protocol: protocolName(transport) }, stopped));
}

/** A transport as the management interface names a client's. */
export function protocolName(transport: Transport): string {
  return transport === "udp" ? "udp" : "tcp-client";
}

/** See the module's page. */
export class RemoteList {
  readonly #config: ClientConfig;
  readonly #log: Log;
  readonly #lookup: NameLookup;
  readonly #connections: readonly Connection[];
  #index = -1;
  #addresses: Uint8Array[] = [];
  #last: Remote | undefined;
  #stay = false;
  /** Shortest next wait, ms. */
  #backoff = 0;
  /** Rounds through all remotes without a connection. */
  #rounds = 0;

  /** In place of the one of `#connections`, where somebody chose another. */
  #chosen: Connection | undefined;
  readonly #choose: RemoteChooser | undefined;

  constructor(config: ClientConfig, log: Log, lookup: NameLookup, choose?: RemoteChooser) {
    this.#choose = choose;
    this.#config = config;
    this.#lookup = lookup;
    this.#log = log;
    this.#connections = config.remoteRandom ? shuffled(config.connections) : config.connections;
  }

  /**
   * The next address to try; undefined after `connect-retry-max` rounds, or when told to stop.
   */
  async next(stopped: () => boolean): Promise<Remote | undefined> {
    const { connectRetryMax } = this.#config;
    while (!stopped()) {
      if (this.#stay && this.#last !== undefined) {
        this.#stay = false;
        this.#rounds++;
        if (connectRetryMax > 0 && this.#rounds >= connectRetryMax) return undefined;
        return this.#last;
      }
      const address = this.#addresses.shift();
      if (address !== undefined) return this.#last = { connection: this.#current, address };
      this.#index++;
      if (this.#index === this.#connections.length) {
        this.#index = 0;
        this.#rounds++;
        if (connectRetryMax > 0 && this.#rounds >= connectRetryMax) return undefined;
      }
      if (!await this.#chooseCurrent(stopped)) continue;
      this.#addresses = await this.#resolve(this.#current, stopped);
    }
    return undefined;
  }

  /** Whether the remote that is next is to be tried. */
  async #chooseCurrent(stopped: () => boolean): Promise<boolean> {
    this.#chosen = undefined;
    if (this.#choose === undefined) return true;
    let answer: RemoteAnswer;
    try {
      answer = await this.#choose(this.#current);
    } catch (error) {
      if (stopped()) return false;
      throw error;
    }
    if (answer.kind === "skip") {
      // One that is skipped has not failed: what is counted are rounds of attempts.
      this.#index = (this.#index + answer.count - 1) % this.#connections.length;
      return false;
    }
    if (answer.kind === "modify") {
      this.#chosen = { ...this.#current, host: answer.hostname, port: Number(answer.port) };
    }
    return true;
  }

  /** The last address connected: the next failure is a first one, and tries all again. */
  succeeded(): void {
    this.#rounds = 0;
  }

  /** The next attempt is at the same address: that server has something to say to it. */
  stay(): void {
    this.#stay = true;
  }

  /** The server doesn't want us just now (`AUTH_FAILED,TEMP`), and may say where to go. */
  refusedForNow({ backoff = 0, advance = "no" }: TemporaryFailure): void {
    this.#backoff = backoff * 1000;
    this.#stay = advance === "no";
    if (advance === "remote") this.#addresses = [];
  }

  /** How long to wait before the next attempt, ms. */
  waitBefore(): number {
    const backoff = this.#backoff;
    this.#backoff = 0;
    return Math.max(backoff, this.#ordinaryWait());
  }

  #ordinaryWait(): number {
    const { connectRetryWait, connectRetryMaxWait } = this.#current;
    const doublings = Math.max(0, this.#rounds - patientRounds);
    return Math.min(connectRetryWait * 2 ** Math.min(doublings, 16), connectRetryMaxWait) * 1000;
  }

  get #current(): Connection {
    return this.#chosen ?? this.#connections[Math.max(this.#index, 0)];
  }

  async #resolve(connection: Connection, stopped: () => boolean): Promise<Uint8Array[]> {
    const { family, port } = connection;
    const host = this.#config.remoteRandomHostname && /[a-z]/i.test(connection.host)
      ? `${randomBytes(6).toHex()}.${connection.host}`
      : connection.host;
    const deadline = Date.now() + this.#config.resolvRetry * 1000;
    while (!stopped()) {
      try {
        const found = await this.#lookup(host, family);
        return found.map((address) => encodeSockaddr(address, port));
      } catch (error) {
        const reason = error instanceof VpnError ? ` (${error.line})` : "";
        this.#log.error(`RESOLVE: Cannot resolve host address: ${host}:${port}${reason}`);
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
