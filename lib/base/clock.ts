/**
 * The time, and what is to be done later: a test gives its own.
 *
 * @module
 */

/** See the module's page. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Does it once, after that many ms; disposing of the result calls it off. */
  after(milliseconds: number, action: () => void): Disposable;
}

/** What `setTimeout` takes at most: a longer time would be none at all. */
const longest = 2 ** 31 - 1;

/** The machine's. Waits 24 days at most. */
export const systemClock: Clock = {
  now: Date.now,
  after: (milliseconds, action) => {
    const timer = setTimeout(action, Math.min(milliseconds, longest));
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};
