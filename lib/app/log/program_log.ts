/**
 * The log that a configuration describes.
 *
 * @module
 */

import { errorLine, VpnError } from "../../base/errors.ts";
import {
  type EntryFormat,
  fileSink,
  formatEntry,
  openLog,
  type ProcessLog,
  standardOutputSink,
} from "../../base/log.ts";
import type { LogEntry, LogSink } from "../../base/log_entry.ts";
import type { LogOptions } from "../../config/mod.ts";
import { collectsConsole } from "../telemetry/start_telemetry.ts";

/**
 * Opens it.
 *
 * @param also Gets each message that is shown, too.
 * @throws {VpnError} when it can't be written.
 */
export async function openProgramLog(options: LogOptions, also: LogSink): Promise<ProcessLog> {
  const sink = await sinkOf(options);
  const collected = collectsConsole() ? (await import("./console_sink.ts")).consoleSink : undefined;
  const both: LogSink = Object.assign((entry: LogEntry) => {
    sink(entry);
    also(entry);
    collected?.(entry);
  }, { [Symbol.dispose]: () => sink[Symbol.dispose]?.() });
  const log = openLog(options.verb, both);
  log.mute = options.mute;
  return log;
}

async function sinkOf(options: LogOptions): Promise<LogSink> {
  const { file, syslog } = options;
  if (file === undefined && syslog !== undefined) {
    return (await import("./syslog_sink.ts")).syslogSink(syslog);
  }
  const format = await formatOf(options);
  if (file === undefined) return standardOutputSink(format);
  try {
    return fileSink(file.path, file.append, format);
  } catch (cause) {
    throw new VpnError(
      `cannot write the log ${file.path}: ${errorLine(cause)}`,
      "mend the option log",
      { cause },
    );
  }
}

async function formatOf({ format, timestamps }: LogOptions): Promise<EntryFormat> {
  if (format === "text") return (entry) => formatEntry(entry, timestamps);
  const { formatJsonEntry, formatMachineEntry } = await import("../../base/log_format.ts");
  return format === "json" ? formatJsonEntry : formatMachineEntry;
}
