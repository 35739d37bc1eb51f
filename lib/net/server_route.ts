/**
 * A host route to the VPN server past the tunnel, so that what carries the tunnel does not go into
 * it.
 *
 * @module
 */

import { parseAddress, type Route, RouteType } from "deno-tun";
import { VpnError } from "../base/errors.ts";
import { addRoute, type RouteContext } from "./routes.ts";

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

/**
 * Adds a host route to `server` by `path`, and records its removal. A server on this machine needs
 * none: the kernel's table of local addresses comes first. A host route that is there already stays.
 */
export function addHostRoute(server: string, path: ServerPath, context: RouteContext): void {
  if (path.local) return;
  const route: Route = {
    destination: server,
    prefixLength: parseAddress(server)?.length === 4 ? 32 : 128,
    gateway: path.gateway,
    interfaceIndex: path.interfaceIndex,
  };
  const device = context.netlink.link(path.interfaceIndex)?.name;
  addRoute(route, device, context, true);
}
