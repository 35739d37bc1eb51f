/**
 * Starts a client as its configuration describes it.
 *
 * @module
 */

import { errorLine, VpnError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { ClientConfig, LoadedFiles } from "../../config/mod.ts";
import { controlWrap, peerTrust, tlsCredentials } from "../credentials.ts";
import { formatClientStatistics } from "../status/client_statistics.ts";
import type { Tunnel, TunnelEnd } from "../tunnel.ts";
import { Client } from "./client.ts";
import { UserCredentialSource } from "./user_credentials.ts";

/** See `startTunnel`. */
export function startClient(config: ClientConfig, files: LoadedFiles, log: Log): Tunnel {
  const users = new UserCredentialSource(config, files);
  const client = new Client({
    config,
    credentials: tlsCredentials(config.tls, files),
    wrap: (connection) => controlWrap(connection.controlKey, files, config.data.auth, config.data),
    trust: peerTrust("server", config.tls, files, log),
    log,
    userCredentials: () => users.get(),
    credentialsRefused: () => users.forget(),
  });
  const ended = client.run().catch((cause: unknown): TunnelEnd => ({
    reason: "failure",
    error: cause instanceof VpnError ? cause : new VpnError(errorLine(cause), undefined, { cause }),
  }));
  return {
    ended,
    status: () => formatClientStatistics(client.status()),
    reconnect: () => {
      client.reconnect("SIGUSR1");
      return true;
    },
    stop: async (reason) => {
      client.stop(reason);
      await ended;
    },
  };
}
