/**
 * `inactive` and `session-timeout` of a client, its own or pushed.
 *
 * @module
 */

import type { PulledOptions } from "../../config/config.ts";
import { SessionLimits } from "../session_limits.ts";
import type { ConnectionContext } from "./connection_context.ts";

/** What OpenVPN's log calls them. */
const names = {
  "inactive": "Inactivity timeout (--inactive)",
  "session-timeout": "Session timeout",
} as const;

/** Holds the session to them from here on. */
export function clientLimits(
  { config, log, traffic }: Pick<ConnectionContext, "config" | "log" | "traffic">,
  pulled: PulledOptions,
  end: (reason: string) => void,
): SessionLimits {
  return new SessionLimits({
    inactive: pulled.inactive ?? config.inactive,
    sessionTimeout: pulled.sessionTimeout ?? config.sessionTimeout,
    tunnelBytes: () => traffic().tunnelBytes,
    end: (reason) => {
      log.at(1, `${names[reason]}, exiting`);
      end(reason);
    },
  });
}
