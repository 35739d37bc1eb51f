/**
 * The machine's default gateways.
 *
 * @module
 */

import { Netlink, RouteTable } from "deno-tun";

/** Addresses; absent without one. */
export interface DefaultGateways {
  readonly ipv4?: string;
  readonly ipv6?: string;
}

/** Those that the kernel prefers now: to be asked for before routes lead into a tunnel. */
export function defaultGateways(): DefaultGateways {
  const netlink = Netlink.open();
  try {
    return { ipv4: defaultGateway(netlink, 4), ipv6: defaultGateway(netlink, 6) };
  } finally {
    netlink.close();
  }
}

function defaultGateway(netlink: Netlink, family: 4 | 6): string | undefined {
  const [best] = netlink.routes({ family, table: RouteTable.MAIN })
    .filter(({ prefixLength, gateway }) => prefixLength === 0 && gateway !== undefined)
    .sort((a, b) => (a.metric ?? 0) - (b.metric ?? 0));
  return best?.gateway;
}
