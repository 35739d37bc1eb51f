/**
 * The networks of a server that are not the Internet: the tunnel's own, those that it routes into
 * the tunnel, and those that its clients are told of.
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

/** Those of the configuration. The default route is none of them. */
export function insideNetworks(
  { network, push }: Pick<ServerConfig, "network" | "push">,
): InsideNetwork[] {
  const { ifconfig, ifconfigIpv6, routes, routesIpv6 } = network;
  return present([
    ...ifconfig === undefined ? [] : [ipv4Network(ifconfig.local, ifconfig.remoteOrNetmask)],
    ...ifconfigIpv6 === undefined
      ? []
      : [anyNetwork(ifconfigIpv6.local, ifconfigIpv6.prefixLength)],
    ...routes.map((route) => ipv4Network(route.network, route.netmask)),
    ...routesIpv6.map((route) => anyNetwork(route.network, route.prefixLength)),
    ...pushedNetworks(push),
  ]);
}

/**
 * Those that pushed options name: networks to be reached by the tunnel, and resolvers that have
 * private addresses. A client that is told of them means those of the server, not what its exit node
 * has by the same address.
 */
export function pushedNetworks(options: readonly string[]): InsideNetwork[] {
  return present(options.flatMap((option) => {
    const words = tokenize(option);
    return Array.isArray(words) ? pushedNetwork(words) : [];
  }));
}

function pushedNetwork([name, ...words]: readonly string[]): (InsideNetwork | undefined)[] {
  switch (name) {
    case "route": {
      const [network, netmask = "255.255.255.255", gateway] = words;
      return gateway === "net_gateway" ? [] : [ipv4Network(network ?? "", netmask)];
    }
    case "route-ipv6": {
      const [address, bits = "128"] = (words[0] ?? "").split("/");
      return [anyNetwork(address, Number(bits))];
    }
    case "dhcp-option":
      return /^DNS6?$/.test(words[0] ?? "") ? [privateHost(words[1])] : [];
    case "dns":
      return words[0] === "server" && words[2] === "address" ? words.slice(3).map(privateHost) : [];
    default:
      return [];
  }
}

/** A resolver, if its address is private (RFC 1918, 6598; 4193): others are in the Internet. */
function privateHost(address: string | undefined): InsideNetwork | undefined {
  const bytes = parseAddress((address ?? "").replace(/^\[(.*)\]$/, "$1"));
  if (bytes === undefined) return undefined;
  const [a, b] = bytes;
  const isPrivate = bytes.length === 16
    ? (a & 0xfe) === 0xfc
    : a === 10 || (a === 172 && b >> 4 === 1) || (a === 192 && b === 168) ||
      (a === 100 && b >> 6 === 1);
  return isPrivate ? { network: bytes, prefixLength: 8 * bytes.length } : undefined;
}

/** Without what is no network, and without the default route. */
function present(networks: readonly (InsideNetwork | undefined)[]): InsideNetwork[] {
  return networks.filter((network) => network !== undefined)
    .filter(({ prefixLength }) => prefixLength > 0);
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
