/**
 * Starts the server or client that a configuration describes.
 *
 * @module
 */

import { errorLine, VpnError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { ClientConfig, Config, LoadedFiles, ServerConfig } from "../config/mod.ts";
import { Client } from "./client/client.ts";
import { controlWrap, peerTrust, tlsCredentials } from "./credentials.ts";
import { Server } from "./server/server.ts";
import { UserCredentialSource } from "./client/user_credentials.ts";

/** How a tunnel ended. */
export interface TunnelEnd {
  /** A word or two, as `SIGTERM` or `auth-failure`. */
  readonly reason: string;
  /** What made it end, where it could not go on. */
  readonly error?: VpnError;
}

/** A server, or a client that connects and stays connected. */
export interface Tunnel {
  /** Resolves when it ends, by itself or by `stop`. */
  readonly ended: Promise<TunnelEnd>;
  /** Lines for a person: connections and traffic, as OpenVPN's status file has them. */
  status(): string[];
  /** Client: connects anew. A server answers false: it has to be started anew. */
  reconnect(): boolean;
  /** Ends it and undoes what it changed on this machine. */
  stop(reason: string): Promise<void>;
}

/**
 * Starts what the configuration describes.
 *
 * @param files What `loadFiles` read for this configuration.
 * @throws {VpnError} naming what is wrong or could not be had; nothing stays behind.
 */
export async function startTunnel(config: Config, files: LoadedFiles, log: Log): Promise<Tunnel> {
  return config.role === "server"
    ? await startServer(config, files, log)
    : startClient(config, files, log);
}

async function startServer(config: ServerConfig, files: LoadedFiles, log: Log): Promise<Tunnel> {
  const ended = Promise.withResolvers<TunnelEnd>();
  const server = await Server.start({
    config,
    credentials: tlsCredentials(config.tls, files),
    wrap: controlWrap(config.controlKey, files, config.data.auth, config.data),
    trust: peerTrust("client", config.tls, files, log),
    log,
    failed: (error) => ended.resolve({ reason: "failure", error }),
  });
  return {
    ended: ended.promise,
    status: () => server.status(),
    reconnect: () => false,
    stop: async (reason) => {
      await server.stop();
      ended.resolve({ reason });
    },
  };
}

function startClient(config: ClientConfig, files: LoadedFiles, log: Log): Tunnel {
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
    status: () => client.status(),
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
