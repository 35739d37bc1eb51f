/**
 * The TUN device, its addresses, routes and DNS.
 * (OpenVPN's vpn-network-options.rst.)
 *
 * @module
 */

import * as parse from "../parameters.ts";
import { type OptionContext, rows } from "../option.ts";
import type { RedirectGateway } from "../config.ts";
import { deviceName } from "./connection.ts";

const route = ["main", "push-route"] as const;
const pushed = ["main", "push"] as const;

/** Device, addresses, routes. */
export const networkOptions = rows("network", [
  {
    name: "dev",
    usage: "DEVICE",
    summary: "TUN device: tun (the next free one), tun5, or a name with dev-type tun",
    apply: (context, [name]) => {
      if (/^tap/.test(name)) refuseTap(context);
      if (name === "null") context.fail(`"dev null" has no packets to carry`, `write "dev tun"`);
      context.draft.device = deviceName(context, name);
    },
  },
  {
    name: "dev-type",
    usage: "tun|tap",
    summary: "Kind of the device that dev names",
    apply: (context, [type]) => {
      if (parse.word(context, type, ["tun", "tap"]) === "tap") refuseTap(context);
      context.draft.deviceType = "tun";
    },
  },
  {
    name: "dev-node",
    usage: "NODE",
    class: "ignored",
    summary: "Device node; /dev/net/tun is used",
  },
  {
    name: "persist-tun",
    where: pushed,
    summary: "Keep the device over a reconnection",
    apply: ({ draft }) => void (draft.persistTun = true),
  },
  {
    name: "topology",
    usage: "subnet|net30|p2p",
    where: pushed,
    summary: "What addresses on the device mean; a server takes subnet only",
    apply: (context, [text]) => {
      context.draft.topology = parse.word(context, text, ["subnet", "net30", "p2p"]);
    },
  },
  {
    name: "ifconfig",
    usage: "LOCAL REMOTE|NETMASK",
    where: pushed,
    summary: "Address of the device",
    apply: (context, [local, remoteOrNetmask]) => {
      context.draft.ifconfig = {
        local: parse.ipv4(context, local),
        remoteOrNetmask: parse.ipv4(context, remoteOrNetmask, "an IPv4 address or a netmask"),
      };
    },
  },
  {
    name: "ifconfig-ipv6",
    usage: "LOCAL/BITS REMOTE",
    where: pushed,
    summary: "IPv6 address of the device",
    apply: (context, [local, remote]) => {
      // Without bits OpenVPN takes 64 (add_option(), "ifconfig-ipv6").
      const withBits = local.includes("/") ? local : `${local}/64`;
      const { network, prefixLength } = parse.ipv6Network(context, withBits);
      context.draft.ifconfigIpv6 = {
        local: network,
        prefixLength,
        remote: parse.ipv6(context, remote),
      };
    },
  },
  {
    name: "route",
    usage: "NETWORK [NETMASK] [GATEWAY] [METRIC]",
    where: route,
    summary: "Route through the tunnel (or through GATEWAY)",
    apply: (context, [network, netmask = "default", gateway, metric]) => {
      context.draft.routes.push({
        network: routeAddress(context, network),
        netmask: netmask === "default" ? "255.255.255.255" : parse.netmask(context, netmask),
        ...(gateway !== undefined && gateway !== "default" &&
          { gateway: routeAddress(context, gateway) }),
        ...(metric !== undefined && metric !== "default" &&
          { metric: parse.count(context, metric) }),
      });
    },
  },
  {
    name: "route-ipv6",
    usage: "NETWORK/BITS [GATEWAY] [METRIC]",
    where: route,
    summary: "IPv6 route through the tunnel",
    apply: (context, [network, gateway, metric]) => {
      context.draft.routesIpv6.push({
        ...parse.ipv6Network(context, network),
        ...(gateway !== undefined && gateway !== "default" &&
          { gateway: parse.ipv6(context, gateway) }),
        ...(metric !== undefined && metric !== "default" &&
          { metric: parse.count(context, metric) }),
      });
    },
  },
  {
    name: "route-gateway",
    usage: "GATEWAY|dhcp",
    where: pushed,
    summary: "Gateway of routes that name none",
    apply: (context, [gateway]) => {
      if (gateway === "dhcp") {
        context.fail(`"route-gateway dhcp" is for TAP devices`, "name the gateway's address");
      }
      context.draft.routeGateway = routeAddress(context, gateway);
    },
  },
  {
    name: "route-ipv6-gateway",
    usage: "GATEWAY",
    where: pushed,
    class: "ignored",
    summary: "IPv6 routes that name no gateway go into the tunnel, which needs none",
    apply: (context, [gateway]) => void parse.ipv6(context, gateway),
  },
  {
    name: "route-metric",
    usage: "N",
    where: route,
    summary: "Metric of routes that give none",
    apply: (context, [text]) => void (context.draft.routeMetric = parse.count(context, text)),
  },
  {
    name: "route-delay",
    usage: "[SECONDS] [WINDOW]",
    where: pushed,
    summary: "Wait before routes are added",
    apply: (context, [delay = "0", window]) => {
      context.draft.routeDelay = parse.seconds(context, delay);
      if (window !== undefined) parse.seconds(context, window);
    },
  },
  {
    name: "route-nopull",
    summary: "Take no routes and no DNS from the server",
    apply: ({ draft }) => void (draft.routeNopull = true),
  },
  {
    name: "allow-pull-fqdn",
    summary: "Let the server push host names in routes",
    apply: ({ draft }) => void (draft.allowPullFqdn = true),
  },
  {
    name: "pull-filter",
    usage: "accept|ignore|reject TEXT",
    summary: "Filter what the server pushes",
    apply: (context, [action, prefix]) => {
      context.draft.pullFilters.push({
        action: parse.word(context, action, ["accept", "ignore", "reject"]),
        prefix,
      });
    },
  },
  {
    name: "redirect-gateway",
    usage: "[FLAG…]",
    where: route,
    summary: "Send all traffic through the tunnel",
    apply: (context, flags) => redirect(context, flags, true),
  },
  {
    name: "redirect-private",
    usage: "[FLAG…]",
    where: route,
    summary: "As redirect-gateway, but the default route stays",
    apply: (context, flags) => redirect(context, flags, false),
  },
  {
    name: "block-ipv6",
    where: route,
    summary: "Reject IPv6 that would leave the tunnel aside",
    apply: ({ draft }) => void (draft.blockIpv6 = true),
  },
  {
    name: "allow-recursive-routing",
    class: "ignored",
    summary: "Keep packets to the server that were routed into the tunnel",
  },
  {
    name: "ifconfig-noexec",
    where: pushed,
    summary: "Only open the device: up is to give it MTU and addresses, and to enable it",
    apply: ({ draft }) => void (draft.ifconfigNoexec = true),
  },
  {
    name: "route-noexec",
    summary: "Add no routes, redirect-gateway's neither: up or route-up are to",
    apply: ({ draft }) => void (draft.routeNoexec = true),
  },
]);

function refuseTap(context: OptionContext): never {
  context.fail(
    "TAP devices (Ethernet) aren't supported",
    `use "dev tun" at both ends; it carries IP`,
  );
}

function routeAddress(context: OptionContext, text: string): string {
  if ((parse.routeWords as readonly string[]).includes(text)) return text;
  // A server must not make us resolve names, unless the user allows it (`allow-pull-fqdn`).
  if (context.place === "push" && !context.draft.allowPullFqdn) {
    return parse.ipv4(context, text, "an IPv4 address (names only with allow-pull-fqdn)");
  }
  return parse.host(context, text);
}

const redirectFlags = [
  "local",
  "autolocal",
  "def1",
  "bypass-dhcp",
  "bypass-dns",
  "block-local",
  "ipv6",
  "!ipv4",
] as const;

function redirect(context: OptionContext, flags: readonly string[], gateway: boolean): void {
  const given = new Set(flags.map((flag) => parse.word(context, flag, redirectFlags)));
  const before = context.draft.redirectGateway;
  const had = (key: keyof RedirectGateway) => before?.[key] ?? false;
  context.draft.redirectGateway = {
    ipv4: (had("ipv4") || gateway) && !given.has("!ipv4"),
    ipv6: had("ipv6") || given.has("ipv6"),
    local: had("local") || given.has("local"),
    autolocal: had("autolocal") || given.has("autolocal"),
    def1: had("def1") || given.has("def1"),
    bypassDhcp: had("bypassDhcp") || given.has("bypass-dhcp"),
    bypassDns: had("bypassDns") || given.has("bypass-dns"),
    blockLocal: had("blockLocal") || given.has("block-local"),
  };
}
