/**
 * Log lines for programs: OpenVPN's `machine-readable-output`, JSON, syslog.
 *
 * @module
 */

import type { LogEntry } from "./log_entry.ts";

/** OpenVPN's message flags (error.h): M_NONFATAL, M_WARN, D_LOW's level, M_DEBUG. */
const machineFlags: Readonly<Record<LogEntry["level"], number>> = {
  error: 0x20,
  warning: 0x40,
  info: 0x1,
  debug: 0x80,
};

/** `SECONDS.MICROSECONDS FLAGS TEXT`. */
export function formatMachineEntry({ time, level, text }: LogEntry): string {
  const seconds = Math.floor(time / 1000);
  const microseconds = String((time - seconds * 1000) * 1000).padStart(6, "0");
  return `${seconds}.${microseconds} ${machineFlags[level].toString(16)} ${text}\n`;
}

/** One JSON object a line: `time` (RFC 3339, UTC), `level`, `message`. */
export function formatJsonEntry({ time, level, text }: LogEntry): string {
  return JSON.stringify({ time: new Date(time).toISOString(), level, message: text }) + "\n";
}

/** LOG_DAEMON (syslog(3)). */
const facility = 3;

/** LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_DEBUG, as OpenVPN's x_msg_va() chooses. */
const severities: Readonly<Record<LogEntry["level"], number>> = {
  error: 3,
  warning: 4,
  info: 5,
  debug: 7,
};

const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/**
 * A datagram for syslog's socket: `<PRI>Mmm dd hh:mm:ss NAME[PID]: TEXT` (RFC 3164, section 4.1,
 * without the host name, as syslog(3) sends it). Local time.
 */
export function formatSyslogEntry(entry: LogEntry, name: string, pid: number): string {
  const date = new Date(entry.time);
  const two = (n: number) => String(n).padStart(2, "0");
  const day = String(date.getDate()).padStart(2, " ");
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
  return `<${facility * 8 + severities[entry.level]}>${months[date.getMonth()]} ${day} ${clock} ` +
    `${name}[${pid}]: ${entry.text}`;
}
