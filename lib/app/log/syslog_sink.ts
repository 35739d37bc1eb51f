/**
 * Logs to syslog.
 *
 * @module
 */

import { SysError, UnixDatagram } from "deno-tun";
import { errorLine, VpnError } from "../../base/errors.ts";
import type { LogSink } from "../../base/log_entry.ts";
import { formatSyslogEntry } from "../../base/log_format.ts";

/** Where syslog daemons listen (syslog(3), _PATH_LOG). */
export const syslogSocket = "/dev/log";

/** A message may be cut: syslog daemons take at least that many bytes (RFC 3164: 1,024). */
const longestDatagram = 8192;

/**
 * Sends each message as a datagram. One that can't be sent is lost: a syslog daemon that restarts
 * gets the next ones.
 *
 * @param name Of the program there.
 * @throws {VpnError} when nobody listens.
 */
export function syslogSink(name: string, path: string = syslogSocket): LogSink {
  const socket = UnixDatagram.open(path);
  try {
    if (!Deno.statSync(path).isSocket) throw new Error("it is no socket");
  } catch (cause) {
    socket[Symbol.dispose]();
    throw new VpnError(
      `no syslog daemon listens at ${path}: ${errorLine(cause)}`,
      "install one (Debian: rsyslog), or name a file: log FILE",
      { cause },
    );
  }
  const encoder = new TextEncoder();
  return Object.assign((entry: Parameters<LogSink>[0]) => {
    const datagram = encoder.encode(formatSyslogEntry(entry, name, Deno.pid));
    try {
      socket.send(datagram.subarray(0, longestDatagram));
    } catch (error) {
      // There is nowhere to say it.
      if (!(error instanceof SysError)) throw error;
    }
  }, { [Symbol.dispose]: () => socket[Symbol.dispose]() });
}
