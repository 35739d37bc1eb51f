import assert from "node:assert/strict";
import { deleteNftTable, effectiveUserId, Netlink, NftFamily, SysError } from "deno-tun";
import { AppliedChanges } from "../../../../lib/net/applied_changes.ts";
import { ChangeJournal } from "../../../../lib/net/changes/journal.ts";
import { recoverChanges } from "../../../../lib/net/changes/recovery.ts";
import { applyTable } from "../../../../lib/net/nftables.ts";
import { holdSysctl } from "../../../../lib/net/sysctl.ts";
import { createHash } from "node:crypto";
import { isolatedTest } from "../../../ffi/isolated.ts";
import { run } from "../../../harness/command.ts";
import { connectMachine, ip, machineState, RecordedLog } from "../machine.ts";

effectiveUserId(); // loads libc before the sanitizers look

const here = import.meta.url;
const needs = ["nft"] as const;
const forwarding = "net/ipv4/ip_forward";

const readSwitch = () => Deno.readTextFileSync(`/proc/sys/${forwarding}`).trim();
const ruleset = () => run(["nft", "list", "ruleset"]);
const journals = () => [...Deno.readDirSync(Deno.env.get("VPN_RUN_DIRECTORY")!)].map((e) => e.name);

/** Everything a change can be of. */
async function everything(): Promise<string> {
  return [await machineState(), await ip("rule"), await ruleset(), readSwitch()].join("\n");
}

function table(changes: AppliedChanges, name = "vpn_test"): void {
  const content = "chain forward { type filter hook forward priority filter; }";
  applyTable({ family: "inet", name, content }, changes);
}

/** A table, a switch, a route more and a route less, and a file. */
function changeEverything(changes: AppliedChanges, file: string): void {
  table(changes);
  holdSysctl(forwarding, "1", changes, ["net/ipv4/conf/all/accept_redirects"]);
  const netlink = Netlink.open();
  const route = {
    destination: "203.0.113.7",
    prefixLength: 32,
    gateway: "192.0.2.1",
    table: 254,
  };
  changes.make({ kind: "route-added", route }, () => netlink.addRoute(route));
  const [former] = netlink.routes({ family: 4, table: 254 })
    .filter(({ prefixLength }) => prefixLength === 0);
  const message = btoa(String.fromCharCode(...former.message!));
  changes.make(
    { kind: "route-removed", message, description: "0.0.0.0/0" },
    () => netlink.deleteRoute(former),
  );
  const rule = { family: 4 as const, priority: 77, table: 1000, inputInterface: "wan0" };
  changes.make({ kind: "rule-added", rule }, () => netlink.addRule(rule));
  const { mode, uid, gid } = Deno.statSync(file);
  const content = "nameserver 10.8.0.1\n";
  changes.make({
    kind: "file",
    path: file,
    written: createHash("sha256").update(content).digest("hex"),
    former: {
      kind: "file",
      content: btoa(Deno.readTextFileSync(file)),
      mode: mode! & 0o7777,
      uid: uid!,
      gid: gid!,
    },
  }, () => Deno.writeTextFileSync(file, content));
  netlink.close();
}

/** A directory for journals, and a file to be changed. */
function prepare(): string {
  const directory = Deno.makeTempDirSync();
  globalThis.addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));
  Deno.env.set("VPN_RUN_DIRECTORY", `${directory}/vpn`);
  const file = `${directory}/resolv.conf`;
  Deno.writeTextFileSync(file, "nameserver 192.0.2.53\n", { mode: 0o640 });
  return file;
}

/** This module again as another process, which does one of `asProcess`. */
function spawn(what: string, file = ""): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "-A", here, what, file],
    env: { VPN_ISOLATED_TEST: "" },
    stdin: "piped",
    stdout: "piped",
  }).spawn();
}

/** Starts one, and waits until it has said that it is done. */
async function started(what: string, file?: string): Promise<Deno.ChildProcess> {
  const child = spawn(what, file);
  const reader = child.stdout.getReader();
  assert.equal(new TextDecoder().decode((await reader.read()).value).trim(), "done");
  reader.releaseLock();
  return child;
}

async function killed(child: Deno.ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await child.stdin.close().catch(() => {});
  await child.output();
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

const asProcess: Record<string, (file: string) => Promise<void>> = {
  async change(file) {
    changeEverything(new AppliedChanges(new RecordedLog()), file);
    say("done");
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  },
  async hold() {
    holdSysctl(forwarding, "1", new AppliedChanges(new RecordedLog()));
    say("done");
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  },
};
if (Deno.args.length > 0) await asProcess[Deno.args[0]](Deno.args[1]);

await isolatedTest(here, "changes: undone in order, and no journal left", async () => {
  await connectMachine();
  const file = prepare();
  const before = await everything();
  const log = new RecordedLog();
  const changes = new AppliedChanges(log);
  changeEverything(changes, file);
  assert.notEqual(await everything(), before);
  assert.equal(journals().length, 1);
  const { mode } = Deno.statSync(`${Deno.env.get("VPN_RUN_DIRECTORY")}/${journals()[0]}`);
  assert.equal(mode! & 0o777, 0o600);
  await changes.undo();
  assert.equal(await everything(), before);
  assert.equal(Deno.readTextFileSync(file), "nameserver 192.0.2.53\n");
  assert.equal(Deno.statSync(file).mode! & 0o777, 0o640);
  assert.deepEqual(journals(), []);
  assert.deepEqual(log.warnings, []);
}, { needs });

await isolatedTest(
  here,
  "changes: what a killed process left is undone, a live one's is not",
  async () => {
    await connectMachine();
    const file = prepare();
    const before = await everything();
    const child = await started("change", file);
    const during = await everything();
    assert.notEqual(during, before);
    const log = new RecordedLog();
    recoverChanges(log);
    assert.equal(await everything(), during);
    await killed(child);
    // Kept: noted for a later call.
    recoverChanges(log, { keep: (change) => change.kind === "nft-table" });
    assert.match(await ruleset(), /vpn_test/);
    assert.equal(readSwitch(), "0");
    assert.equal(journals().length, 1);
    recoverChanges(log);
    assert.equal(await everything(), before);
    assert.equal(Deno.readTextFileSync(file), "nameserver 192.0.2.53\n");
    assert.deepEqual(journals(), []);
    assert.deepEqual(log.warnings, []);
  },
  { needs },
);

await isolatedTest(here, "changes: what somebody else changed since stays", async () => {
  await connectMachine();
  const file = prepare();
  const child = await started("change", file);
  await killed(child);
  Deno.writeTextFileSync(file, "nameserver 198.51.100.53\n");
  Deno.writeTextFileSync(`/proc/sys/${forwarding}`, "0");
  await run(["nft", "flush", "ruleset"]);
  const log = new RecordedLog();
  recoverChanges(log);
  assert.equal(Deno.readTextFileSync(file), "nameserver 198.51.100.53\n");
  assert.deepEqual(log.warnings, []);
  assert.deepEqual(journals(), []);
}, { needs });

await isolatedTest(here, "changes: the last tunnel that needs a switch puts it back", async () => {
  prepare();
  const other = await started("hold");
  const changes = new AppliedChanges(new RecordedLog());
  const second = new AppliedChanges(new RecordedLog());
  holdSysctl(forwarding, "1", changes);
  holdSysctl(forwarding, "1", second);
  await second.undo();
  assert.equal(readSwitch(), "1");
  await killed(other);
  recoverChanges(new RecordedLog());
  assert.equal(readSwitch(), "1", "we need it still");
  await changes.undo();
  assert.equal(readSwitch(), "0");
  // On by somebody else: not ours to put back.
  Deno.writeTextFileSync(`/proc/sys/${forwarding}`, "1");
  holdSysctl(forwarding, "1", changes);
  await changes.undo();
  assert.equal(readSwitch(), "1");
  assert.deepEqual(journals(), []);
}, { needs });

await isolatedTest(here, "changes: notes of a namespace that is gone are removed", () => {
  prepare();
  const directory = Deno.env.get("VPN_RUN_DIRECTORY")!;
  ChangeJournal.ofThisProcess().prepare();
  const own = journals();
  // No namespace has the inode 1, no process that number.
  Deno.writeTextFileSync(`${directory}/1.1-4194305-1.changes`, "", { mode: 0o600 });
  // The same inode, another cookie: the number came again.
  const [inode] = own[0].split(".");
  Deno.writeTextFileSync(`${directory}/${inode}.1-4194305-1.changes`, "", { mode: 0o600 });
  recoverChanges(new RecordedLog());
  assert.deepEqual(journals(), own);
}, { needs });

await isolatedTest(
  here,
  "changes: a table that is not there is ENOENT, refused rules change nothing",
  async () => {
    prepare();
    const gone = (error: unknown) =>
      error instanceof SysError && error.name === "SysError" &&
      /ENOENT/.test(error.message);
    assert.throws(() => deleteNftTable(NftFamily.INET, "nothing"), gone);
    const changes = new AppliedChanges(new RecordedLog());
    table(changes, "kept");
    const before = await ruleset();
    assert.throws(() => {
      applyTable({ family: "inet", name: "kept", content: "chain x { nonsense }" }, changes);
    }, /nft refuses the rules/);
    assert.equal(await ruleset(), before);
    Deno.env.set("PATH", "/nowhere");
    await changes.undo();
    Deno.env.set("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    assert.equal(await ruleset(), "");
  },
  { needs },
);
