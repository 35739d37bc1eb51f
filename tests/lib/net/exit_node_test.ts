import assert from "node:assert/strict";
import fc from "fast-check";
import { deleteNftTable, effectiveUserId, NftFamily } from "deno-tun";
import { ExitNode, exitRules } from "../../../lib/net/exit_node.ts";
import { parseDroppingChains } from "../../../lib/net/firewall_policies.ts";
import { nameForInterface, quotedInterface } from "../../../lib/net/nftables.ts";
import { isTableName } from "../../../lib/net/changes/change.ts";
import { isolatedTest } from "../../ffi/isolated.ts";
import { run } from "../../harness/command.ts";
import { connectMachine, ip, RecordedLog } from "./machine.ts";

effectiveUserId(); // loads libc before the sanitizers look

const here = import.meta.url;
const needs = { needs: ["nft"] as const };
const ruleset = () => run(["nft", "list", "ruleset"]);
const read = (name: string) => Deno.readTextFileSync(`/proc/sys/net/${name}`).trim();
const write = (name: string, value: string) =>
  Deno.writeTextFileSync(`/proc/sys/net/${name}`, value);

function prepare(): void {
  const directory = Deno.makeTempDirSync();
  globalThis.addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));
  Deno.env.set("VPN_RUN_DIRECTORY", `${directory}/vpn`);
}

/** All switches that could be touched. */
async function switches(): Promise<string> {
  const grep = "cd /proc/sys/net && grep -rs . ipv4/ip_forward ipv4/conf ipv6/conf | sort";
  return await run(["sh", "-c", grep]);
}

await isolatedTest(here, "exit node: switches and rules, and nothing left of them", async () => {
  prepare();
  await connectMachine();
  await ip("tuntap add tun0 mode tun");
  // One interface forwards already: that stays so.
  write("ipv4/conf/isp0/forwarding", "1");
  write("ipv6/conf/isp0/forwarding", "1");
  write("ipv4/conf/all/accept_redirects", "0");
  const before = await switches();
  const routes = await ip("-6 route");
  const log = new RecordedLog();
  const node = await ExitNode.open({ tunnel: "tun0", out: "wan0", ipv6: true }, log);
  assert.equal(read("ipv4/ip_forward"), "1");
  assert.equal(read("ipv6/conf/all/forwarding"), "1");
  // The default route of connectMachine is from a router advertisement: it must stay.
  assert.equal(read("ipv6/conf/wan0/accept_ra"), "2");
  assert.equal(await ip("-6 route"), routes);
  const rules = await ruleset();
  assert.match(rules, /table inet vpn_exit_tun0 /);
  assert.match(rules, /iifname "tun0" oifname "wan0" meta nfproto ipv4 masquerade/);
  assert.match(rules, /iifname "tun0" oifname "wan0" ip6 saddr fc00::\/7 masquerade/);
  assert.match(rules, /iifname "tun0" oifname != "wan0" drop/);
  await node.close();
  await node.close();
  assert.equal(await switches(), before);
  assert.equal(await ruleset(), "");
  assert.equal(await ip("-6 route"), routes);
  assert.deepEqual(log.warnings, []);
}, needs);

await isolatedTest(
  here,
  "exit node: by an interface that is not the machine's own way",
  async () => {
    prepare();
    await connectMachine();
    await ip("tuntap add tun0 mode tun");
    await ip("addr add 10.8.0.1/24 dev tun0");
    await ip("-6 addr add fd00:8::1/64 dev tun0 nodad");
    await ip("link set tun0 up");
    await ip("link add wan1 type veth peer name isp1");
    await ip("addr add 198.51.100.10/24 dev wan1");
    for (const name of ["wan1", "isp1"]) {
      await ip(`link set ${name} addrgenmode none`);
      await ip(`link set ${name} up`);
    }
    await ip("route add default via 198.51.100.1 dev wan1 metric 900");
    write("ipv4/conf/wan1/rp_filter", "1");
    write("ipv4/conf/tun0/forwarding", "1");
    const state = async () =>
      [await switches(), await ip("rule"), await ip("-6 rule"), await ip("route show table all")]
        .join("\n");
    const before = await state();
    const way = async (words: string) => JSON.parse(await ip(`-j route get ${words}`))[0].dev;
    const forwarded = "203.0.113.9 from 10.8.0.2 iif tun0";
    assert.equal(await way(forwarded), "wan0");
    const log = new RecordedLog();
    const node = await ExitNode.open({ tunnel: "tun0", out: "wan1", ipv6: true }, log);
    assert.equal(await way(forwarded), "wan1");
    // The machine's own traffic, and networks that it knows, keep their way.
    assert.equal(await way("203.0.113.9"), "wan0");
    assert.equal(await way("192.0.2.77 from 10.8.0.2 iif tun0"), "wan0");
    assert.equal(read("ipv4/conf/wan1/rp_filter"), "2");
    assert.ok(log.lines.some((line) => /no IPv6 default route by wan1/.test(line)));
    assert.deepEqual(log.warnings, []);
    await node.close();
    assert.equal(await state(), before);
    // By the machine's own way there is nothing to do.
    const plain = await ExitNode.open({ tunnel: "tun0", out: "wan0", ipv6: true }, log);
    assert.doesNotMatch(await ip("rule"), /tun0/);
    await plain.close();
    // Nowhere to go.
    const lost = await ExitNode.open({ tunnel: "tun0", out: "isp1", ipv6: false }, log);
    assert.match(log.warnings[0], /no IPv4 default route by isp1/);
    await lost.close();
    assert.equal(await state(), before);
  },
  needs,
);

await isolatedTest(here, "exit node: all or nothing", async () => {
  prepare();
  await connectMachine();
  const before = await switches();
  const log = new RecordedLog();
  const open = (out?: string) => ExitNode.open({ tunnel: "tun0", out, ipv6: true }, log);
  await assert.rejects(open("wan9"), {
    line: /no network interface wan9: name one of .*wan0/,
  });
  const path = Deno.env.get("PATH")!;
  Deno.env.set("VPN_RUN_DIRECTORY", "/proc/no");
  await assert.rejects(open(), /cannot note changes/);
  prepare();
  // nft is not installed.
  await run(["mount", "-t", "tmpfs", "none", "/usr/sbin"]);
  await assert.rejects(open(), { line: /nft is missing.*apt-get install nftables/ });
  await run(["umount", "/usr/sbin"]);
  // A container with a read-only /proc/sys.
  await run(["mount", "-o", "bind,ro", "/proc/sys", "/proc/sys"]);
  await assert.rejects(open(), { line: /net\.ipv4\.ip_forward.*sysctl -w/ });
  await run(["umount", "/proc/sys"]);
  assert.equal(await ruleset(), "");
  assert.equal(await switches(), before);
  Deno.env.set("PATH", path);
}, { ...needs, wrapper: ["unshare", "--mount"] });

await isolatedTest(here, "exit node: undone by another user with CAP_NET_ADMIN", async () => {
  Deno.env.set("VPN_RUN_DIRECTORY", "/run/vpn");
  await connectMachine();
  const before = await switches();
  const log = new RecordedLog();
  const node = await ExitNode.open({ tunnel: "tun0", ipv6: true }, log);
  const journals = () => [...Deno.readDirSync(Deno.env.get("VPN_RUN_DIRECTORY")!)];
  assert.equal(journals().length, 1);
  becomeNobody();
  await node.close();
  assert.deepEqual(log.warnings, []);
  // Nobody may look into the directory of journals, and nft needs more than the process has.
  assert.throws(journals, Deno.errors.PermissionDenied);
  assert.equal(await switches(), before);
  assert.equal(Deno.uid(), 65534);
  assert.throws(() => deleteNftTable(NftFamily.INET, "vpn_exit_tun0"), /ENOENT/);
}, {
  ...needs,
  // A /run of its own, which goes with the process.
  wrapper: ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /run && exec "$@"', "sh"],
});

/** Gives up being root, on this thread and all others, except for CAP_NET_ADMIN on this one. */
function becomeNobody(): void {
  const { symbols } = Deno.dlopen("libc.so.6", {
    // int prctl(int op, ...);
    prctl: { parameters: ["i32", "usize"], result: "i32" },
    // int setresuid(uid_t ruid, uid_t euid, uid_t suid);
    setresuid: { parameters: ["u32", "u32", "u32"], result: "i32" },
    // int capset(cap_user_header_t hdrp, const cap_user_data_t datap);
    capset: { parameters: ["buffer", "buffer"], result: "i32" },
  });
  const PR_SET_KEEPCAPS = 8;
  assert.equal(symbols.prctl(PR_SET_KEEPCAPS, 1n), 0);
  assert.equal(symbols.setresuid(65534, 65534, 65534), 0);
  // struct __user_cap_header_struct: version 3 (0x20080522) | pid; then for each 32 capabilities
  // effective | permitted | inheritable. CAP_NET_ADMIN is 12.
  const header = new Uint32Array([0x20080522, 0]);
  const data = new Uint32Array([1 << 12, 1 << 12, 0, 0, 0, 0]);
  assert.equal(symbols.capset(new Uint8Array(header.buffer), new Uint8Array(data.buffer)), 0);
}

await isolatedTest(here, "exit node: other people's rules that drop are told", async () => {
  prepare();
  await run(["nft", "-f", "-"], {
    input:
      "table ip filter { chain FORWARD { type filter hook forward priority 0; policy drop; }\n}\n",
  });
  const log = new RecordedLog();
  const node = await ExitNode.open({ tunnel: "tun0", ipv6: false }, log);
  assert.equal(log.warnings.length, 1);
  assert.match(log.warnings[0], /ip filter FORWARD drops .*iptables -I FORWARD -i tun0 -j ACCEPT/);
  await node.close();
}, needs);

Deno.test("exit node: without IPv6 in the tunnel none is forwarded", () => {
  const rules = exitRules({ tunnel: "tun0", ipv6: false });
  assert.match(rules, /iifname "tun0" meta nfproto ipv6 drop/);
  assert.doesNotMatch(rules, /ip6 saddr/);
});

Deno.test("exit node: dropping chains are found in nft's JSON", () => {
  const chain = { family: "inet", table: "fw", name: "fwd", hook: "forward", policy: "drop" };
  const json = JSON.stringify({
    nftables: [
      { metainfo: { json_schema_version: 1 } },
      { chain },
      { chain: { ...chain, hook: "input" } },
      { chain: { ...chain, policy: "accept" } },
    ],
  });
  assert.deepEqual(parseDroppingChains(json), [{ family: "inet", table: "fw", name: "fwd" }]);
});

Deno.test("nftables: names of interfaces neither clash nor escape", () => {
  fc.assert(fc.property(fc.string({ maxLength: 15 }), fc.string({ maxLength: 15 }), (a, b) => {
    if (a !== b) assert.notEqual(nameForInterface(a), nameForInterface(b));
    if (a.length < 8) assert.ok(isTableName(`vpn_exit_${nameForInterface(a)}`));
    try {
      assert.match(quotedInterface(a), /^"[^"\\*\s]+"$/);
    } catch (error) {
      assert.match(String(error), /cannot stand in a firewall rule/);
    }
  }));
  for (const bad of ["", "a b", 'a"', "tun*", "x".repeat(16), "a\n", "a/b"]) {
    assert.throws(() => quotedInterface(bad));
  }
});
