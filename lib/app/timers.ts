/**
 * Timers that end together with what they are for.
 *
 * @module
 */

/** See the module's page. */
export class Timers {
  readonly #running = new Set<ReturnType<typeof setTimeout>>();

  /** Does it after that many ms, unless `clear` comes first. */
  later(milliseconds: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#running.delete(timer);
      action();
    }, milliseconds);
    this.#running.add(timer);
  }

  /** Nothing that waits is done. */
  clear(): void {
    for (const timer of this.#running) clearTimeout(timer);
    this.#running.clear();
  }
}
