/**
 * A balance of work that fills by time: what is left of an allowance.
 *
 * @module
 */

import type { Allowance } from "./portal_limits.ts";

/** See the module's page. Times are ms of a monotonic clock. */
export class WorkBalance {
  #left: number;
  #counted: number;

  constructor(readonly allowance: Allowance, now: number) {
    this.#left = allowance.burst;
    this.#counted = now;
  }

  /** ms until that much is there; 0: it is. What is above the burst counts as the burst. */
  wait(cost: number, now: number): number {
    this.#fill(now);
    const { rate, burst } = this.allowance;
    const missing = Math.min(cost, burst) - this.#left;
    return missing <= 0 ? 0 : missing / rate * 1000;
  }

  /** Takes it, whether it is there or not. */
  take(cost: number, now: number): void {
    this.#fill(now);
    this.#left -= cost;
  }

  #fill(now: number): void {
    const { rate, burst } = this.allowance;
    const passed = Math.max(0, now - this.#counted);
    this.#left = Math.min(burst, this.#left + passed * rate / 1000);
    this.#counted = Math.max(now, this.#counted);
  }
}
