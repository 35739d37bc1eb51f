/**
 * A clock that a test moves.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import type { Clock } from "../../lib/base/clock.ts";

/** See the module's page. */
export class ManualClock implements Clock {
  readonly #waiting = new Set<{ readonly at: number; readonly action: () => void }>();

  /** @param time Milliseconds since 1970. */
  constructor(public time: number) {}

  now(): number {
    return this.time;
  }

  after(milliseconds: number, action: () => void): Disposable {
    const entry = { at: this.time + milliseconds, action };
    this.#waiting.add(entry);
    return { [Symbol.dispose]: () => void this.#waiting.delete(entry) };
  }

  /** When something is done next; undefined: nothing is. */
  get next(): number | undefined {
    return this.#waiting.size === 0
      ? undefined
      : Math.min(...[...this.#waiting].map(({ at }) => at));
  }

  /**
   * Goes on to the next thing that is to be done, does it, and waits until something is to be done
   * again.
   */
  async step(): Promise<void> {
    const [first] = [...this.#waiting].sort((a, b) => a.at - b.at);
    this.#waiting.delete(first);
    this.time = first.at;
    first.action();
    // What was begun goes on in microtasks, and by what the event loop brings.
    while (this.#waiting.size === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}
