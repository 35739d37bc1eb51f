/**
 * Access lists, ours: with whom clients may talk.
 *
 * @module
 */

import type { AccessRuleOption } from "../config.ts";
import * as parse from "../parameters.ts";
import { type OptionContext, rows } from "../option.ts";

/** Rules at most: each packet is compared with them one by one (lib/data/access_list.ts). */
const maximumRules = 1024;

/** Access lists. */
export const accessOptions = rows("server", [
  {
    name: "vpn-acl",
    usage: "allow|deny CIDR [PROTOCOL/PORTS]",
    where: ["main", "client"],
    summary: "Ours: with whom clients may talk; the first rule that matches decides, else deny",
    apply: (context, [action, network, selector]) => {
      const allow = parse.word(context, action, ["allow", "deny"]) === "allow";
      const selectors = selector === undefined ? [{}] : parseSelector(context, selector);
      for (const place of parseNetwork(context, network)) {
        for (const rest of selectors) {
          context.draft.perClient.access.push({ allow, ...place, ...rest });
        }
      }
      if (context.draft.perClient.access.length > maximumRules) {
        context.fail(`more than ${maximumRules} rules of "vpn-acl"`, "name larger networks");
      }
    },
  },
]);

function parseNetwork(
  context: OptionContext,
  text: string,
): Pick<AccessRuleOption, "network" | "prefixLength">[] {
  if (text === "any") {
    return [{ network: "0.0.0.0", prefixLength: 0 }, { network: "::", prefixLength: 0 }];
  }
  if (text.includes(":")) return [parse.ipv6Network(context, text)];
  const [network, bits = "32", ...more] = text.split("/");
  if (more.length > 0 || !/^\d{1,2}$/.test(bits) || Number(bits) > 32) {
    context.expected(`a network such as 10.1.0.0/16, or "any"`, text);
  }
  return [{ network: parse.ipv4(context, network), prefixLength: Number(bits) }];
}

/** `tcp`, `udp/53`, `tcp/8000-8999`, `/53` for both, `icmp`. */
function parseSelector(
  context: OptionContext,
  text: string,
): Pick<AccessRuleOption, "protocol" | "ports">[] {
  const match = /^(tcp|udp|icmp)?(?:\/(\d{1,5})(?:-(\d{1,5}))?)?$/.exec(text);
  if (match === null || text === "" || (match[1] === "icmp" && match[2] !== undefined)) {
    context.expected(`"tcp", "udp", "icmp", "tcp/443", "udp/1000-2000" or "/53"`, text);
  }
  const [, protocol, from, to = from] = match;
  if (from === undefined) return [{ protocol: protocol as AccessRuleOption["protocol"] }];
  const ports = { first: Number(from), last: Number(to) };
  if (ports.first > ports.last || ports.last > 65535) {
    context.expected("ports from 0 to 65535, the lower one first", text);
  }
  if (protocol !== undefined) {
    return [{ protocol: protocol as AccessRuleOption["protocol"], ports }];
  }
  return [{ protocol: "tcp", ports }, { protocol: "udp", ports }];
}
