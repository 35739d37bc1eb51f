/**
 * Logging by OpenVPN's `verb`: a message has the lowest verbosity at which it is shown, and lines
 * read as OpenVPN's do (`2026-11-21 10:00:00 [prefix ]message`). LogTape carries the records, so
 * that files, syslog and JSON lines are further sinks.
 *
 * @module
 */

import { configureSync, getLogger, type LogLevel, type LogRecord } from "@logtape/logtape";
import type { LogEntry, LogSink } from "./log_entry.ts";
import { MuteFilter } from "./mute_filter.ts";

export type { LogEntry, LogSink } from "./log_entry.ts";

/** Where log lines go. */
export interface Log {
  /** `--verb`: 0 (errors only) to 11. */
  readonly verb: number;
  /** Something that ends the program or a session. Shown always. */
  error(message: string): void;
  /** Something that the user should mend. Shown from verb 1. */
  warn(message: string): void;
  /** Shown when `--verb` is at least `verb`. */
  at(verb: number, message: string): void;
  /** The same log with a prefix in front of each message, as `NAME/ADDRESS:PORT`. */
  prefixed(prefix: string): Log;
}

/** The log of the whole process, whose settings can be changed while it is in use. */
export interface ProcessLog extends Log {
  /** `verb` of this log and of all that were made from it. */
  verb: number;
  /** `mute`: so many messages of a kind are shown in a row; 0: all. */
  mute: number;
}

/** `YYYY-MM-DD HH:MM:SS` in local time, as OpenVPN stamps its lines. */
export function timestamp(milliseconds: number): string {
  const date = new Date(milliseconds);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
    `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** An entry as a line with its line end; `timestamps`: whether it starts with the time. */
export function formatEntry(entry: LogEntry, timestamps = true): string {
  return timestamps ? `${timestamp(entry.time)} ${entry.text}\n` : `${entry.text}\n`;
}

/** Makes a line of an entry, its line end included. */
export type EntryFormat = (entry: LogEntry) => string;

/** Writes to standard output, where OpenVPN logs by default. */
export function standardOutputSink(format: EntryFormat = formatEntry): LogSink {
  const encoder = new TextEncoder();
  return (entry) => writeAll(Deno.stdout, encoder.encode(format(entry)));
}

/** Writes to a file, created with mode 0600 (`log`, `log-append`). */
export function fileSink(
  path: string,
  append: boolean,
  format: EntryFormat = formatEntry,
): LogSink {
  const options = { write: true, create: true, append, truncate: !append, mode: 0o600 };
  const file = Deno.openSync(path, options);
  const encoder = new TextEncoder();
  const write = (entry: LogEntry) => writeAll(file, encoder.encode(format(entry)));
  return Object.assign(write, { [Symbol.dispose]: () => file.close() });
}

function writeAll(file: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  try {
    for (let sent = 0; sent < bytes.length;) sent += file.writeSync(bytes.subarray(sent));
  } catch {
    // A closed pipe or a full disk must not end the tunnel; there is nowhere to say it.
  }
}

/** Sets up logging for the process and returns its root log. May be called again (SIGHUP). */
export function openLog(verb: number, sink: LogSink = standardOutputSink()): ProcessLog {
  const settings = new LogSettings(verb);
  const muted = new MuteFilter(settings, sink);
  const main = Object.assign((record: LogRecord) => muted.take(entryOf(record)), {
    [Symbol.dispose]: () => sink[Symbol.dispose]?.(),
  });
  configureSync({
    reset: true,
    sinks: { main },
    loggers: [
      { category: "vpn", sinks: ["main"], lowestLevel: "trace" },
      { category: ["logtape", "meta"], sinks: [], lowestLevel: "fatal" },
    ],
  });
  return new LogTapeLog(settings, "");
}

/** What all logs of a process have in common. */
class LogSettings {
  mute = 0;
  constructor(public verb: number) {}
}

// C0, DEL and C1 control characters: a peer's text must not move the cursor of whoever reads.
// deno-lint-ignore no-control-regex -- they are what this looks for
const controlCharacters = /[\x00-\x1f\x7f-\x9f]/g;

const levels: Readonly<Record<LogLevel, LogEntry["level"]>> = {
  trace: "debug",
  debug: "debug",
  info: "info",
  warning: "warning",
  error: "error",
  fatal: "error",
};

function entryOf(record: LogRecord): LogEntry {
  const text = record.message.map(String).join("").replace(controlCharacters, "?");
  return { time: record.timestamp, level: levels[record.level], text };
}

class LogTapeLog implements ProcessLog {
  readonly #logger = getLogger("vpn");
  readonly #settings: LogSettings;

  constructor(settings: LogSettings, readonly prefix: string) {
    this.#settings = settings;
  }

  get verb(): number {
    return this.#settings.verb;
  }
  set verb(verb: number) {
    this.#settings.verb = verb;
  }
  get mute(): number {
    return this.#settings.mute;
  }
  set mute(mute: number) {
    this.#settings.mute = mute;
  }

  error(message: string): void {
    this.#logger.error("{text}", { text: this.prefix + message });
  }
  warn(message: string): void {
    if (this.verb >= 1) this.#logger.warn("{text}", { text: `${this.prefix}WARNING: ${message}` });
  }
  at(verb: number, message: string): void {
    if (this.verb < verb) return;
    const record = { text: this.prefix + message, verb };
    if (verb <= 4) this.#logger.info("{text}", record);
    else this.#logger.debug("{text}", record);
  }
  prefixed(prefix: string): Log {
    return new LogTapeLog(this.#settings, `${this.prefix}${prefix} `);
  }
}
