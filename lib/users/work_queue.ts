/**
 * Dear work in turn: so many pieces at a time, so many waiting, the rest refused. It keeps a flood
 * of log-ins from taking the processor and the memory that the tunnels need.
 *
 * @module
 */

/** See the module's page. */
export class WorkQueue {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /**
   * @param atOnce Pieces that are worked on at the same time.
   * @param longest Pieces that may wait besides.
   */
  constructor(readonly atOnce: number, readonly longest: number) {}

  /** The result of the work, or "full" when too much of it waits already. */
  async run<T>(work: () => Promise<T>): Promise<T | "full"> {
    if (this.#running >= this.atOnce) {
      if (this.#waiting.length >= this.longest) return "full";
      // Whoever ends hands over the place, so that nobody can slip in between.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#running++;
    }
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}
