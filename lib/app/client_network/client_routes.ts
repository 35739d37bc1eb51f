/**
 * A client's routes: from what its configuration and its server say to what the kernel is told.
 *
 * @module
 */

import { formatAddress, parseAddress } from "deno-tun";
import type { Log } from "../../base/log.ts";
import type { NetworkOptions, RedirectGateway } from "../../config/mod.ts";
import { dhcpServers } from "../../net/dhcp_server.ts";
import type { RedirectOptions } from "../../net/redirect_gateway.ts";
import type { NetworkRoute } from "../../net/routes.ts";
import type { TunnelInterface } from "../../net/tunnel_interface.ts";
import type { TunnelServer } from "../../net/tunnel_description.ts";

/**
 * Adds the routes; none with `route-noexec`.
 *
 * @param given The network's own, their words resolved.
 * @param nameServers What this machine asks beside the tunnel, for `bypass-dns`.
 */
export async function addClientRoutes(
  tunnel: TunnelInterface,
  network: NetworkOptions,
  given: readonly NetworkRoute[],
  server: TunnelServer,
  nameServers: readonly string[],
  log: Log,
): Promise<void> {
  if (network.routeNoexec) return;
  const routes = given.map((route) => network.blockIpv6 ? blocked(route) : route);
  const { redirectGateway: redirect, blockIpv6, ifconfigIpv6 } = network;
  if (blockIpv6 && ifconfigIpv6 !== undefined) {
    // Before the kernel's own route to the device's network, which has the metric 256.
    const { local, prefixLength } = ifconfigIpv6;
    const own = networkAddress(local, prefixLength);
    routes.push({ network: own, prefixLength, metric: 1, unreachable: true });
  }
  tunnel.addRoutes(routes, server);
  if (redirect === undefined) return;
  const bypass = bypassed(redirect, nameServers, log);
  const options: RedirectOptions = { ...redirect, blockIpv6, bypass };
  await tunnel.redirectGateway(options, server);
}

/** `block-ipv6`: what would go into the tunnel is answered with "unreachable" (openvpn(8)). */
function blocked(route: NetworkRoute): NetworkRoute {
  return route.network.includes(":") ? { ...route, gateway: undefined, unreachable: true } : route;
}

function bypassed(
  { ipv4, ipv6, bypassDns, bypassDhcp }: RedirectGateway,
  nameServers: readonly string[],
  log: Log,
): string[] {
  const addresses: string[] = [];
  if (bypassDns) addresses.push(...nameServers);
  if (bypassDhcp) {
    const servers = dhcpServers();
    if (servers.length === 0) log.at(3, "bypass-dhcp: no DHCP server is known");
    addresses.push(...servers);
  }
  return addresses.flatMap((text) => {
    const bytes = parseAddress(text);
    if (bytes === undefined) return [];
    return (bytes.length === 4 ? ipv4 : ipv6) ? [formatAddress(bytes)] : [];
  });
}

function networkAddress(address: string, prefixLength: number): string {
  const bytes = parseAddress(address)!;
  for (let bit = prefixLength; bit < bytes.length * 8; bit++) {
    bytes[bit >>> 3] &= ~(0x80 >>> (bit & 7));
  }
  return formatAddress(bytes);
}
