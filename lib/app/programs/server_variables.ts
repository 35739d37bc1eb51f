/**
 * What every program of a server is told.
 *
 * Source: openvpn(8), "Environmental Variables"; OpenVPN's `options.c` (`setenv_settings`).
 *
 * @module
 */

import type { ServerConfig } from "../../config/config.ts";

/** @param device Name of the TUN device. */
export function serverVariables(config: ServerConfig, device: string): Record<string, string> {
  const { ifconfig, ifconfigIpv6 } = config.network;
  const variables: Record<string, string> = {
    script_context: "init",
    verb: String(config.log.verb),
    daemon_pid: String(Deno.pid),
    daemon_start_time: String(Math.floor(Date.now() / 1000)),
    dev: device,
    dev_type: "tun",
    tun_mtu: String(config.mtu.tunMtu),
  };
  for (const [index, { transport, local, port }] of config.listen.entries()) {
    variables[`proto_${index + 1}`] = transport === "udp" ? "udp" : "tcp-server";
    variables[`local_port_${index + 1}`] = String(port);
    if (local !== undefined) variables[`local_${index + 1}`] = local;
  }
  if (ifconfig !== undefined) {
    variables.ifconfig_local = ifconfig.local;
    variables.ifconfig_netmask = ifconfig.remoteOrNetmask;
  }
  if (ifconfigIpv6 !== undefined) {
    variables.ifconfig_ipv6_local = ifconfigIpv6.local;
    variables.ifconfig_ipv6_netbits = String(ifconfigIpv6.prefixLength);
    variables.ifconfig_ipv6_remote = ifconfigIpv6.remote;
  }
  return variables;
}
