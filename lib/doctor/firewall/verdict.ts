/**
 * What a ruleset makes of a packet, as far as can be told: a rule that asks for something that is
 * not known of the packet is passed over, whatever it says.
 *
 * @module
 */

import { type Chain, chainKey, type Ruleset, type Statement } from "./ruleset.ts";

/** A packet, by what rules ask for: `meta iifname`, `udp dport`, `ct state`, `ip protocol` … */
export interface Packet {
  readonly hook: "input" | "forward" | "output";
  readonly family: 4 | 6;
  readonly fields: Readonly<Record<string, string | number>>;
}

/** The chain that drops the packet, and whether by its policy or by a rule. */
export interface Drop {
  readonly chain: Chain;
  readonly byPolicy: boolean;
  /** A rule of it that could not be told may let the packet pass after all. */
  readonly uncertain: boolean;
}

/** Deepest nesting of jumps that the kernel takes (NFT_JUMP_STACK_SIZE). */
const deepestJump = 16;

/**
 * The first chain that drops the packet; undefined: it passes.
 *
 * @param except Tables that are not asked.
 */
export function droppedBy(
  ruleset: Ruleset,
  packet: Packet,
  except: readonly string[] = [],
): Drop | undefined {
  const families = packet.family === 4 ? ["ip", "inet"] : ["ip6", "inet"];
  for (const chain of ruleset.values()) {
    if (chain.hook !== packet.hook || !families.includes(chain.family)) continue;
    if (except.includes(chain.table)) continue;
    const walked: Walk = { ruleset, packet, uncertain: false };
    const verdict = walk(walked, chain, 0);
    const { uncertain } = walked;
    if (verdict === "drop") return { chain, byPolicy: false, uncertain };
    if (verdict === undefined && chain.policy === "drop") {
      return { chain, byPolicy: true, uncertain };
    }
  }
  return undefined;
}

type Verdict = "accept" | "drop" | "return";

/** A packet's way through a chain and those that it jumps to. */
interface Walk {
  readonly ruleset: Ruleset;
  readonly packet: Packet;
  /** Whether a rule was passed over that might have let it pass. */
  uncertain: boolean;
}

/** What a chain says of the packet; undefined: nothing. */
function walk(walked: Walk, chain: Chain, depth: number): "accept" | "drop" | undefined {
  if (depth > deepestJump) return undefined;
  for (const rule of chain.rules) {
    const verdict = judge(walked, chain, rule, depth);
    if (verdict === "return") return undefined;
    if (verdict !== undefined) return verdict;
  }
  return undefined;
}

function judge(
  walked: Walk,
  chain: Chain,
  rule: readonly Statement[],
  depth: number,
): Verdict | undefined {
  let known = true;
  for (const statement of rule) {
    const [kind, content] = only(statement);
    if (kind === "match") {
      const match = matches(content, walked.packet);
      if (match === false) return undefined;
      if (match === undefined) known = false;
    } else if (kind === "xt" && content.type === "match") {
      known = false; // iptables' own, whose parameters nft does not show.
    } else if (kind === "vmap") {
      const chosen = known ? choose(content, walked.packet) : undefined;
      if (chosen !== undefined) return verdictOf(walked, chain, chosen, depth);
      walked.uncertain = true;
      return undefined;
    } else if (verdicts.has(kind)) {
      if (known) return verdictOf(walked, chain, statement, depth);
      if (kind !== "drop" && kind !== "reject") walked.uncertain = true;
      return undefined;
    }
  }
  return undefined;
}

const verdicts = new Set(["accept", "drop", "reject", "return", "jump", "goto", "queue"]);

function verdictOf(
  walked: Walk,
  chain: Chain,
  statement: Statement,
  depth: number,
): Verdict | undefined {
  const [kind, { target }] = only(statement);
  switch (kind) {
    case "accept":
    case "queue":
      return "accept";
    case "drop":
    case "reject":
      return "drop";
    case "return":
      return "return";
    case "jump":
    case "goto": {
      const next = walked.ruleset.get(chainKey(chain.family, chain.table, String(target)));
      const verdict = next && walk(walked, next, depth + 1);
      return verdict ?? (kind === "goto" ? "return" : undefined);
    }
  }
  return undefined;
}

/** Whether the packet has what is asked for; undefined: not to be told. */
function matches({ op, left, right }: Statement, packet: Packet): boolean | undefined {
  if (isOfAnother(left, packet)) return false;
  const value = fieldOf(left, packet);
  if (value === undefined) return undefined;
  const equal = equals(value, right);
  if (equal === undefined) return undefined;
  if (op === "==" || op === "in") return equal;
  return op === "!=" ? !equal : undefined;
}

const transports = new Set([
  "tcp",
  "udp",
  "icmp",
  "icmpv6",
  "sctp",
  "dccp",
  "udplite",
  "esp",
  "ah",
]);

/** Whether a field is asked for of a protocol that the packet is not of. */
function isOfAnother(left: unknown, { fields, family }: Packet): boolean {
  const [kind, content] = only(left);
  const protocol = kind === "payload" ? String(content.protocol) : "";
  if (protocol === "ip" || protocol === "ip6") return (protocol === "ip" ? 4 : 6) !== family;
  const own = fields["meta l4proto"];
  return own !== undefined && transports.has(protocol) && protocol !== own;
}

function fieldOf(left: unknown, { fields, family }: Packet): string | number | undefined {
  const [kind, { key, protocol, field }] = only(left);
  if (kind === "meta" || kind === "ct") {
    if (key === "nfproto") return family === 4 ? "ipv4" : "ipv6";
    return fields[`${kind} ${key}`];
  }
  return kind === "payload" ? fields[`${protocol} ${field}`] : undefined;
}

/** Whether a value is, or is in, what stands on the right side. */
function equals(value: string | number, right: unknown): boolean | undefined {
  if (typeof right === "number") return typeof value === "number" ? value === right : undefined;
  if (typeof right === "string") {
    if (right.startsWith("@")) return undefined; // A named set.
    return right.endsWith("*") ? String(value).startsWith(right.slice(0, -1)) : right === value;
  }
  const alternatives = Array.isArray(right) ? right : record(right).set;
  if (Array.isArray(alternatives)) {
    const results = alternatives.map((alternative) => equals(value, alternative));
    return results.includes(true) || (results.includes(undefined) ? undefined : false);
  }
  const { range } = record(right);
  if (Array.isArray(range) && typeof value === "number") {
    return value >= range[0] && value <= range[1];
  }
  return undefined;
}

/** The verdict that a map has for the packet. */
function choose({ key, data }: Statement, packet: Packet): Statement | undefined {
  const value = fieldOf(key, packet);
  const { set } = record(data);
  if (value === undefined || !Array.isArray(set)) return undefined;
  const found = set.find((entry) => Array.isArray(entry) && equals(value, entry[0]) === true);
  return found && record(found[1]);
}

/** What kind of statement it is, and its content. */
function only(statement: unknown): [kind: string, content: Statement] {
  const [[kind, content] = ["", undefined]] = Object.entries(record(statement));
  return [kind, record(content)];
}

function record(value: unknown): Statement {
  return typeof value === "object" && value !== null ? value as Statement : {};
}
