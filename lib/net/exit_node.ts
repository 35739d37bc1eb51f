/**
 * This machine as an exit node: what comes out of the tunnel goes on to the Internet with this
 * machine's address, and the answers go back. Forwarding is switched on, and one table of nftables
 * masquerades; both are undone by `close`, or by the next start after a SIGKILL.
 *
 * @module
 */

import { Netlink } from "deno-tun";
import { VpnError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { AppliedChanges } from "./applied_changes.ts";
import { readSysctl } from "./changes/sysctl_file.ts";
import { type ExitInterface, routeExit } from "./exit_routing.ts";
import { warnOfForwardDrops } from "./firewall_policies.ts";
import { applyTable, nameForInterface, quotedInterface } from "./nftables.ts";
import { holdSysctl } from "./sysctl.ts";

/** What an exit node is to be. */
export interface ExitNodeOptions {
  /** The tunnel's interface. */
  readonly tunnel: string;
  /** The only interface by which its traffic may leave; absent: whichever the routes name. */
  readonly out?: string;
  /** Whether the tunnel carries IPv6. */
  readonly ipv6: boolean;
  /** Nothing goes to private addresses: the networks around this machine are nobody's business. */
  readonly internetOnly?: boolean;
}

/** Learnt from a router advertisement: `RTPROT_RA` of linux/rtnetlink.h. */
const RTPROT_RA = 9;

/** Private, shared and link-local networks (RFC 1918, 6598, 3927; 4193, 4291), as nft matches. */
const privateNetworks = [
  "ip daddr { 10.0.0.0/8, 100.64.0.0/10, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16 }",
  "ip6 daddr { fc00::/7, fe80::/10 }",
];

/** A machine that is an exit node. */
export class ExitNode {
  readonly #changes: AppliedChanges;

  private constructor(log: Log) {
    this.#changes = new AppliedChanges(log);
  }

  /**
   * Makes this machine an exit node; if that fails, nothing of it is left.
   *
   * @throws {PrivilegeError} when this process may not.
   * @throws {VpnError} when nft is missing or refuses, or there is no interface of that name.
   */
  static async open(options: ExitNodeOptions, log: Log): Promise<ExitNode> {
    const { tunnel, out, internetOnly } = options;
    if (out !== undefined) interfaceNamed(out);
    const node = new ExitNode(log);
    const ipv6 = options.ipv6 && readSysctl("net/ipv6/conf/all/forwarding") !== undefined;
    try {
      // The rules first: at no moment is there forwarding without them.
      const content = exitRules({ tunnel, out, ipv6, internetOnly });
      const name = `vpn_exit_${nameForInterface(tunnel)}`;
      applyTable({ family: "inet", name, content }, node.#changes);
      if (out !== undefined) node.#route(tunnel, out, ipv6, log);
      node.#forwardIpv4();
      if (ipv6) node.#forwardIpv6();
    } catch (error) {
      await node.close();
      throw error;
    }
    const families = ipv6 ? "IPv4 and IPv6" : "IPv4";
    const way = out ?? "whichever interface the routes name";
    log.at(1, `exit node: ${families} traffic from ${tunnel} leaves by ${way}`);
    await warnOfForwardDrops(tunnel, log);
    return node;
  }

  /** Undoes all. A second call does nothing. */
  close(): Promise<void> {
    return this.#changes.undo();
  }

  #route(tunnel: string, out: string, ipv6: boolean, log: Log): void {
    const [from, to] = [interfaceNamed(tunnel), interfaceNamed(out)];
    withNetlink((netlink) => {
      const context = { netlink, changes: this.#changes, log };
      routeExit(from, to, 4, context);
      if (ipv6) routeExit(from, to, 6, context);
    });
  }

  // inet_forward_change() sets these with it.
  #forwardIpv4(): void {
    const perInterface = [...Deno.readDirSync("/proc/sys/net/ipv4/conf")]
      .filter(({ name }) => name !== "all").map(({ name }) => `net/ipv4/conf/${name}/forwarding`);
    const dependents = [...perInterface, "net/ipv4/conf/all/accept_redirects"];
    holdSysctl("net/ipv4/ip_forward", "1", this.#changes, dependents);
  }

  #forwardIpv6(): void {
    // A router takes no router advertisements, and forgets what it has learnt from them, its default
    // route included, unless accept_ra is 2 (Documentation/networking/ip-sysctl.rst).
    if (readSysctl("net/ipv6/conf/all/forwarding") !== "1") {
      for (const name of interfacesWithAdvertisedRoutes()) {
        const acceptRa = `net/ipv6/conf/${name}/accept_ra`;
        if (readSysctl(acceptRa) === "1") holdSysctl(acceptRa, "2", this.#changes);
      }
    }
    const dependents = [...Deno.readDirSync("/proc/sys/net/ipv6/conf")]
      .filter(({ name }) => name !== "all").map(({ name }) => `net/ipv6/conf/${name}/forwarding`);
    holdSysctl("net/ipv6/conf/all/forwarding", "1", this.#changes, dependents);
  }
}

/** The rules of an exit node, in nft's language; one for each thing that they do. */
export function exitRules({ tunnel, out, ipv6, internetOnly = false }: ExitNodeOptions): string {
  const tun = quotedInterface(tunnel);
  const outward = out === undefined ? `oifname != ${tun}` : `oifname ${quotedInterface(out)}`;
  const clamp = "tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu";
  const forward = [
    "type filter hook forward priority filter; policy accept;",
    // What belongs to no connection would leave with its address in the tunnel.
    `iifname ${tun} ct state invalid drop`,
    // Whether clients reach each other is the VPN's affair (client-to-client): that forwarding is on
    // must not let them.
    `iifname ${tun} oifname ${tun} drop`,
    ...out === undefined ? [] : [`iifname ${tun} ${outward.replace("oifname", "oifname !=")} drop`],
    ...ipv6 ? [] : [`iifname ${tun} meta nfproto ipv6 drop`],
    ...internetOnly ? privateNetworks.map((set) => `iifname ${tun} ${set} drop`) : [],
    // Whoever is outside may answer, and not begin.
    `oifname ${tun} ct state != { established, related } drop`,
    // Path MTU discovery fails where ICMP is lost.
    `iifname ${tun} ${clamp}`,
    `oifname ${tun} ${clamp}`,
  ];
  const postrouting = [
    "type nat hook postrouting priority srcnat; policy accept;",
    `iifname ${tun} ${outward} meta nfproto ipv4 masquerade`,
    // Global addresses need no translation; unique local ones (RFC 4193) lead nowhere without.
    ...ipv6 ? [`iifname ${tun} ${outward} ip6 saddr fc00::/7 masquerade`] : [],
  ];
  const chain = (name: string, lines: readonly string[]) =>
    `  chain ${name} {\n${lines.map((line) => `    ${line}`).join("\n")}\n  }`;
  const input = [
    "type filter hook input priority filter; policy accept;",
    // What comes out of the tunnel reaches this machine by its address there, and by no other.
    `iifname ${tun} fib daddr . iif type != { local, broadcast, multicast, anycast } drop`,
  ];
  return [
    chain("forward", forward),
    ...internetOnly ? [chain("input", input)] : [],
    chain("postrouting", postrouting),
  ].join("\n");
}

function interfaceNamed(name: string): ExitInterface {
  const links = withNetlink((netlink) => netlink.links());
  const link = links.find((candidate) => candidate.name === name);
  if (link !== undefined) return link;
  const choices = links.map((other) => other.name).filter((other) => other !== "lo").join(", ");
  throw new VpnError(`there is no network interface ${name}`, `name one of ${choices}`);
}

function interfacesWithAdvertisedRoutes(): Set<string> {
  return withNetlink((netlink) => {
    const indices = new Set(
      netlink.routes({ family: 6 }).filter(({ protocol }) => protocol === RTPROT_RA)
        .map(({ interfaceIndex }) => interfaceIndex),
    );
    return new Set(
      netlink.links().filter(({ index }) => indices.has(index)).map(({ name }) => name),
    );
  });
}

function withNetlink<T>(ask: (netlink: Netlink) => T): T {
  const netlink = Netlink.open();
  try {
    return ask(netlink);
  } finally {
    netlink.close();
  }
}
