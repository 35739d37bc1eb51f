/**
 * Whether the machine's packet filter lets a server's or a client's packets pass.
 *
 * @module
 */

import type { ListenOptions, Transport } from "../../config/mod.ts";
import { killSwitchTable } from "../../net/kill_switch.ts";
import { Check, type Finding } from "../finding.ts";
import type { Chain, Ruleset } from "./ruleset.ts";
import { type Drop, droppedBy, type Packet } from "./verdict.ts";

const incoming = new Check("firewall, incoming");
const outgoing = new Check("firewall, outgoing");
const forwarded = new Check("firewall, forwarded");
const translation = new Check("address translation");

const unseen = "its rules cannot be seen: nft is missing, or run as root";

/** Whether clients reach the server's port. `device`: the interface that they come by. */
export function checkIncoming(
  ruleset: Ruleset | undefined,
  { transport, port, family = 4 }: ListenOptions,
  device: string | undefined,
): Finding {
  if (ruleset === undefined) return incoming.skipped(unseen);
  const fields = { "ct state": "new", ...transportFields(transport, family, port) };
  const drop = droppedBy(ruleset, {
    hook: "input",
    family,
    fields: device === undefined ? fields : { ...fields, "meta iifname": device },
  });
  const where = `${transport.toUpperCase()} ${port}`;
  if (drop === undefined) return incoming.ok(`${where} is let in`);
  return dropped(
    incoming,
    drop,
    where,
    isIptables(drop.chain)
      ? `${iptables(drop.chain)} -I INPUT -p ${transport} --dport ${port} -j ACCEPT`
      : `nft insert rule ${address(drop.chain)} ${transport} dport ${port} accept`,
  );
}

/** Whether a client's packets to the server leave. */
export function checkOutgoing(
  ruleset: Ruleset | undefined,
  server: {
    readonly transport: Transport;
    readonly port: number;
    readonly family: 4 | 6;
    readonly device?: string;
  },
): Finding {
  if (ruleset === undefined) return outgoing.skipped(unseen);
  const { transport, port, family, device } = server;
  const fields = { "ct state": "new", ...transportFields(transport, family, port) };
  const drop = droppedBy(ruleset, {
    hook: "output",
    family,
    fields: device === undefined ? fields : { ...fields, "meta oifname": device },
    // A kill switch lets the client's own packets pass, and is a check of its own.
  }, [killSwitchTable]);
  const where = `${transport.toUpperCase()} to port ${port}`;
  if (drop === undefined) return outgoing.ok(`${where} leaves`);
  return dropped(
    outgoing,
    drop,
    where,
    isIptables(drop.chain)
      ? `${iptables(drop.chain)} -I OUTPUT -p ${transport} --dport ${port} -j ACCEPT`
      : `nft insert rule ${address(drop.chain)} ${transport} dport ${port} accept`,
  );
}

/** Whether what clients send goes on, and the answers come back. */
export function checkForwarded(
  ruleset: Ruleset | undefined,
  tunnel: string,
  outward: string | undefined,
  families: readonly (4 | 6)[],
): Finding {
  if (ruleset === undefined) return forwarded.skipped(unseen);
  for (const family of families) {
    const out: Packet["fields"] = outward === undefined ? {} : { "meta oifname": outward };
    const back: Packet["fields"] = outward === undefined ? {} : { "meta iifname": outward };
    const there: Packet = {
      hook: "forward",
      family,
      fields: { "ct state": "new", "meta iifname": tunnel, ...out },
    };
    const answer: Packet = {
      hook: "forward",
      family,
      fields: { "ct state": "established", "meta oifname": tunnel, ...back },
    };
    for (const [packet, direction] of [[there, "from"], [answer, "to"]] as const) {
      const drop = droppedBy(ruleset, packet);
      if (drop === undefined) continue;
      const both = isIptables(drop.chain)
        ? ["-i", "-o"].map((way) => `${iptables(drop.chain)} -I FORWARD ${way} ${tunnel} -j ACCEPT`)
        : ["iifname", "oifname"].map((name) =>
          `nft insert rule ${address(drop.chain)} ${name} ${tunnel} accept`
        );
      const what = `what goes on ${direction} clients`;
      return dropped(forwarded, drop, what, both.join(" && "));
    }
  }
  return forwarded.ok(`packets from and to ${tunnel} go on`);
}

/** Whether clients' addresses are translated where they leave. `network`: `10.8.0.0/24`. */
export function checkTranslation(ruleset: Ruleset | undefined, network: string): Finding {
  if (ruleset === undefined) return translation.skipped(unseen);
  for (const chain of ruleset.values()) {
    if (chain.type !== "nat" || !["ip", "inet"].includes(chain.family)) continue;
    const reached = chain.hook === "postrouting" ? [chain, ...jumpTargets(ruleset, chain)] : [];
    if (reached.some(({ rules }) => rules.some(translates))) {
      return translation.ok("packets get this machine's address where they leave");
    }
  }
  return translation.problem(
    `nothing translates ${network}: the Internet's answers don't find the way back`,
    "nft 'table ip vpn_nat { chain postrouting { type nat hook postrouting priority srcnat; " +
      `ip saddr ${network} masquerade; }; }'`,
  );
}

function translates(rule: Chain["rules"][number]): boolean {
  return rule.some((statement) =>
    "masquerade" in statement || "snat" in statement ||
    /MASQUERADE|SNAT/.test((statement.xt as { name?: string } | undefined)?.name ?? "")
  );
}

function jumpTargets(ruleset: Ruleset, chain: Chain): Chain[] {
  const names = chain.rules.flat().flatMap((statement) => {
    const { target } = (statement.jump ?? statement.goto ?? {}) as { target?: string };
    return target === undefined ? [] : [target];
  });
  return [...ruleset.values()].filter(({ family, table, name }) =>
    family === chain.family && table === chain.table && names.includes(name)
  );
}

function transportFields(transport: Transport, family: 4 | 6, port: number) {
  return {
    "meta l4proto": transport,
    [family === 4 ? "ip protocol" : "ip6 nexthdr"]: transport,
    [`${transport} dport`]: port,
    "th dport": port,
  };
}

function dropped(check: Check, drop: Drop, what: string, command: string): Finding {
  return drop.uncertain
    ? check.warning(`${chainText(drop)} may drop ${what}: not all of its rules are known`, command)
    : check.problem(`${chainText(drop)} drops ${what}`, command);
}

function chainText({ chain, byPolicy }: Drop): string {
  return `the chain ${address(chain)} ${byPolicy ? "by its policy" : "by a rule"}`;
}

function address({ family, table, name }: Chain): string {
  return `${family} ${table} ${name}`;
}

/** iptables' tables are known by their names; others write nft's language. */
function isIptables({ family, table, name }: Chain): boolean {
  return family !== "inet" && table === "filter" && /^(INPUT|OUTPUT|FORWARD)$/.test(name);
}

function iptables({ family }: Chain): string {
  return family === "ip6" ? "ip6tables" : "iptables";
}
