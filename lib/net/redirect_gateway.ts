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
import type { HostRoutes } from "./host_routes.ts";
import type { ServerPath } from "./server_route.ts";

/** Flags of `redirect-gateway` and `redirect-private`. */
export interface RedirectOptions {
  /** IPv4 goes into the tunnel. */
  readonly ipv4: boolean;
  /** IPv6 goes into the tunnel. */
  readonly ipv6: boolean;
  /** Both ends share a network: no host route to the server. */
  readonly local: boolean;
  /** `local`, if there is no router on the way to the server. */
  readonly autolocal?: boolean;
  /** Two /1 routes in front of the default route, rather than in its place. */
  readonly def1: boolean;
  /** The networks at the gateway's interface go into the tunnel too, except the gateway. */
  readonly blockLocal?: boolean;
  /** IPv6 goes nowhere rather than into the tunnel (`block-ipv6`). */
  readonly blockIpv6?: boolean;
  /** Addresses that stay out of the tunnel: name servers, the DHCP server. */
  readonly bypass?: readonly string[];
}

/** What surrounds the tunnel. */
export interface RedirectContext extends RouteContext {
  readonly tunnel: { readonly index: number; readonly name: string };
  readonly hosts: HostRoutes;
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
 * @param path The way to the server, as it was before any route was added; undefined: there is none.
 * @throws {VpnError} when a route cannot be set, and also when somebody else's is in its place: the
 *   user asked for all traffic, and part of it would go beside the tunnel unseen. What was done
 *   until then is recorded.
 */
export function redirectGateway(
  options: RedirectOptions,
  path: ServerPath | undefined,
  context: RedirectContext,
): void {
  for (const address of options.bypass ?? []) bypassTunnel(address, context);
  if (options.blockLocal && path !== undefined) blockLocalNetworks(path, context);
  if (options.ipv4) {
    if (options.def1) {
      for (const half of ipv4Halves) intoTunnel(half, context);
    } else keepDefaultRoute(context);
  }
  if (!options.ipv6) return;
  for (const network of ipv6Networks) {
    if (options.blockIpv6) unreachable(network, context);
    else intoTunnel(network, context);
  }
}

/** A host route past the tunnel; what has no router in between has one of its network. */
function bypassTunnel(address: string, { hosts, log }: RedirectContext): void {
  const path = hosts.outward(address);
  if (path?.gateway === undefined) return;
  hosts.add(address, path);
  log.at(3, `${address} stays out of the tunnel`);
}

/** The default route leads into the tunnel: in the place of those that are there. */
export function keepDefaultRoute(context: Omit<RedirectContext, "hosts">): void {
  removeDefaultRoutes(context);
  const { index } = context.tunnel;
  const ours = context.netlink.routes({ family: 4, table: RouteTable.MAIN })
    .some(({ prefixLength, interfaceIndex }) => prefixLength === 0 && interfaceIndex === index);
  if (!ours) intoTunnel({ destination: "0.0.0.0", prefixLength: 0 }, context);
}

function unreachable(
  network: Pick<Route, "destination" | "prefixLength">,
  context: RedirectContext,
): void {
  const route = { ...network, type: RouteType.UNREACHABLE };
  addRoute(route, undefined, context, { outlives: true });
}

function intoTunnel(
  network: Pick<Route, "destination" | "prefixLength">,
  context: Omit<RedirectContext, "hosts">,
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
function removeDefaultRoutes(
  { netlink, changes, log, tunnel }: Omit<RedirectContext, "hosts">,
): void {
  for (const route of netlink.routes({ family: 4, table: RouteTable.MAIN })) {
    if (route.prefixLength !== 0 || route.type !== RouteType.UNICAST) continue;
    const index = route.interfaceIndex;
    if (index === tunnel.index) continue;
    const what = describeRoute(route, index === undefined ? undefined : netlink.link(index)?.name);
    const message = (route.message ?? new Uint8Array()).toBase64();
    try {
      changes.make({ kind: "route-removed", message, description: what }, () => {
        netlink.deleteRoute(route);
      });
    } catch (error) {
      throw routeError(`cannot remove the route ${what}`, error);
    }
    log.at(3, `route removed: ${what}`);
  }
}

/** Sends the networks at the interface that leads to the server into the tunnel, in halves. */
function blockLocalNetworks(path: ServerPath, context: RedirectContext): void {
  // A server on a network of this machine would be cut off with it.
  if (path.gateway === undefined) return;
  context.hosts.add(path.gateway, { interfaceIndex: path.interfaceIndex, local: false });
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
