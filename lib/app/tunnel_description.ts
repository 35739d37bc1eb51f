/**
 * The tunnel's interface as a configuration, and what a server pushed, describe it.
 *
 * @module
 */

import { lookup } from "node:dns/promises";
import { VpnError } from "../base/errors.ts";
import { netmaskPrefixLength, parseIpv4 } from "../base/ipv4.ts";
import type { Log } from "../base/log.ts";
import type { CommonConfig, NetworkOptions, RouteOption, ServerConfig } from "../config/mod.ts";
import type { NetworkRoute } from "../net/routes.ts";
import type { TunnelAddress, TunnelDescription } from "../net/tunnel_interface.ts";

/** Where the words of `route` point to. */
export interface RouteWords {
  /** `net_gateway`: the default gateway beside the tunnel. */
  readonly netGateway?: string;
  /** `remote_host`: the server's address. */
  readonly remoteHost?: string;
}

/** The interface without routes. `mtu`: bytes. */
export function describeTunnel(
  config: Pick<CommonConfig, "device" | "process">,
  mtu: number,
  network: NetworkOptions,
): TunnelDescription {
  return {
    name: config.device.name,
    mtu,
    vnetHeader: config.process.offload,
    setUpElsewhere: network.ifconfigNoexec,
    ipv4: ipv4Address(network),
    ipv6: ipv6Address(network),
  };
}

/** The server's own interface. */
export function serverTunnel(config: ServerConfig): TunnelDescription {
  return describeTunnel(config, config.mtu.tunMtu, config.network);
}

function ipv4Address({ ifconfig, topology }: NetworkOptions): TunnelAddress | undefined {
  if (ifconfig === undefined) return undefined;
  const { local, remoteOrNetmask } = ifconfig;
  if (topology !== "subnet") return { address: local, peer: remoteOrNetmask };
  return { address: local, prefixLength: prefixLength(remoteOrNetmask) };
}

function ipv6Address({ ifconfigIpv6 }: NetworkOptions): TunnelAddress | undefined {
  return ifconfigIpv6 &&
    { address: ifconfigIpv6.local, prefixLength: ifconfigIpv6.prefixLength };
}

/**
 * The routes of the options `route` and `route-ipv6`. One that cannot be made sense of is a
 * warning, as in OpenVPN: the tunnel may be of use without it.
 */
export async function describeRoutes(
  network: NetworkOptions,
  words: RouteWords,
  log: Log,
): Promise<NetworkRoute[]> {
  const routes: NetworkRoute[] = [];
  for (const option of network.routes) {
    try {
      routes.push(await describeRoute(option, network, words));
    } catch (error) {
      log.warn(`route ${option.network} is left out: ${(error as Error).message}`);
    }
  }
  for (const { network: destination, prefixLength, gateway, metric } of network.routesIpv6) {
    routes.push({
      network: destination,
      prefixLength,
      gateway,
      metric: metric ?? network.routeMetric,
    });
  }
  return routes;
}

async function describeRoute(
  option: RouteOption,
  network: NetworkOptions,
  words: RouteWords,
): Promise<NetworkRoute> {
  const destination = await routeAddress(option.network, network, words);
  const viaTunnel = option.gateway === undefined || option.gateway === "vpn_gateway";
  return {
    network: destination,
    prefixLength: prefixLength(option.netmask),
    gateway: viaTunnel ? undefined : await routeAddress(option.gateway!, network, words),
    metric: option.metric ?? network.routeMetric,
  };
}

async function routeAddress(
  text: string,
  { routeGateway }: NetworkOptions,
  { netGateway, remoteHost }: RouteWords,
): Promise<string> {
  const known: Record<string, string | undefined> = {
    "vpn_gateway": routeGateway,
    "net_gateway": netGateway,
    "remote_host": remoteHost,
  };
  if (text in known) {
    const address = known[text];
    if (address === undefined) throw new VpnError(`${text} is not known`);
    return address;
  }
  if (parseIpv4(text) !== undefined) return text;
  return (await lookup(text, { family: 4 })).address;
}

function prefixLength(netmask: string): number {
  const value = parseIpv4(netmask);
  const length = value === undefined ? undefined : netmaskPrefixLength(value);
  if (length === undefined) throw new VpnError(`${netmask} is not a netmask`);
  return length;
}
