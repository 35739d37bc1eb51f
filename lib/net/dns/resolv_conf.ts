/**
 * `/etc/resolv.conf` as text: what it says, and what we write. Source: resolv.conf(5).
 *
 * @module
 */

import { parseAddress } from "deno-tun";
import type { DnsSettings } from "./dns_settings.ts";

/** The resolver's configuration file. */
export const resolvConfPath = "/etc/resolv.conf";

/** Where systemd-resolved writes the name servers that it asks itself. */
export const resolvedUpstreamPath = "/run/systemd/resolve/resolv.conf";

/** glibc's MAXNS: later ones are not asked. */
export const maximumNameServers = 3;

/** What a resolv.conf says, as far as it matters here. */
export interface ResolvConf {
  readonly nameServers: readonly string[];
  readonly searchDomains: readonly string[];
  /** Lines that are neither: options, sortlist. */
  readonly otherLines: readonly string[];
}

/** Reads it; what cannot be understood is left out, as the C library does. */
export function parseResolvConf(text: string): ResolvConf {
  const nameServers: string[] = [];
  let searchDomains: string[] = [];
  const otherLines: string[] = [];
  for (const raw of text.split("\n")) {
    const line = raw.trim();
    const [keyword, ...words] = line.split(/\s+/);
    if (keyword === "nameserver") {
      const [address = ""] = words;
      if (parseAddress(address.replace(/%.*$/, "")) !== undefined) nameServers.push(address);
    } else if (keyword === "search" || keyword === "domain") searchDomains = words;
    else if (/^(options|sortlist)$/.test(keyword)) otherLines.push(line);
  }
  return { nameServers, searchDomains, otherLines };
}

/** Whether a name server is this machine's own. */
export function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}

/** Whether systemd-resolved is behind an address (systemd-resolved.service(8)). */
export function isResolvedStub(address: string): boolean {
  return address === "127.0.0.53" || address === "127.0.0.54";
}

/**
 * The name servers on the network that this machine asks now, directly or by systemd-resolved.
 *
 * @param read A file's text; undefined when there is none.
 */
export function outerNameServers(read: (path: string) => string | undefined): string[] {
  const own = parseResolvConf(read(resolvConfPath) ?? "").nameServers;
  const upstream = own.some(isResolvedStub)
    ? parseResolvConf(read(resolvedUpstreamPath) ?? "").nameServers
    : [];
  return [...new Set([...own, ...upstream])].filter((address) => !isLoopback(address));
}

/** The lines that say these settings. */
export function resolverLines({ servers, searchDomains, routedDomains }: DnsSettings): string[] {
  // With openresolv's -p, a private record's search domains are those that its servers are for.
  const domains = [...new Set([...searchDomains, ...routedDomains])];
  return [
    ...servers.map(({ address }) => `nameserver ${address}`),
    ...(domains.length > 0 ? [`search ${domains.join(" ")}`] : []),
  ];
}

/**
 * A whole file: our name servers in the place of the former ones, our search domains before them,
 * and the former options.
 *
 * @param former The text of the file that it replaces.
 */
export function resolverFileText(settings: DnsSettings, former: string, device: string): string {
  const before = parseResolvConf(former);
  const servers = settings.servers.length > 0
    ? settings.servers.map(({ address }) => address)
    : before.nameServers;
  const domains = [...new Set([...settings.searchDomains, ...before.searchDomains])];
  return [
    `# By vpn, for ${device}. The former file comes back when the tunnel ends.`,
    ...servers.slice(0, maximumNameServers).map((address) => `nameserver ${address}`),
    ...(domains.length > 0 ? [`search ${domains.join(" ")}`] : []),
    ...before.otherLines,
    "",
  ].join("\n");
}
