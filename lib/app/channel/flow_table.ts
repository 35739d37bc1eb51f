/**
 * Flows of datagrams, bounded: the one that was silent longest makes room.
 *
 * @module
 */

/** At most so many entries, the one that was used longest ago first. */
export class FlowTable<Flow> {
  readonly #flows = new Map<string, { readonly flow: Flow; lastUsed: number }>();
  readonly #limit: number;
  readonly #idleTimeout: number;
  readonly #close: (flow: Flow) => void;

  /**
   * @param limit How many there may be.
   * @param idleTimeout ms without use after which `expire` closes one.
   * @param close Told of each that goes.
   */
  constructor(limit: number, idleTimeout: number, close: (flow: Flow) => void) {
    this.#limit = limit;
    this.#idleTimeout = idleTimeout;
    this.#close = close;
  }

  /** How many there are. */
  get size(): number {
    return this.#flows.size;
  }

  /** The flow of a name, made if it is not there. */
  use(name: string, now: number, make: () => Flow): Flow {
    const entry = this.#flows.get(name);
    if (entry !== undefined) {
      this.#flows.delete(name);
      this.#flows.set(name, entry);
      entry.lastUsed = now;
      return entry.flow;
    }
    if (this.#flows.size >= this.#limit) {
      const [oldest] = this.#flows.keys();
      this.#remove(oldest);
    }
    const flow = make();
    this.#flows.set(name, { flow, lastUsed: now });
    return flow;
  }

  /** Closes those that have been idle. */
  expire(now: number): void {
    for (const [name, { lastUsed }] of this.#flows) {
      if (now - lastUsed < this.#idleTimeout) return;
      this.#remove(name);
    }
  }

  /** Closes all. */
  clear(): void {
    for (const name of [...this.#flows.keys()]) this.#remove(name);
  }

  #remove(name: string): void {
    const entry = this.#flows.get(name);
    this.#flows.delete(name);
    if (entry !== undefined) this.#close(entry.flow);
  }
}
