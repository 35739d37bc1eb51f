/**
 * `redirect-gateway`: all traffic into the tunnel, except what carries the tunnel. Source: OpenVPN's
 * manual, "redirect-gateway".
 *
 * @module
 */

import {
  formatAddress,
  type InterfaceAddress,
  parseAddress,
  type Route,
  RouteTable,
  RouteType,
} from "deno-tun";
import { addRoute, describeRoute, type RouteContext, routeError } from "./routes.ts";
import { addHostRoute, type ServerPath } from "./server_route.ts";

/** Flags of `redirect-gateway` and `redirect-private`. */
export interface RedirectOptions {
  /** IPv4 goes into the tunnel. */
  readonly ipv4: boolean;
  /** IPv6 goes into the tunnel. */
  readonly ipv6: boolean;
  /** Both ends share a network: no host route to the server. */
  readonly local: boolean;
  /** Two /1 routes in front of the default route, rather than in its place. */
  readonly def1: boolean;
  /** The networks at the gateway's interface go into the tunnel too, except the gateway. */
  readonly blockLocal?: boolean;
}

/** What surrounds the tunnel. */
export interface RedirectContext extends RouteContext {
  readonly tunnel: { readonly index: number; readonly name: string };
}

/** The networks that take all of the IPv4 traffic, without those that `def1` replaces. */
const ipv4Halves = [
  { destination: "0.0.0.0", prefixLength: 1 },
  { destination: "128.0.0.0", prefixLength: 1 },
] as const;

/** All of IPv6 that is in use: loopback and mapped addresses, global unicast, unique local. */
const ipv6Networks = [
  { destination: "::", prefixLength: 3 },
  { destination: "2000::", prefixLength: 4 },
  { destination: "3000::", prefixLength: 4 },
  { destination: "fc00::", prefixLength: 7 },
] as const;

/**
 * Redirects traffic into the tunnel and records how to undo it.
 *
 * @param server The server's IP address and the way to it, as it was before any route was added.
 * @throws {VpnError} when a route cannot be set, and also when somebody else's is in its place: the
 *   user asked for all traffic, and part of it would go beside the tunnel unseen. What was done
 *   until then is recorded.
 */
export function redirectGateway(
  options: RedirectOptions,
  server: { readonly address: string; readonly path: ServerPath } | undefined,
  context: RedirectContext,
): void {
  if (server !== undefined && !options.local) {
    addHostRoute(server.address, server.path, context);
  }
  if (options.blockLocal && server !== undefined) blockLocalNetworks(server.path, context);
  if (options.ipv4) {
    if (options.def1) {
      for (const half of ipv4Halves) intoTunnel(half, context);
    } else {
      removeDefaultRoutes(context);
      intoTunnel({ destination: "0.0.0.0", prefixLength: 0 }, context);
    }
  }
  if (options.ipv6) { for (const network of ipv6Networks) intoTunnel(network, context); }
}

function intoTunnel(
  network: Pick<Route, "destination" | "prefixLength">,
  context: RedirectContext,
): void {
  const { index, name } = context.tunnel;
  const route = { ...network, interfaceIndex: index };
  if (addRoute(route, name, context)) return;
  const { destination, prefixLength } = network;
  throw routeError(
    "cannot send all traffic into the tunnel",
    new Error(`there is another route to ${destination}/${prefixLength}`),
  );
}

/** Removes the IPv4 default routes of the main table and records how to put them back. */
function removeDefaultRoutes({ netlink, changes, log }: RedirectContext): void {
  for (const route of netlink.routes({ family: 4, table: RouteTable.MAIN })) {
    if (route.prefixLength !== 0 || route.type !== RouteType.UNICAST) continue;
    const index = route.interfaceIndex;
    const what = describeRoute(route, index === undefined ? undefined : netlink.link(index)?.name);
    try {
      netlink.deleteRoute(route);
    } catch (error) {
      throw routeError(`cannot remove the route ${what}`, error);
    }
    changes.record(`removal of route ${what}`, () => {
      netlink.restoreRoute(route);
      log.at(3, `route restored: ${what}`);
    });
    log.at(3, `route removed: ${what}`);
  }
}

/** Sends the networks at the interface that leads to the server into the tunnel, in halves. */
function blockLocalNetworks(path: ServerPath, context: RedirectContext): void {
  // A server on a network of this machine would be cut off with it.
  if (path.gateway === undefined) return;
  addHostRoute(path.gateway, { interfaceIndex: path.interfaceIndex, local: false }, context);
  const family = parseAddress(path.gateway)?.length;
  for (const address of context.netlink.addresses()) {
    if (address.index !== path.interfaceIndex) continue;
    if (parseAddress(address.address)?.length !== family) continue;
    for (const half of networkHalves(address)) intoTunnel(half, context);
  }
}

/** The two halves of the network that an address is in; none for a host of its own. */
export function networkHalves(
  { address, prefixLength }: Pick<InterfaceAddress, "address" | "prefixLength">,
): Pick<Route, "destination" | "prefixLength">[] {
  const bytes = parseAddress(address);
  if (bytes === undefined || prefixLength >= bytes.length * 8) return [];
  for (let bit = prefixLength; bit < bytes.length * 8; bit++) {
    bytes[bit >>> 3] &= ~(0x80 >>> (bit & 7));
  }
  const lower = formatAddress(bytes);
  bytes[prefixLength >>> 3] |= 0x80 >>> (prefixLength & 7);
  return [lower, formatAddress(bytes)]
    .map((destination) => ({ destination, prefixLength: prefixLength + 1 }));
}
