/**
 * Starts the server or client that a configuration describes; loads only that one.
 *
 * @module
 */

import type { Log } from "../base/log.ts";
import type { Config, LoadedFiles } from "../config/mod.ts";
import { startTracing } from "./telemetry/start_telemetry.ts";
import type { Tunnel } from "./tunnel.ts";
import type { TunnelHooks } from "./tunnel_hooks.ts";
import { silentObserver } from "./tunnel_observer.ts";

export type { Tunnel, TunnelEnd } from "./tunnel.ts";

/**
 * Starts what the configuration describes.
 *
 * @param files What `loadFiles` read for this configuration.
 * @throws {VpnError} naming what is wrong or could not be had; nothing stays behind.
 */
export function startTunnel(config: Config, files: LoadedFiles, log: Log): Promise<Tunnel> {
  return startObservedTunnel(config, files, log, { observer: silentObserver });
}

/**
 * The same, with what others put into it.
 *
 * @throws {VpnError} as `startTunnel`.
 */
export async function startObservedTunnel(
  config: Config,
  files: LoadedFiles,
  log: Log,
  hooks: TunnelHooks,
): Promise<Tunnel> {
  await startTracing();
  if (config.role === "server") {
    const { startServer } = await import("./server/start_server.ts");
    return await startServer(config, files, log, hooks);
  }
  const { startClient } = await import("./client/start_client.ts");
  return startClient(config, files, log, hooks);
}
