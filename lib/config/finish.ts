/**
 * A draft into a configuration: decides the role, checks what options need and exclude
 * (OpenVPN's `options_postprocess`), fills in defaults, freezes.
 *
 * @module
 */

import type { Config, Notice } from "./config.ts";
import type { Draft } from "./draft.ts";
import { ConfigError } from "./errors.ts";
import { finishClient } from "./finish_client.ts";
import { exclude } from "./finish_common.ts";
import { finishServer } from "./finish_server.ts";
import { notYetCombinations } from "./not_yet.ts";

/**
 * The configuration that a draft comes to, frozen all the way down.
 *
 * @throws {ConfigError} when something is missing or contradicts something else.
 */
export function finish(draft: Draft, notices: Notice[]): Config {
  const role = roleOf(draft);
  const config = role === "client" ? finishClient(draft, notices) : finishServer(draft, notices);
  return deepFreeze(config);
}

function roleOf(draft: Draft): "client" | "server" {
  const server = draft.server !== undefined || draft.serverIpv6 !== undefined ||
    draft.modeServer === true;
  const client = draft.client === true || (draft.tlsClient === true && draft.pull === true);
  if (server && (client || draft.pull)) exclude(draft, "server", client ? "client" : "pull");
  if (server && draft.tlsClient) exclude(draft, "server", "tls-client");
  if (client && draft.tlsServer) exclude(draft, "client", "tls-server");
  if (server) return "server";
  if (client) return "client";
  if (draft.tlsClient === true || draft.tlsServer === true) {
    if (!notYetCombinations.pointToPoint) {
      const option = draft.tlsClient === true ? "tls-client" : "tls-server";
      throw new ConfigError(
        `"${option}" without "${draft.tlsClient ? "pull" : "mode server"}" (two ends, no server) ` +
          "isn't supported yet",
        draft.tlsClient ? `write "client"` : `write "server NETWORK NETMASK"`,
        draft.positions.get(option),
      );
    }
  }
  throw new ConfigError(
    "the configuration is neither a client's nor a server's",
    `write "client" with "remote HOST", or "server NETWORK NETMASK"`,
  );
}

/** Freezes an object and all that it holds. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const inner of Object.values(value)) deepFreeze(inner);
  return value;
}
