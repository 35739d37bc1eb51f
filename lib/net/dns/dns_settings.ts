/**
 * The DNS settings that a configuration and a server's push come to. Source: openvpn(8), `--dns` and
 * `--dhcp-option`; where `dns server` is there, `dhcp-option DNS` counts no more.
 *
 * @module
 */

import type { DnsServer, NetworkOptions } from "../../config/network_options.ts";

/** A name server. */
export interface NameServer {
  /** IP address. */
  readonly address: string;
  /** Absent: 53, or 853 with TLS. */
  readonly port?: number;
}

/** One set of name servers, and what to ask them. */
export interface DnsSettings {
  /** In order of preference; none: those of before, with other search domains. */
  readonly servers: readonly NameServer[];
  /** Appended to short names, in order. */
  readonly searchDomains: readonly string[];
  /** The only domains that these servers are for; empty: all names. */
  readonly routedDomains: readonly string[];
  /** Whether answers must be signed; absent: as the machine does it. */
  readonly dnssec?: "yes" | "no" | "optional";
  readonly transport: "plain" | "DoT";
  /** Name in the TLS handshake. */
  readonly serverName?: string;
}

/** What comes of the options. */
export interface DnsPlan {
  /** The sets that could be used, the preferred one first; empty: DNS stays as it is. */
  readonly candidates: readonly DnsSettings[];
  /** What of the options is not honoured. */
  readonly warnings: readonly string[];
  /** Options that are for other systems. */
  readonly notes: readonly string[];
}

/** Reads the options. */
export function planDns(network: Pick<NetworkOptions, "dhcpOptions" | "dns">): DnsPlan {
  const warnings: string[] = [];
  const notes: string[] = [];
  const dhcp = readDhcpOptions(network, notes);
  const { servers, searchDomains: given } = network.dns;
  const searchDomains = unique(given.length > 0 ? given : dhcp.searchDomains);
  if (servers.length === 0) {
    const settings: DnsSettings = {
      servers: dhcp.servers,
      searchDomains,
      routedDomains: dhcp.routedDomains,
      transport: "plain",
    };
    const empty = settings.servers.length === 0 && searchDomains.length === 0;
    return { candidates: empty ? [] : [settings], warnings, notes };
  }
  const candidates: DnsSettings[] = [];
  for (const server of servers) {
    if (server.addresses.length === 0) {
      warnings.push(`dns server ${server.priority} has no address and is left out`);
    } else if (server.transport === "DoH") {
      warnings.push(`dns server ${server.priority} wants DNS over HTTPS, and is left out`);
    } else candidates.push(settingsOf(server, searchDomains));
  }
  return { candidates, warnings, notes };
}

function settingsOf(server: DnsServer, searchDomains: readonly string[]): DnsSettings {
  return {
    servers: server.addresses.map(splitEndpoint),
    searchDomains,
    routedDomains: unique(server.resolveDomains),
    dnssec: server.dnssec,
    transport: server.transport === "DoT" ? "DoT" : "plain",
    serverName: server.sni,
  };
}

/** `1.2.3.4`, `1.2.3.4:53`, `2001:db8::1`, `[2001:db8::1]:53`, as the option's handler lets pass. */
export function splitEndpoint(text: string): NameServer {
  const match = /^\[([^\]]*)\](?::(\d+))?$/.exec(text) ?? /^([^:]+):(\d+)$/.exec(text);
  if (match === null) return { address: text };
  return match[2] === undefined
    ? { address: match[1] }
    : { address: match[1], port: Number(match[2]) };
}

function readDhcpOptions({ dhcpOptions }: Pick<NetworkOptions, "dhcpOptions">, notes: string[]) {
  const servers: NameServer[] = [];
  const main: string[] = [];
  const others: string[] = [];
  const routedDomains: string[] = [];
  for (const { type, value = "" } of dhcpOptions) {
    const words = value.split(/\s+/).filter((word) => word !== "");
    switch (type) {
      case "DNS":
      case "DNS6":
        servers.push(...words.map((address) => ({ address })));
        break;
      // The name of this machine's domain, which is looked through first.
      case "DOMAIN":
      case "ADAPTER_DOMAIN_SUFFIX":
        main.push(...words);
        break;
      case "DOMAIN-SEARCH":
        others.push(...words);
        break;
      // Not OpenVPN's own, and known to its scripts for systemd-resolved.
      case "DOMAIN-ROUTE":
        routedDomains.push(...words.map((word) => word.replace(/^~/, "")));
        break;
      default:
        notes.push(`dhcp-option ${type} changes nothing here`);
    }
  }
  const all = routedDomains.includes(".");
  return {
    servers,
    searchDomains: [...main, ...others],
    routedDomains: all ? [] : unique(routedDomains),
  };
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
