/**
 * The control socket as a server's configuration asks for it.
 *
 * @module
 */

import { errorLine } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Config } from "../../config/mod.ts";
import { ControlSocket } from "./control_socket.ts";

/**
 * Opens it. One that nobody asked for is done without where it can't be had.
 *
 * @throws {VpnError} when one that was asked for can't be had.
 */
export async function openControlSocket(
  config: Config,
  log: Log,
): Promise<ControlSocket | undefined> {
  if (config.role === "client" || config.controlSocket === undefined) return undefined;
  const { path, required } = config.controlSocket;
  try {
    return await ControlSocket.open(path, log);
  } catch (error) {
    if (required) throw error;
    log.warn(`${errorLine(error)}: vpn status, kick and top can't ask this server`);
    return undefined;
  }
}
