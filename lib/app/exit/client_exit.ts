/**
 * A client's part in exit nodes: what it tells the server, and itself as one.
 *
 * @module
 */

import type { Log } from "../../base/log.ts";
import type { ClientConfig, NetworkOptions } from "../../config/mod.ts";
import type { ExitNode } from "../../net/exit_node.ts";
import { offerVariable, wishVariable } from "./peer_variables.ts";

type ExitConfig = Pick<ClientConfig, "advertiseExit" | "useExit">;

/** What the server is told, as variables of the peer-info. */
export function exitPeerInfo({ advertiseExit, useExit }: ExitConfig): [string, string][] {
  return [
    ...advertiseExit === undefined ? [] : [[offerVariable, "1"] as [string, string]],
    ...useExit === undefined ? [] : [[wishVariable, useExit] as [string, string]],
  ];
}

/**
 * The network as a client that is an exit node takes it: what it sends on for others must not come
 * back into the tunnel, so that it keeps its own way to the Internet.
 */
export function exitNetwork(
  network: NetworkOptions,
  { advertiseExit }: ExitConfig,
  log: Log,
): NetworkOptions {
  if (advertiseExit === undefined || network.redirectGateway === undefined) return network;
  log.at(3, "redirect-gateway is not followed: this client is an exit node itself");
  const { redirectGateway: _, ...rest } = network;
  return rest;
}

/**
 * Makes this machine an exit node, where the configuration says so.
 *
 * @param tunnel Name of the TUN device.
 * @throws {VpnError} when it cannot be; then nothing of it is left.
 */
export async function openClientExit(
  { advertiseExit }: ExitConfig,
  network: NetworkOptions,
  tunnel: string,
  log: Log,
): Promise<ExitNode | undefined> {
  if (advertiseExit === undefined) return undefined;
  const { ExitNode } = await import("../../net/exit_node.ts");
  const ipv6 = network.ifconfigIpv6 !== undefined;
  return await ExitNode.open({ tunnel, out: advertiseExit.out, ipv6, internetOnly: true }, log);
}
