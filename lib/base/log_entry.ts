/**
 * What a log consists of, and where it goes.
 *
 * @module
 */

/** A message that is to be shown. */
export interface LogEntry {
  /** ms since 1970. */
  readonly time: number;
  /** How much it matters. */
  readonly level: "error" | "warning" | "info" | "debug";
  /** One line, without control characters. */
  readonly text: string;
}

/** Takes the messages that are to be shown; disposed of when another log is opened. */
export type LogSink = ((entry: LogEntry) => void) & Partial<Disposable>;
