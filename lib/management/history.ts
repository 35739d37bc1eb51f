/**
 * The newest lines of something, for a management client that comes later.
 *
 * @module
 */

/** Holds at most `capacity` lines; the oldest go first. */
export class History {
  readonly #lines: string[] = [];
  #first = 0;

  constructor(readonly capacity: number) {}

  /** Adds the newest line. */
  add(line: string): void {
    if (this.#lines.length < this.capacity) this.#lines.push(line);
    else if (this.capacity > 0) {
      this.#lines[this.#first] = line;
      this.#first = (this.#first + 1) % this.capacity;
    }
  }

  /** The newest `count` lines, oldest first. */
  last(count: number = this.capacity): string[] {
    const all = [...this.#lines.slice(this.#first), ...this.#lines.slice(0, this.#first)];
    return all.slice(Math.max(0, all.length - count));
  }
}
