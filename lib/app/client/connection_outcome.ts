/**
 * What the end of a connection means for the program: it ends too, or tries again, and where.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { ClientConfig } from "../../config/config.ts";
import type { TunnelEnd } from "../tunnel.ts";
import type { ConnectionEnd } from "./connection_context.ts";
import type { RemoteList } from "./remote_list.ts";
import type { UserCredentialSource } from "./user_credentials.ts";

/** Who has to know of it. */
export interface OutcomeParts {
  readonly userCredentials: UserCredentialSource;
  readonly remotes: RemoteList;
  readonly log: Log;
  readonly config: ClientConfig;
}

/** How the program ends; undefined: it goes on. */
export function outcomeOf(end: ConnectionEnd, parts: OutcomeParts): TunnelEnd | undefined {
  switch (end.kind) {
    case "exit":
      return { reason: end.reason, error: end.error };
    case "auth-failed":
      return refused(end, parts);
    case "unreachable":
      return undefined;
    case "restart": {
      const signal = parts.config.process.remapUsr1;
      const action = signal === "SIGTERM" ? "exiting" : "restarting";
      parts.log.at(1, `${signal ?? "SIGUSR1"}[soft,${end.reason}] received, process ${action}`);
      return signal && { reason: end.reason, restart: signal === "SIGHUP" };
    }
  }
}

function refused(
  { reason, temporary }: Extract<ConnectionEnd, { kind: "auth-failed" }>,
  { remotes, userCredentials, log }: OutcomeParts,
): TunnelEnd | undefined {
  const restart = (why: string) => {
    log.at(1, `SIGUSR1[soft,${why}] received, process restarting`);
    return undefined;
  };
  if (temporary !== undefined) {
    remotes.refusedForNow(temporary);
    return restart("auth-temp-failure (server temporary reject)");
  }
  const consequence = userCredentials.refused(reason);
  remotes.stay();
  if (consequence === "retry") return restart("auth-failure");
  return {
    reason: "auth-failure",
    error: new VpnError(
      `the server refuses us${reason === undefined ? "" : `: ${reason}`}`,
      "check certificate, user name and password, or set auth-retry",
    ),
  };
}
