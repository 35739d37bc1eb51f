/**
 * The networks of a server that are not the Internet: the tunnel's own, those that it routes into
 * the tunnel, and those that it has its clients route into it.
 *
 * @module
 */

import { parseAddress } from "deno-tun";
import { netmaskPrefixLength, parseIpv4 } from "../../base/ipv4.ts";
import { type ServerConfig, tokenize } from "../../config/mod.ts";

/** A network. */
export interface InsideNetwork {
  /** 4 or 16 bytes. */
  readonly network: Uint8Array;
  /** 0 to 32, or 0 to 128. */
  readonly prefixLength: number;
}

/** Those networks. The default route is none of them. */
export function insideNetworks(
  { network, push }: Pick<ServerConfig, "network" | "push">,
): InsideNetwork[] {
  const { ifconfig, ifconfigIpv6, routes, routesIpv6 } = network;
  const found = [
    ...ifconfig === undefined ? [] : [ipv4Network(ifconfig.local, ifconfig.remoteOrNetmask)],
    ...ifconfigIpv6 === undefined
      ? []
      : [anyNetwork(ifconfigIpv6.local, ifconfigIpv6.prefixLength)],
    ...routes.map((route) => ipv4Network(route.network, route.netmask)),
    ...routesIpv6.map((route) => anyNetwork(route.network, route.prefixLength)),
    ...push.map(pushedNetwork),
  ];
  return found.filter((candidate) => candidate !== undefined)
    .filter(({ prefixLength }) => prefixLength > 0);
}

/** What `push "route …"` names. */
function pushedNetwork(option: string): InsideNetwork | undefined {
  const words = tokenize(option);
  if (!Array.isArray(words)) return undefined;
  const [name, network, netmask = "255.255.255.255"] = words;
  if (network === undefined) return undefined;
  if (name === "route") return ipv4Network(network, netmask);
  if (name !== "route-ipv6") return undefined;
  const [address, bits = "128"] = network.split("/");
  return anyNetwork(address, Number(bits));
}

// A name in place of an address is looked up by who adds the route; here it means nothing.
function ipv4Network(network: string, netmask: string): InsideNetwork | undefined {
  const mask = parseIpv4(netmask);
  const prefixLength = mask === undefined ? undefined : netmaskPrefixLength(mask);
  return prefixLength === undefined ? undefined : anyNetwork(network, prefixLength);
}

function anyNetwork(address: string, prefixLength: number): InsideNetwork | undefined {
  const network = parseAddress(address);
  if (network === undefined) return undefined;
  return prefixLength >= 0 && prefixLength <= 8 * network.length
    ? { network, prefixLength }
    : undefined;
}
