/**
 * What a program can change on a host: equal before and after means that it left no trace.
 *
 * @module
 */

import type { NetworkNamespace } from "./namespace.ts";

/** Packet filter, links, addresses, routes and rules of all tables, settings, resolver, as text. */
export async function hostState(host: NetworkNamespace): Promise<string> {
  const settings = "for f in /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/*/* " +
    '/proc/sys/net/ipv6/conf/*/*; do echo "$f $(cat "$f" 2>/dev/null)"; done';
  const commands: Record<string, string[]> = {
    nftables: ["nft", "list", "ruleset"],
    addresses: ["ip", "-br", "address"],
    rules: ["ip", "rule"],
    "rules of IPv6": ["ip", "-6", "rule"],
    routes: ["ip", "route", "show", "table", "all"],
    "routes of IPv6": ["ip", "-6", "route", "show", "table", "all"],
    settings: ["sh", "-c", settings],
    resolver: ["sh", "-c", "ls -l /etc/resolv.conf | cut -c1-10; cat /etc/resolv.conf"],
  };
  const parts: string[] = [];
  for (const [name, command] of Object.entries(commands)) {
    parts.push(`== ${name}`, (await host.exec(command)).trim());
  }
  return parts.join("\n");
}
