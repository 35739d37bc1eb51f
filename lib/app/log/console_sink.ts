/**
 * The log for Deno's console, where `OTEL_DENO_CONSOLE=replace` makes that an OpenTelemetry
 * collector's and nobody else's.
 *
 * @module
 */

import type { LogEntry } from "../../base/log_entry.ts";

/** Writes an entry with its level. */
export function consoleSink({ level, text }: LogEntry): void {
  // deno-lint-ignore no-console -- the only way that Deno has for records of a log
  console[write[level]]("%s", text);
}

const write = { debug: "debug", info: "info", warning: "warn", error: "error" } as const;
