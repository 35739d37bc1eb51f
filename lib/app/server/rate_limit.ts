/**
 * At most so many events in so many seconds (`connect-freq`).
 *
 * @module
 */

/** See the module's page. */
export class RateLimit {
  #windowStart = -Infinity;
  #events = 0;

  constructor(readonly limit: { readonly count: number; readonly seconds: number } | undefined) {}

  /** Counts an event; whether it may happen. `now`: ms of a monotonic clock. */
  allow(now: number): boolean {
    if (this.limit === undefined) return true;
    if (now >= this.#windowStart + this.limit.seconds * 1000) {
      this.#windowStart = now;
      this.#events = 0;
    }
    return ++this.#events <= this.limit.count;
  }
}
