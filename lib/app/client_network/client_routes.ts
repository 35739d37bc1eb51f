/**
 * A client's routes: from what its configuration and its server say to what the kernel is told.
 *
 * @module
 */

import { formatAddress, Netlink, parseAddress } from "deno-tun";
import type { Log } from "../../base/log.ts";
import type { NetworkOptions, RedirectGateway } from "../../config/mod.ts";
import { dhcpServers } from "../../net/dhcp_server.ts";
import type { RedirectOptions } from "../../net/redirect_gateway.ts";
import type { NetworkRoute } from "../../net/routes.ts";
import type { TunnelInterface } from "../../net/tunnel_interface.ts";
import type { TunnelServer } from "../../net/tunnel_description.ts";
import { describeRoutes } from "../tunnel_description.ts";

/**
 * Adds the routes.
 *
 * @param nameServers What this machine asks beside the tunnel, for `bypass-dns`.
 * @returns Does it; apart, for `route-delay`.
 */
export async function clientRoutes(
  tunnel: TunnelInterface,
  network: NetworkOptions,
  server: TunnelServer,
  nameServers: readonly string[],
  log: Log,
): Promise<() => Promise<void>> {
  const words = { netGateway: defaultGateway(), remoteHost: server.address };
  const routes = (await describeRoutes(network, words, log))
    .map((route) => network.blockIpv6 ? blocked(route) : route);
  const { redirectGateway: redirect, blockIpv6, ifconfigIpv6 } = network;
  if (blockIpv6 && ifconfigIpv6 !== undefined) {
    // Before the kernel's own route to the device's network, which has the metric 256.
    const { local, prefixLength } = ifconfigIpv6;
    const own = networkAddress(local, prefixLength);
    routes.push({ network: own, prefixLength, metric: 1, unreachable: true });
  }
  return async () => {
    tunnel.addRoutes(routes, server);
    if (redirect === undefined) return;
    const bypass = bypassed(redirect, nameServers, log);
    const options: RedirectOptions = { ...redirect, blockIpv6, bypass };
    await tunnel.redirectGateway(options, server);
  };
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

/** The IPv4 default gateway; undefined without one. */
function defaultGateway(): string | undefined {
  const netlink = Netlink.open();
  try {
    const [best] = netlink.routes({ family: 4 })
      .filter(({ prefixLength, gateway }) => prefixLength === 0 && gateway !== undefined)
      .sort((a, b) => (a.metric ?? 0) - (b.metric ?? 0));
    return best?.gateway;
  } finally {
    netlink.close();
  }
}
