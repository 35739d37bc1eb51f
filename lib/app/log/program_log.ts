/**
 * The log that a configuration describes.
 *
 * @module
 */

import {
  fileSink,
  type LogSink,
  openLog,
  type ProcessLog,
  standardOutputSink,
} from "../../base/log.ts";
import type { LogOptions } from "../../config/mod.ts";

/**
 * Opens it.
 *
 * @param also Gets each message that is shown, too.
 * @throws {VpnError} when it can't be written.
 */
export function openProgramLog(options: LogOptions, also: LogSink): ProcessLog {
  const sink = sinkOf(options);
  const both: LogSink = Object.assign((entry: Parameters<LogSink>[0]) => {
    sink(entry);
    also(entry);
  }, { [Symbol.dispose]: () => sink[Symbol.dispose]?.() });
  return openLog(options.verb, both);
}

function sinkOf({ file, timestamps }: LogOptions): LogSink {
  return file === undefined
    ? standardOutputSink(timestamps)
    : fileSink(file.path, file.append, timestamps);
}
