/**
 * What a channel's command says, on standard error: standard output may be what has come in.
 *
 * @module
 */

import { formatEntry, type Log, openLog } from "../../base/log.ts";

/**
 * A log on standard error.
 *
 * @param timestamps Whether lines start with the time: for what runs as a service.
 */
export function openConsole(verb: number, timestamps: boolean): Log {
  const encoder = new TextEncoder();
  return openLog(verb, (entry) => {
    const bytes = encoder.encode(formatEntry(entry, timestamps));
    try {
      for (let sent = 0; sent < bytes.length;) sent += Deno.stderr.writeSync(bytes.subarray(sent));
    } catch {
      // Nobody reads it any more; that must not end the channel.
    }
  });
}
