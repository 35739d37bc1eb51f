import assert from "node:assert/strict";
import fc from "fast-check";
import {
  checkForwarded,
  checkIncoming,
  checkTranslation,
} from "../../../lib/doctor/firewall/firewall.ts";
import { parseRuleset, type Ruleset } from "../../../lib/doctor/firewall/ruleset.ts";
import { droppedBy, type Packet } from "../../../lib/doctor/firewall/verdict.ts";
import { isolatedTest } from "../../ffi/isolated.ts";
import { run } from "../../harness/command.ts";

const here = import.meta.url;
const listen = { transport: "udp", port: 1194, ipv6Only: false } as const;

/** What nft itself makes of rules. */
async function ruleset(rules: string): Promise<Ruleset> {
  await run(["nft", "-f", "-"], { input: `flush ruleset\n${rules}\n` });
  return parseRuleset(await run(["nft", "-j", "list", "ruleset"]));
}

const input = (rules: string, policy = "drop") =>
  `table inet fw {\n chain other {\n ct state new udp dport 1194 accept\n }\n` +
  ` chain in {\n type filter hook input priority 0; policy ${policy};\n ${rules}\n }\n}`;

await isolatedTest(here, "firewall: what lets a port in, and what does not", async () => {
  const cases: readonly [string, "ok" | "problem" | "warning"][] = [
    [input(""), "problem"],
    [input("", "accept"), "ok"],
    [input("udp dport 1194 accept"), "ok"],
    [input("udp dport { 53, 1194 } accept"), "ok"],
    [input("udp dport 1000-2000 accept"), "ok"],
    [input("tcp dport 1194 accept"), "problem"],
    [input("udp dport != 1194 accept"), "problem"],
    [input("meta l4proto udp accept"), "ok"],
    [input("meta l4proto { tcp, udp } th dport 1194 accept"), "ok"],
    [input("ip protocol udp accept"), "ok"],
    [input("ip6 nexthdr udp accept"), "problem"],
    [input('iifname "wan0" accept'), "ok"],
    [input('iifname "lan*" accept'), "problem"],
    [input("ct state established,related accept"), "problem"],
    [input("ct state vmap { established : accept, new : jump other }"), "ok"],
    [input("jump other"), "ok"],
    [input("goto other"), "ok"],
    [input("return\n udp dport 1194 accept"), "problem"],
    [input("udp dport 1194 drop", "accept"), "problem"],
    [input("udp dport 1194 reject", "accept"), "problem"],
    // What cannot be told from here may let it in.
    [input("ip saddr 192.0.2.0/24 accept"), "warning"],
    [input("ip saddr 192.0.2.0/24 drop"), "problem"],
    // One table's accept does not overrule another's drop.
    [`${input("udp dport 1194 accept")}\n${input("").replace("inet fw", "ip other")}`, "problem"],
  ];
  for (const [rules, status] of cases) {
    const finding = checkIncoming(await ruleset(rules), listen, "wan0");
    assert.equal(finding.status, status, `${rules}\n${finding.message}`);
    if (status !== "problem" || rules.includes("ip other")) continue;
    await run(["sh", "-c", finding.command!]);
    const mended = parseRuleset(await run(["nft", "-j", "list", "ruleset"]));
    assert.equal(checkIncoming(mended, listen, "wan0").status, "ok", finding.command);
  }
}, { needs: ["nft"] });

await isolatedTest(here, "firewall: iptables' rules, which nft does not show whole", async () => {
  await run(["iptables", "-P", "FORWARD", "DROP"]);
  await run(["iptables", "-P", "INPUT", "DROP"]);
  const read = async () => parseRuleset(await run(["nft", "-j", "list", "ruleset"]));
  const closed = checkForwarded(await read(), "tun0", "wan0", [4]);
  assert.equal(closed.status, "problem");
  await run(["sh", "-c", closed.command!]);
  assert.equal(checkForwarded(await read(), "tun0", "wan0", [4]).status, "ok");
  const incoming = checkIncoming(await read(), listen, "wan0");
  assert.equal(incoming.command, "iptables -I INPUT -p udp --dport 1194 -j ACCEPT");
  await run(["iptables", "-A", "INPUT", "-m", "conntrack", "--ctstate", "NEW", "-j", "ACCEPT"]);
  assert.equal(checkIncoming(await read(), listen, "wan0").status, "warning");

  assert.equal(checkTranslation(await read(), "10.8.0.0/24").status, "problem");
  await run([
    "iptables",
    "-t",
    "nat",
    "-A",
    "POSTROUTING",
    "-s",
    "10.8.0.0/24",
    "-j",
    "MASQUERADE",
  ]);
  assert.equal(checkTranslation(await read(), "10.8.0.0/24").status, "ok");
  await run(["iptables", "-t", "nat", "-F"]);
  const missing = checkTranslation(await read(), "10.8.0.0/24");
  await run(["sh", "-c", missing.command!]);
  assert.equal(checkTranslation(await read(), "10.8.0.0/24").status, "ok");
}, { needs: ["nft", "iptables"] });

Deno.test("firewall: without nft nothing is said of it", () => {
  assert.equal(checkIncoming(undefined, listen, "wan0").status, "skipped");
  assert.equal(checkForwarded(undefined, "tun0", undefined, [4, 6]).status, "skipped");
  assert.equal(checkTranslation(undefined, "10.8.0.0/24").status, "skipped");
});

Deno.test("firewall: chains that jump in circles come to an end", () => {
  const chain = (name: string, target: string, base = {}) => [
    { chain: { family: "ip", table: "t", name, ...base } },
    { rule: { family: "ip", table: "t", chain: name, expr: [{ jump: { target } }] } },
  ];
  const hook = { hook: "input", type: "filter", policy: "drop" };
  const nftables = [...chain("a", "b", hook), ...chain("b", "a")];
  const drop = droppedBy(parseRuleset(JSON.stringify({ nftables })), {
    hook: "input",
    family: 4,
    fields: {},
  });
  assert.equal(drop?.byPolicy, true);
});

Deno.test("firewall: any expression is read to an end", () => {
  const packet: Packet = { hook: "input", family: 4, fields: { "meta l4proto": "udp" } };
  const key = fc.constantFrom("match", "vmap", "xt", "jump", "accept", "payload", "set", "range");
  fc.assert(fc.property(fc.array(fc.dictionary(key, fc.jsonValue(), { minKeys: 1 })), (expr) => {
    const nftables = [
      { chain: { family: "ip", table: "t", name: "c", hook: "input", policy: "accept" } },
      { rule: { family: "ip", table: "t", chain: "c", expr } },
    ];
    droppedBy(parseRuleset(JSON.stringify({ nftables })), packet);
  }));
});
