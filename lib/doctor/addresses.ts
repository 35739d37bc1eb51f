/**
 * Whether the tunnel's networks are ones that this machine has already.
 *
 * @module
 */

import { Netlink, parseAddress } from "deno-tun";
import type { Config } from "../config/mod.ts";
import { Check, type Finding } from "./finding.ts";

const addresses = new Check("addresses");

/** A network by its first address, or any that is in it. */
export interface Network {
  readonly address: string;
  readonly prefixLength: number;
}

/** A network that an interface is in. */
export interface LocalNetwork extends Network {
  readonly device: string;
}

/** The networks of interfaces that are no tunnels. */
export function localNetworks(): LocalNetwork[] {
  const netlink = Netlink.open();
  try {
    const links = new Map(netlink.links().map((link) => [link.index, link]));
    return netlink.addresses().flatMap(({ index, address, prefixLength }) => {
      const link = links.get(index);
      if (link === undefined || link.kind === "tun" || link.name === "lo") return [];
      return [{ address, prefixLength, device: link.name }];
    });
  } finally {
    netlink.close();
  }
}

/** Whether two networks have an address in common. */
export function overlap(a: Network, b: Network): boolean {
  const [x, y] = [parseAddress(a.address), parseAddress(b.address)];
  if (x === undefined || y === undefined || x.length !== y.length) return false;
  const shorter = Math.min(a.prefixLength, b.prefixLength);
  for (let bit = 0; bit < shorter; bit++) {
    if (((x[bit >>> 3] ^ y[bit >>> 3]) & (0x80 >>> (bit & 7))) !== 0) return false;
  }
  return true;
}

/**
 * A server's own network, or the networks that a client's profile routes into the tunnel.
 *
 * @param start The words in front of a server's options, as `vpn serve`.
 */
export function checkAddresses(
  config: Config,
  local: readonly LocalNetwork[],
  start: string,
): Finding {
  const tunnel = config.role === "server" ? serverNetworks(config) : routedNetworks(config);
  for (const network of tunnel) {
    const other = local.find((candidate) => overlap(candidate, network));
    if (other === undefined) continue;
    const mine = `${network.address}/${network.prefixLength}`;
    const theirs = `${other.address}/${other.prefixLength} of ${other.device}`;
    if (config.role === "client") {
      return addresses.warning(`the route to ${mine} leads into the network ${theirs}`);
    }
    const free = network.address.includes(":") ? undefined : freeNetwork(local);
    return addresses.problem(
      `the tunnel's network ${mine} is also the network ${theirs}`,
      free === undefined ? undefined : `${start} --server ${free} 255.255.255.0`,
    );
  }
  return addresses.ok(
    tunnel.length === 0
      ? "the server says them"
      : tunnel.map(({ address, prefixLength }) => `${address}/${prefixLength}`).join(", "),
  );
}

function serverNetworks({ network }: Config): Network[] {
  const { ifconfig, ifconfigIpv6 } = network;
  const networks: Network[] = [];
  if (ifconfig !== undefined) {
    const length = prefixLength(ifconfig.remoteOrNetmask);
    networks.push({ address: ifconfig.local, prefixLength: length });
  }
  if (ifconfigIpv6 !== undefined) {
    networks.push({ address: ifconfigIpv6.local, prefixLength: ifconfigIpv6.prefixLength });
  }
  return networks;
}

function routedNetworks({ network }: Config): Network[] {
  const ipv4 = network.routes
    .filter(({ network: address, gateway }) => gateway === undefined && parseAddress(address))
    .map(({ network: address, netmask }) => ({ address, prefixLength: prefixLength(netmask) }));
  const ipv6 = network.routesIpv6.filter(({ gateway }) => gateway === undefined)
    .map(({ network: address, prefixLength }) => ({ address, prefixLength }));
  // What takes in all of the Internet takes in every network, and is meant to.
  return [...ipv4, ...ipv6].filter(({ prefixLength }) => prefixLength > 3);
}

function prefixLength(netmask: string): number {
  let length = 0;
  for (const byte of parseAddress(netmask) ?? []) {
    length += byte.toString(2).replaceAll("0", "").length;
  }
  return length;
}

/** A /24 of 10.0.0.0/8 that no interface is in. */
function freeNetwork(local: readonly LocalNetwork[]): string | undefined {
  for (let second = 77; second < 256; second++) {
    const candidate = { address: `10.${second}.0.0`, prefixLength: 24 };
    if (!local.some((network) => overlap(network, candidate))) return candidate.address;
  }
  return undefined;
}
