/**
 * The traffic of the last hour.
 *
 * @module
 */

import type { ThroughputSample } from "../../portal/service.ts";

/** Between two samples, ms. */
const interval = 5_000;

/** How much is kept, ms. */
const span = 3_600_000;

/** Bytes since the start, from clients and to them. */
export interface TrafficTotals {
  readonly received: number;
  readonly sent: number;
}

/** Takes a sample every few seconds. */
export class ThroughputHistory implements Disposable {
  readonly #samples: ThroughputSample[] = [];
  readonly #totals: () => TrafficTotals;
  readonly #timer: ReturnType<typeof setInterval>;
  #former: TrafficTotals;
  #time = performance.now();

  constructor(totals: () => TrafficTotals) {
    this.#totals = totals;
    this.#former = totals();
    this.#timer = setInterval(() => this.#sample(), interval);
    Deno.unrefTimer(Number(this.#timer));
  }

  /** The oldest first. */
  get samples(): readonly ThroughputSample[] {
    return this.#samples;
  }

  #sample(): void {
    const now = performance.now();
    const seconds = (now - this.#time) / 1000;
    const totals = this.#totals();
    const rate = (count: number, former: number) => Math.max(0, count - former) / seconds;
    this.#samples.push({
      time: Date.now(),
      received: rate(totals.received, this.#former.received),
      sent: rate(totals.sent, this.#former.sent),
    });
    if (this.#samples.length > span / interval) this.#samples.shift();
    this.#time = now;
    this.#former = totals;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
