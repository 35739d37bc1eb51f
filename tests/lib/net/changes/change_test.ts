import assert from "node:assert/strict";
import fc from "fast-check";
import {
  isSysctlName,
  isTableName,
  type MachineChange,
  parseChange,
} from "../../../../lib/net/changes/change.ts";
import { formatEntry, readJournal } from "../../../../lib/net/changes/journal_file.ts";
import { TemporaryDirectory } from "../../../harness/directory.ts";

const base64 = fc.uint8Array({ maxLength: 60 }).map((bytes) => btoa(String.fromCharCode(...bytes)));
const text = fc.string({ maxLength: 20, unit: "binary" });
const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,20}$/);
const sysctl = fc.tuple(name, name).map(([a, b]) => `net/${a}/${b}`);

/** Any change that can stand in a journal. */
const changes: fc.Arbitrary<MachineChange> = fc.oneof(
  fc.record({
    kind: fc.constant("nft-table" as const),
    family: fc.constantFrom("inet" as const, "ip" as const, "ip6" as const),
    name,
  }),
  fc.record({
    kind: fc.constant("sysctl" as const),
    name: sysctl,
    value: text,
    former: text,
    dependents: fc.dictionary(sysctl, text, { maxKeys: 3, noNullPrototype: true }),
  }),
  fc.record({
    kind: fc.constant("route-added" as const),
    route: fc.record({
      destination: text,
      prefixLength: fc.nat(128),
      gateway: text,
      interfaceIndex: fc.nat(),
      metric: fc.nat(),
    }, { requiredKeys: ["destination", "prefixLength"] }),
  }),
  fc.record({
    kind: fc.constant("rule-added" as const),
    rule: fc.record({
      family: fc.constantFrom(4 as const, 6 as const),
      table: fc.nat(0xffffffff),
      priority: fc.nat(),
      inputInterface: text,
      mark: fc.nat(),
      suppressPrefixLength: fc.nat(128),
    }, { requiredKeys: ["family", "table"] }),
  }),
  fc.record({
    kind: fc.constant("route-removed" as const),
    message: base64,
    description: text,
  }),
  fc.record({ kind: fc.constant("resolvconf" as const), record: name.map((n) => `${n}.vpn`) }),
  fc.record({
    kind: fc.constant("file" as const),
    path: fc.stringMatching(/^\/[a-z/]{0,10}$/),
    written: fc.stringMatching(/^[0-9a-f]{64}$/),
    former: fc.oneof(
      fc.record({ kind: fc.constant("absent" as const) }),
      fc.record({ kind: fc.constant("symlink" as const), target: text }),
      fc.record({
        kind: fc.constant("file" as const),
        content: base64,
        mode: fc.nat(0o7777),
        uid: fc.nat(0xffffffff),
        gid: fc.nat(0xffffffff),
      }),
    ),
  }),
);

Deno.test("changes: what is written to a journal is read from it, less what was undone", async () => {
  await using directory = await TemporaryDirectory.create();
  const path = `${directory.path}/journal`;
  fc.assert(fc.property(
    fc.array(fc.tuple(changes, fc.boolean()), { maxLength: 6 }),
    fc.nat(),
    (entries, cut) => {
      const lines = entries.map(([change], i) => formatEntry({ id: i + 1, change }));
      entries.forEach(([, undone], i) => undone && lines.push(formatEntry({ undone: i + 1 })));
      // A line that a crash cut off: its change was not made.
      const broken = formatEntry({
        id: 99,
        change: { kind: "nft-table", family: "inet", name: "x" },
      });
      const rest = broken.slice(0, cut % broken.length);
      Deno.writeTextFileSync(path, lines.join("") + rest, { mode: 0o600 });
      const expected = entries.flatMap(([change, undone], i) =>
        undone ? [] : [[i + 1, JSON.parse(JSON.stringify(change))] as const]
      );
      assert.deepEqual([...readJournal(path)!], expected);
    },
  ));
});

Deno.test("changes: nothing malformed is taken for one", () => {
  const replacement = fc.anything();
  fc.assert(fc.property(changes, fc.nat(), replacement, (change, which, value) => {
    const keys = Object.keys(change);
    const altered = { ...change, [keys[which % keys.length]]: value };
    const parsed = parseChange(altered);
    // What is taken is well-formed: it reads the same once more.
    if (parsed !== undefined) assert.deepEqual(parseChange(parsed), parsed);
  }));
  for (
    const value of [
      ...[undefined, null, 1, "x", [], {}, { kind: "toString" }, { kind: "nft-table" }],
      { kind: { toString: 0 } },
    ]
  ) {
    assert.equal(parseChange(value), undefined);
  }
});

Deno.test("changes: names cannot lead elsewhere", () => {
  for (const bad of ["", "1a", "a b", "a;flush ruleset", "a\n", "a{", "x".repeat(129)]) {
    assert.equal(isTableName(bad), false, bad);
  }
  assert.ok(isTableName("vpn_exit_tun0"));
  for (
    const bad of [
      "kernel/core_pattern",
      "net/../kernel/core_pattern",
      "net//x",
      "net/./x",
      "/net/x",
    ]
  ) assert.equal(isSysctlName(bad), false, bad);
  assert.ok(isSysctlName("net/ipv6/conf/eth0.5/accept_ra"));
});

Deno.test("changes: a damaged journal, or one that others may write to, is refused", async () => {
  await using directory = await TemporaryDirectory.create();
  const path = `${directory.path}/journal`;
  await Deno.writeTextFile(path, "{}\n", { mode: 0o600 });
  assert.throws(() => readJournal(path), /is damaged/);
  await Deno.writeTextFile(path, "");
  await Deno.chmod(path, 0o620);
  assert.throws(() => readJournal(path), /others may write/);
  assert.equal(readJournal(`${directory.path}/none`), undefined);
});
