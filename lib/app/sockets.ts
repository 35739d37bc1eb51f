/**
 * The sockets of server and client: how large their buffers are, and why one cannot be bound.
 *
 * @module
 */

import { SysError } from "deno-tun";
import { PrivilegeError, VpnError } from "../base/errors.ts";

/**
 * Bytes of a socket's buffers without `rcvbuf` and `sndbuf`. The system's own 200 KB hold 2 ms of a
 * Gbit/s; a worker that is not scheduled for longer would lose packets.
 */
export const defaultSocketBuffer = 4 << 20;

/** @param endpoint What was to be bound, `HOST:PORT`. */
export function bindError(endpoint: string, cause: unknown): VpnError {
  const where = `cannot bind UDP ${endpoint}`;
  if (cause instanceof VpnError) return cause;
  if (!(cause instanceof SysError)) {
    return new VpnError(`${where}: ${cause instanceof Error ? cause.message : cause}`, undefined, {
      cause,
    });
  }
  switch (cause.code) {
    case "EADDRINUSE":
      return new VpnError(
        `${where}: the address is in use`,
        "end the other program (ss -lunp shows it) or choose another port",
        { cause },
      );
    case "EADDRNOTAVAIL":
      return new VpnError(
        `${where}: this machine does not have that address`,
        "mend the option local",
        { cause },
      );
    case "EACCES":
    case "EPERM":
      return new PrivilegeError(
        `${where}: not permitted`,
        "run as root, or choose a port above 1023 and leave out mark and bind-dev",
        { cause },
      );
    default:
      return new VpnError(`${where}: ${cause.message}`, undefined, { cause });
  }
}
