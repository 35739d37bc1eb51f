/**
 * Name servers and domains for this machine.
 * (OpenVPN's vpn-network-options.rst, `--dhcp-option` and `--dns`.)
 *
 * @module
 */

import type { DnsServer } from "../config.ts";
import { type OptionContext, rows } from "../option.ts";
import * as parse from "../parameters.ts";

const route = ["main", "push-route"] as const;

/** Name servers and domains. */
export const dnsOptionRows = rows("network", [
  {
    name: "dhcp-option",
    usage: "TYPE [VALUE…]",
    where: route,
    summary: "DNS servers and domains for this machine",
    apply: (context, [type, ...values]) => {
      if (type === "DNS" || type === "DNS6") {
        if (values.length !== 1 || values[0].includes("%")) {
          context.expected("one address", values.join(" "));
        }
        if (values[0].includes(":")) parse.ipv6(context, values[0]);
        else parse.ipv4(context, values[0]);
      }
      // They end up in the resolver's configuration.
      if (/^(DOMAIN|DOMAIN-SEARCH|ADAPTER_DOMAIN_SUFFIX|DOMAIN-ROUTE)$/.test(type)) {
        for (const word of values.flatMap((value) => value.split(/\s+/))) {
          domain(context, type, word);
        }
      }
      const value = values.join(" ");
      context.draft.dhcpOptions.push(value === "" ? { type } : { type, value });
    },
  },
  {
    name: "dns",
    usage: "KIND VALUE…",
    where: route,
    summary: "DNS servers and domains for this machine",
    apply: (context, [kind, ...values]) => {
      if (parse.word(context, kind, ["search-domains", "server"]) === "server") {
        dnsServer(context, values);
        return;
      }
      for (const domain of values) {
        context.draft.dns.searchDomains.push(parse.host(context, domain));
      }
    },
  },
]);

/** A DNS name; `DOMAIN-ROUTE` also takes systemd-resolved's `~example.com` and `~.` (all names). */
function domain(context: OptionContext, type: string, text: string): void {
  if (type !== "DOMAIN-ROUTE") parse.host(context, text);
  else if (text !== "." && text !== "~.") parse.host(context, text.replace(/^~/, ""));
}

// `dns server N address …` (the manual's "--dns"; dns_server_addr_parse() takes 8 addresses).
function dnsServer(context: OptionContext, values: readonly string[]): void {
  const [priorityText, kind, ...rest] = values;
  if (kind === undefined || rest.length === 0) {
    context.expected(`"dns server PRIORITY address|resolve-domains|… VALUE"`, values.join(" "));
  }
  const priority = parse.integer(context, priorityText, -128, 127);
  const servers = context.draft.dns.servers;
  const server: DnsServer = servers.get(priority) ??
    { priority, addresses: [], resolveDomains: [] };
  const single = () => {
    if (rest.length !== 1) context.expected("one value", rest.join(" "));
    return rest[0];
  };
  const change = (): Partial<DnsServer> => {
    switch (
      parse.word(context, kind, ["address", "resolve-domains", "dnssec", "transport", "sni"])
    ) {
      case "address": {
        const addresses = [...server.addresses, ...rest.map((a) => dnsAddress(context, a))];
        if (addresses.length > 8) context.fail(`"dns server" takes at most 8 addresses`);
        return { addresses };
      }
      case "resolve-domains":
        return {
          resolveDomains: [...server.resolveDomains, ...rest.map((d) => parse.host(context, d))],
        };
      case "dnssec":
        return { dnssec: parse.word(context, single(), ["yes", "no", "optional"]) };
      case "transport":
        return { transport: parse.word(context, single(), ["plain", "DoH", "DoT"]) };
      case "sni":
        return { sni: parse.host(context, single()) };
    }
  };
  servers.set(priority, { ...server, ...change() });
}

// `1.2.3.4`, `1.2.3.4:53`, `2001:db8::1`, `[2001:db8::1]:53`.
function dnsAddress(context: OptionContext, text: string): string {
  const bracketed = /^\[([^\]]*)\](?::(\d+))?$/.exec(text);
  if (bracketed) {
    parse.ipv6(context, bracketed[1]);
    if (bracketed[2] !== undefined) parse.port(context, bracketed[2]);
    return text;
  }
  const parts = text.split(":");
  if (parts.length > 2) return parse.ipv6(context, text);
  parse.ipv4(context, parts[0]);
  if (parts.length === 2) parse.port(context, parts[1]);
  return text;
}
