/**
 * How often somebody may be wrong: failures counted by name and by source address, in bounded
 * memory. Beyond the limit there is no answer to whether a password is right until the time is over.
 *
 * @module
 */

/** See the module's page. */
export interface FailureLimitOptions {
  /** Failures that are free; from then on there is one attempt per `pause`. */
  readonly failures: number;
  /** ms. */
  readonly pause: number;
  /** ms without a failure until all is forgotten. */
  readonly memory: number;
  /** Sources or names that are remembered at most; the longest quiet ones are forgotten first. */
  readonly capacity: number;
}

interface Entry {
  count: number;
  /** ms of a monotonic clock. */
  last: number;
}

/** Counts failures under a key. */
export class FailureLimit {
  /** In the order of the last failure. */
  readonly #entries = new Map<string, Entry>();

  constructor(readonly options: FailureLimitOptions) {}

  /** ms until the next attempt is listened to; 0: at once. `now`: ms of a monotonic clock. */
  wait(key: string, now: number): number {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.count < this.options.failures) return 0;
    return Math.max(0, entry.last + this.options.pause - now);
  }

  /** Counts a failure. */
  failed(key: string, now: number): void {
    const former = this.#entries.get(key);
    const fresh = former === undefined || now >= former.last + this.options.memory;
    this.#entries.delete(key);
    this.#entries.set(key, { count: fresh ? 1 : former.count + 1, last: now });
    if (this.#entries.size <= this.options.capacity) return;
    const [oldest] = this.#entries.keys();
    this.#entries.delete(oldest);
  }

  /** A right password: what was wrong before was a slip. */
  succeeded(key: string): void {
    this.#entries.delete(key);
  }

  /** Keys that are remembered. */
  get size(): number {
    return this.#entries.size;
  }
}

/** The key of a source address: an IPv6 network of 64 bits is one source, and so are its hosts. */
export function sourceKey(hostname: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(hostname);
  if (mapped !== null) return mapped[1];
  if (!hostname.includes(":")) return hostname;
  const [head, tail] = hostname.split("%")[0].split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array<string>(zeros).fill("0"), ...right];
  return groups.slice(0, 4).map((group) => parseInt(group, 16).toString(16)).join(":");
}
