import assert from "node:assert/strict";
import { optionTableMarkdown } from "../../../lib/config/mod.ts";
import { notYet } from "../../../lib/config/not_yet.ts";
import { findOption, nearestOption, optionRows } from "../../../lib/config/table.ts";
import { parameterCount } from "../../../lib/config/option.ts";
import { editDistance, nearest } from "../../../lib/config/nearest.ts";
import { tryRun } from "../../harness/command.ts";
import { testWith } from "../../harness/requirements.ts";

Deno.test("no option is in the table twice", () => {
  const names = optionRows.map((row) => row.name);
  assert.equal(new Set(names).size, names.length);
});

Deno.test("a supported option has a handler or is said not to be there yet", () => {
  const missing = new Set(notYet.flatMap((row) => row.options));
  for (const row of optionRows) {
    const open = row.class === "supported" || row.class === "script";
    // `config` is handled where files are read.
    if (!open || row.apply !== undefined || row.name === "config") continue;
    assert.ok(missing.has(row.name), `${row.name} would be taken silently`);
  }
});

Deno.test("what isn't there yet is in the table", () => {
  for (const row of notYet) {
    for (const option of row.options) assert.ok(findOption(option), option);
  }
});

Deno.test("a refused option says what to do instead", () => {
  for (const row of optionRows) {
    if (row.class === "refused") assert.ok(row.remedy !== undefined, row.name);
  }
  for (const row of notYet) {
    if (row.effect === "refuse") assert.ok(row.remedy !== undefined, row.options[0]);
  }
});

await testWith("the table knows every option of OpenVPN's --help", async () => {
  const { stdout } = await tryRun(["openvpn", "--help"]);
  const names = [...stdout.matchAll(/^--([a-z0-9-]+)/gm)].map((match) => match[1]);
  assert.ok(names.length > 200);
  // What only asks for output, before any configuration.
  const commands = new Set(["help", "version"]);
  const unknown = names.filter((name) => !commands.has(name) && !findOption(name));
  assert.deepEqual(unknown, []);
}, ["openvpn"]);

Deno.test("parameters are counted from the usage", () => {
  assert.deepEqual(parameterCount(""), { minimum: 0, maximum: 0 });
  assert.deepEqual(parameterCount("HOST [PORT] [PROTO]"), { minimum: 1, maximum: 3 });
  assert.deepEqual(parameterCount("KIND VALUE…"), { minimum: 2, maximum: Infinity });
  assert.deepEqual(parameterCount("[FLAG…]"), { minimum: 0, maximum: Infinity });
});

Deno.test("a mistyped option finds its neighbour", () => {
  assert.equal(nearestOption("remtoe"), "remote");
  assert.equal(nearestOption("keepalvie"), "keepalive");
  assert.equal(nearestOption("tls_auth"), "tls-auth");
  assert.equal(nearestOption("VERB"), "verb");
  assert.equal(nearestOption("conection"), "connection");
  assert.equal(nearestOption("frobnicate-everything"), undefined);
  assert.equal(nearest("x".repeat(1000), ["x"]), undefined);
});

// The textbook pairs (Wagner & Fischer; Damerau's swap counts once).
Deno.test("edit distances", () => {
  assert.equal(editDistance("kitten", "sitting"), 3);
  assert.equal(editDistance("saturday", "sunday"), 3);
  assert.equal(editDistance("ca", "ac"), 1);
  assert.equal(editDistance("", "abc"), 3);
  assert.equal(editDistance("same", "same"), 0);
});

Deno.test("the README's table has a line for each option", () => {
  const markdown = optionTableMarkdown();
  for (const row of optionRows) assert.ok(markdown.includes(`| \`${row.name}\` |`), row.name);
  assert.match(markdown, /\| `tls-crypt` \|.*supported/);
  assert.match(markdown, /\| `key-direction` \| `0\\\|1` \| supported \|/);
  // A stray bar would shift the columns.
  for (const line of markdown.split("\n").filter((l) => l.startsWith("| "))) {
    assert.equal(line.replaceAll("\\|", "").split("|").length, 6, line);
  }
});
