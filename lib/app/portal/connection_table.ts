/**
 * Which connections there are, and which of them are served: bounded by source and in all.
 *
 * ```text
 * new ─► waiting (of its source) ─► served (of its source) ─► a caller's, once it has shown who
 * ```
 *
 * @module
 */

import type { PortalLimits } from "./portal_limits.ts";

/** A connection, as the table sees it. */
export interface TableConnection {
  readonly source: string;
  /** It may go on to TLS. */
  serve(): void;
  destroy(): void;
}

interface Source {
  /** The one that came first is first. */
  readonly waiting: Set<TableConnection>;
  readonly served: Set<TableConnection>;
}

type Limits = Pick<
  PortalLimits,
  "connections" | "connectionsPerSource" | "waitingPerSource" | "connectionsPerCaller"
>;

/** See the module's page. Sources and callers without a connection are forgotten. */
export class ConnectionTable {
  readonly #connections = new Set<TableConnection>();
  readonly #sources = new Map<string, Source>();
  /** By connection. */
  readonly #callerOf = new Map<TableConnection, string>();
  /** Connections by caller. */
  readonly #callers = new Map<string, number>();

  constructor(readonly limits: Limits) {}

  /** Connections that there are. */
  get size(): number {
    return this.#connections.size;
  }

  /** Takes a new one, which is served now or later; false: there is no room. */
  add(connection: TableConnection): boolean {
    const source = this.#sources.get(connection.source) ??
      { waiting: new Set(), served: new Set() };
    if (source.waiting.size >= this.limits.waitingPerSource) return false;
    if (this.#connections.size >= this.limits.connections && !this.#makeRoom(source)) return false;
    this.#connections.add(connection);
    this.#sources.set(connection.source, source);
    source.waiting.add(connection);
    this.#advance(source);
    return true;
  }

  /**
   * It has shown who it is, and is not one of its source's strangers any more. Of those that share
   * an address, some are logged in.
   */
  identified(connection: TableConnection, caller: string): void {
    const source = this.#sources.get(connection.source);
    if (this.#callerOf.has(connection) || !source?.served.has(connection)) return;
    const count = this.#callers.get(caller) ?? 0;
    if (count >= this.limits.connectionsPerCaller) return;
    this.#callers.set(caller, count + 1);
    this.#callerOf.set(connection, caller);
    source.served.delete(connection);
    this.#left(connection.source, source);
  }

  /** Whether it is a caller's. */
  isIdentified(connection: TableConnection): boolean {
    return this.#callerOf.has(connection);
  }

  /** Whether others of its source wait for it to end. */
  isWaitedFor(connection: TableConnection): boolean {
    const source = this.#sources.get(connection.source);
    return source !== undefined && source.served.has(connection) && source.waiting.size > 0;
  }

  /** It has ended. */
  remove(connection: TableConnection): void {
    if (!this.#connections.delete(connection)) return;
    const caller = this.#callerOf.get(connection);
    if (caller !== undefined) {
      this.#callerOf.delete(connection);
      const count = this.#callers.get(caller)! - 1;
      if (count === 0) this.#callers.delete(caller);
      else this.#callers.set(caller, count);
      return;
    }
    const source = this.#sources.get(connection.source);
    if (source === undefined) return;
    source.waiting.delete(connection);
    source.served.delete(connection);
    this.#left(connection.source, source);
  }

  #left(name: string, source: Source): void {
    this.#advance(source);
    if (source.waiting.size + source.served.size === 0) this.#sources.delete(name);
  }

  #advance({ waiting, served }: Source): void {
    for (const connection of waiting) {
      if (served.size >= this.limits.connectionsPerSource) return;
      waiting.delete(connection);
      served.add(connection);
      connection.serve();
    }
  }

  /** Ends one of the source that has most, unless that is the one that wants more. */
  #makeRoom(newcomer: Source): boolean {
    let most: Source | undefined;
    for (const source of this.#sources.values()) {
      if (most === undefined || count(source) > count(most)) most = source;
    }
    if (most === undefined || count(most) <= count(newcomer) + 1) return false;
    // The last that waits has waited least; of those that are served the first had most.
    const last = [...most.waiting].at(-1) ?? most.served.values().next().value;
    if (last === undefined) return false;
    this.remove(last);
    last.destroy();
    return true;
  }
}

function count({ waiting, served }: Source): number {
  return waiting.size + served.size;
}
