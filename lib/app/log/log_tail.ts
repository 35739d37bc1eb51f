/**
 * The last lines of the log, for those who look at it from elsewhere.
 *
 * @module
 */

import type { LogEntry } from "../../base/log_entry.ts";

/** A line, and which one it is since the start of the program. */
export interface TailLine extends LogEntry {
  readonly number: number;
}

/** Keeps so many lines. */
export class LogTail {
  readonly #lines: TailLine[] = [];
  #next = 1;

  /** @param capacity Lines that are kept. */
  constructor(readonly capacity = 1000) {}

  /** Takes a line. */
  take(entry: LogEntry): void {
    this.#lines.push({ ...entry, number: this.#next++ });
    if (this.#lines.length > this.capacity) this.#lines.shift();
  }

  /** The lines after that number, the oldest first. */
  after(number: number): readonly TailLine[] {
    return this.#lines.filter((line) => line.number > number);
  }
}
