/**
 * What `push-peer-info` tells a server of this machine.
 *
 * Source: openvpn(8), `--push-peer-info`; OpenVPN's `ssl.c` (`push_peer_info`).
 *
 * @module
 */

import { Netlink, RouteTable, RouteType } from "deno-tun";
import type { PeerMachine } from "../../control/peer_info.ts";

/** Looks it up: the way to the Internet may have become another since the last time. */
export function peerMachine(): PeerMachine {
  const hardwareAddress = gatewayHardwareAddress();
  return {
    release: Deno.osRelease(),
    tlsLibrary: `rustls (Deno ${Deno.version.deno})`,
    ...(hardwareAddress !== undefined && { hardwareAddress }),
  };
}

/**
 * The MAC address of the interface that the default route leaves by. Undefined where there is none,
 * as while that is the tunnel.
 */
function gatewayHardwareAddress(): string | undefined {
  const netlink = Netlink.open();
  try {
    const gateways = netlink.routes({ family: 4, table: RouteTable.MAIN }).filter((route) =>
      route.prefixLength === 0 && route.type === RouteType.UNICAST &&
      route.interfaceIndex !== undefined
    ).sort((a, b) => (a.metric ?? 0) - (b.metric ?? 0));
    if (gateways.length === 0) return undefined;
    const name = netlink.link(gateways[0].interfaceIndex!)?.name;
    const mac = Deno.networkInterfaces().find((one) => one.name === name)?.mac;
    return mac === undefined || mac === "00:00:00:00:00:00" ? undefined : mac;
  } finally {
    netlink.close();
  }
}
