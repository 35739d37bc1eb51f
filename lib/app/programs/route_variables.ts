/**
 * Routes as programs see them: `route_network_N` and its like, which is all that a program has where
 * `route-noexec` leaves routes to it.
 *
 * Source: OpenVPN 2.6's `route.c` (`setenv_route`, `setenv_route_ipv6`, `init_route_list`) and
 * `init.c` (`do_init_route_list`, `do_init_route_ipv6_list`).
 *
 * @module
 */

import { formatIpv4, prefixLengthNetmask } from "../../base/ipv4.ts";
import type { NetworkOptions } from "../../config/mod.ts";
import type { DefaultGateways } from "../../net/default_gateways.ts";
import type { NetworkRoute } from "../../net/routes.ts";
import type { ScriptVariables } from "./script_variables.ts";

/** IPv6's half of `redirect-gateway` is a matter of routes that are more specific than `::/0`. */
const redirectedIpv6 = ["::/3", "2000::/4", "3000::/4", "fc00::/7"];

/** @param routes Those of `network`, their words resolved. */
export function routeVariables(
  network: NetworkOptions,
  routes: readonly NetworkRoute[],
  gateways: DefaultGateways,
): ScriptVariables {
  const { ifconfig, ifconfigIpv6, topology, redirectGateway, routeMetric } = network;
  const variables: Record<string, string> = {};
  const ownGateway = network.routeGateway ??
    (topology === "subnet" ? undefined : ifconfig?.remoteOrNetmask);
  if (gateways.ipv4 !== undefined) variables.route_net_gateway = gateways.ipv4;
  if (gateways.ipv6 !== undefined) variables.net_gateway_ipv6 = gateways.ipv6;
  if (ownGateway !== undefined) variables.route_vpn_gateway = ownGateway;
  const ipv4 = routes.filter((route) => !route.network.includes(":"));
  for (const [i, { network: address, prefixLength, gateway, metric }] of ipv4.entries()) {
    variables[`route_network_${i + 1}`] = address;
    variables[`route_netmask_${i + 1}`] = formatIpv4(prefixLengthNetmask(prefixLength));
    const by = gateway ?? ownGateway;
    if (by !== undefined) variables[`route_gateway_${i + 1}`] = by;
    if (metric !== undefined) variables[`route_metric_${i + 1}`] = String(metric);
  }
  const ipv6 = routes.filter((route) => route.network.includes(":"))
    .map(({ network, prefixLength, ...rest }) => ({
      ...rest,
      prefix: `${network}/${prefixLength}`,
    }));
  if (redirectGateway?.ipv6 && ifconfigIpv6 !== undefined) {
    ipv6.push(...redirectedIpv6.map((prefix) => ({ prefix, metric: routeMetric })));
  }
  for (const [i, { prefix, gateway, metric }] of ipv6.entries()) {
    variables[`route_ipv6_network_${i + 1}`] = prefix;
    variables[`route_ipv6_gateway_${i + 1}`] = gateway ?? ifconfigIpv6?.remote ?? "::";
    if (metric !== undefined) variables[`route_ipv6_metric_${i + 1}`] = String(metric);
  }
  return variables;
}
