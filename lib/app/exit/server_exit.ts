/**
 * A server's part in exit nodes: the server itself as one.
 *
 * @module
 */

import type { Log } from "../../base/log.ts";
import type { ServerConfig } from "../../config/config.ts";
import type { ExitNode } from "../../net/exit_node.ts";

/**
 * Makes the server an exit node, where its configuration says that it is one.
 *
 * @param tunnel Name of its TUN device.
 * @throws {VpnError} when it cannot be; then nothing of it is left.
 */
export async function openServerExit(
  { exit, network, push }: Pick<ServerConfig, "exit" | "network" | "push">,
  tunnel: string,
  log: Log,
): Promise<ExitNode | undefined> {
  if (!exit?.server) return undefined;
  const { ExitNode } = await import("../../net/exit_node.ts");
  const ipv6 = network.ifconfigIpv6 !== undefined;
  if (!push.some((option) => /^redirect-gateway\b/.test(option))) {
    log.at(
      1,
      'clients send their Internet traffic here once they are told: push "redirect-gateway def1"',
    );
  }
  return await ExitNode.open({ tunnel, out: exit.out, ipv6 }, log);
}
