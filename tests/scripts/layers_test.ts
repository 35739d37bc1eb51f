import assert from "node:assert/strict";
import { findCycles, forbiddenImports, layerProblems, roomOf } from "../../scripts/layers.ts";

/** A graph in short: `{ "a.ts": "b.ts c.ts" }`. */
function graph(files: Record<string, string>): Map<string, string[]> {
  return new Map(
    Object.entries(files).map(([file, imports]) => [file, imports.split(" ").filter(Boolean)]),
  );
}

Deno.test("a file's room is its directory, two deep, three in lib/channel", () => {
  assert.equal(roomOf("lib/wire/opcode.ts"), "lib/wire");
  assert.equal(roomOf("lib/wire/deep/er.ts"), "lib/wire");
  assert.equal(roomOf("lib/channel/psk/a.ts"), "lib/channel/psk");
  assert.equal(roomOf("ffi/linux/tun.ts"), "ffi");
  assert.equal(roomOf("main.ts"), "main.ts");
  assert.equal(roomOf("tests/lib/wire/opcode_test.ts"), undefined);
});

Deno.test("the arrows of DESIGN.md are allowed", () => {
  assert.deepEqual(
    layerProblems(graph({
      "main.ts": "lib/app/client.ts lib/base/errors.ts lib/config/parse.ts",
      "mod.ts": "lib/app/client.ts ffi/mod.ts",
      "lib/app/client.ts": "lib/control/session.ts lib/loop/worker.ts lib/net/routes.ts",
      "lib/control/session.ts": "lib/wire/packet.ts lib/pki/chain.ts lib/crypto/auth.ts",
      "lib/loop/worker.ts": "lib/data/peer.ts lib/crypto/engine.ts ffi/mod.ts",
      "lib/data/peer.ts": "lib/crypto/engine.ts lib/base/errors.ts",
      "lib/crypto/engine.ts": "ffi/mod.ts",
      "lib/crypto/auth.ts": "lib/wire/packet.ts",
      "lib/net/routes.ts": "ffi/mod.ts lib/config/parse.ts",
      "lib/config/parse.ts": "lib/base/errors.ts",
      "lib/pki/chain.ts": "lib/base/errors.ts",
      "lib/wire/packet.ts": "lib/base/errors.ts",
      "lib/base/errors.ts": "",
      "ffi/mod.ts": "ffi/tun.ts",
      "ffi/tun.ts": "",
    })),
    [],
  );
});

for (
  const [from, to] of [
    ["lib/control/a.ts", "lib/data/b.ts"],
    ["lib/data/a.ts", "lib/control/b.ts"],
    ["lib/base/a.ts", "lib/wire/b.ts"],
    ["lib/wire/a.ts", "lib/crypto/b.ts"],
    ["lib/reliable/a.ts", "lib/crypto/b.ts"],
    ["lib/config/a.ts", "lib/pki/b.ts"],
    ["lib/data/a.ts", "ffi/mod.ts"],
    ["lib/channel/psk/a.ts", "lib/channel/box/b.ts"],
    ["ffi/a.ts", "lib/base/b.ts"],
    ["lib/app/a.ts", "tests/harness/b.ts"],
    ["lib/app/a.ts", "main.ts"],
    ["lib/app/a.ts", "mod.ts"],
    ["main.ts", "lib/control/b.ts"],
    ["lib/cellar/a.ts", "lib/base/b.ts"],
  ]
) {
  Deno.test(`${from} may not import ${to}`, () => {
    assert.equal(forbiddenImports(graph({ [from]: to, [to]: "" })).length, 1);
  });
}

Deno.test("circles of files are found, also within one room and of one file", () => {
  const files = graph({
    "lib/wire/a.ts": "lib/wire/b.ts",
    "lib/wire/b.ts": "lib/wire/c.ts lib/base/x.ts",
    "lib/wire/c.ts": "lib/wire/a.ts",
    "lib/wire/d.ts": "lib/wire/a.ts",
    "lib/base/x.ts": "lib/base/x.ts",
  });
  assert.deepEqual(findCycles(files).sort(), [
    ["lib/base/x.ts"],
    ["lib/wire/a.ts", "lib/wire/b.ts", "lib/wire/c.ts"],
  ]);
  assert.equal(layerProblems(files).length, 2);
});

Deno.test("a circle of rooms is found although no files are in a circle", () => {
  const problems = layerProblems(graph({
    "lib/wire/a.ts": "lib/base/b.ts",
    "lib/base/c.ts": "lib/wire/d.ts",
    "lib/base/b.ts": "",
    "lib/wire/d.ts": "",
  }));
  assert.ok(problems.includes("rooms in a circle: lib/base, lib/wire"));
});
