/**
 * `mute N`: of messages of one kind in a row only the first N are shown. Of one kind are those that
 * differ in digits, addresses and hexadecimal numbers alone; OpenVPN tells kinds by numbers that its
 * source gives them.
 *
 * @module
 */

import type { LogEntry, LogSink } from "./log_entry.ts";

/** See the module's page. */
export class MuteFilter {
  readonly #settings: { readonly mute: number };
  readonly #sink: LogSink;
  #kind = "";
  #count = 0;
  #suppressed = 0;

  /** @param settings `mute`: N; 0: all are shown. Looked at for each message. */
  constructor(settings: { readonly mute: number }, sink: LogSink) {
    this.#settings = settings;
    this.#sink = sink;
  }

  /** Shows the message, or counts it. Errors are always shown. */
  take(entry: LogEntry): void {
    const { mute } = this.#settings;
    if (mute === 0 && this.#suppressed === 0) return this.#sink(entry);
    const kind = `${entry.level} ${entry.text.replace(/[0-9a-f:.]*\d[0-9a-f:.]*/gi, "#")}`;
    if (kind !== this.#kind) {
      this.#tellSuppressed(entry);
      this.#kind = kind;
      this.#count = 0;
    }
    if (mute > 0 && entry.level !== "error" && ++this.#count > mute) {
      this.#suppressed++;
      return;
    }
    this.#sink(entry);
  }

  #tellSuppressed({ time }: LogEntry): void {
    if (this.#suppressed === 0) return;
    const text = `${this.#suppressed} variation(s) on previous ${this.#count - this.#suppressed} ` +
      "message(s) suppressed by --mute";
    this.#suppressed = 0;
    this.#sink({ time, level: "info", text });
  }
}
