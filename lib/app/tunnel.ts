/**
 * What a running server or client can be asked and told, whichever it is.
 *
 * @module
 */

import type { VpnError } from "../base/errors.ts";
import type { ServerReport } from "./control_socket/server_report.ts";
import type { ManagedTunnel } from "../management/control.ts";

/** How a tunnel ended. */
export interface TunnelEnd {
  /** A word or two, as `SIGTERM` or `auth-failure`. */
  readonly reason: string;
  /** What made it end, where it could not go on. */
  readonly error?: VpnError;
  /** `remap-usr1 SIGHUP`: the program is to read its configuration anew. */
  readonly restart?: boolean;
}

/** A server, or a client that connects and stays connected. */
export interface Tunnel extends ManagedTunnel {
  /** Resolves when it ends, by itself or by `stop`. */
  readonly ended: Promise<TunnelEnd>;
  /** Server: how it is. */
  report?(): ServerReport;
  /** Client: connects anew. A server answers false: it has to be started anew. */
  reconnect(): boolean;
  /** Ends it and undoes what it changed on this machine. */
  stop(reason: string): Promise<void>;
}
