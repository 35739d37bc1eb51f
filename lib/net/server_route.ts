/**
 * The way to the VPN server past the tunnel, so that what carries the tunnel does not go into it.
 *
 * @module
 */

import { RouteType } from "deno-tun";
import { VpnError } from "../base/errors.ts";
import type { RouteContext } from "./routes.ts";

/** The route that leads to the server now. */
export interface ServerPath {
  /** The next router; absent when the server is on a network of this machine. */
  readonly gateway?: string;
  /** Number of the interface. */
  readonly interfaceIndex: number;
  /** The server is this machine itself. */
  readonly local: boolean;
}

/**
 * Where packets to the server go now. To be asked before a route into the tunnel is added.
 *
 * @param server Its IP address.
 * @param mark Firewall mark of the packets that carry the tunnel.
 * @throws {VpnError} when there is no route, or it leads into the tunnel.
 */
export function findServerPath(
  server: string,
  tunnelIndex: number,
  { netlink }: RouteContext,
  mark?: number,
): ServerPath {
  const route = netlink.getRoute(server, { mark });
  if (route?.interfaceIndex === undefined) {
    throw new VpnError(`there is no route to the server ${server}`, "check the network connection");
  }
  if (route.interfaceIndex === tunnelIndex) {
    throw new VpnError(
      `the route to the server ${server} leads into the tunnel`,
      "remove the route that takes it there",
    );
  }
  return {
    gateway: route.gateway,
    interfaceIndex: route.interfaceIndex,
    local: route.type === RouteType.LOCAL,
  };
}
