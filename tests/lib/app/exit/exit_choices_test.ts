import assert from "node:assert/strict";
import fc from "fast-check";
import {
  chooseExit,
  ExitChoicesWatch,
  formatExitChoices,
  parseExitChoices,
  readExitChoices,
} from "../../../../lib/app/exit/exit_choices.ts";
import { writeFileAtomically } from "../../../../lib/base/atomic_file.ts";
import { TemporaryDirectory } from "../../../harness/directory.ts";
import { RecordedLog } from "../../net/machine.ts";

// Common names as certificates have them; a line of OpenVPN's ends at a NUL or line end.
const name = fc.string({ minLength: 1, maxLength: 40 })
  .filter((text) => !/[\0\r\n]/.test(text) && text.trim() !== "");

Deno.test("exit choices: what is written is read", () => {
  fc.assert(fc.property(fc.uniqueArray(fc.tuple(name, name), { selector: ([a]) => a }), (pairs) => {
    const choices = new Map(pairs);
    assert.deepEqual(parseExitChoices(formatExitChoices(choices)), choices);
  }));
});

Deno.test("exit choices: comments, quotes, and lines that are wrong", () => {
  const text = `# comment\n\nalice paris\r\n"bob b" server # why\nalice rome\n`;
  assert.deepEqual([...parseExitChoices(text)], [["alice", "rome"], ["bob b", "server"]]);
  assert.throws(() => parseExitChoices("alice\n"), /line 1 is not CLIENT EXIT/);
  assert.throws(() => parseExitChoices("a b\na b c\n"), /line 2 is not/);
  assert.throws(() => parseExitChoices('a "b\n'), /line 1: /);
});

Deno.test("exit choices: chosen and taken back, while a server watches", async () => {
  await using directory = await TemporaryDirectory.create();
  const path = `${directory.path}/exit-choices`;
  const log = new RecordedLog();
  const seen: [string, string][][] = [];
  let wake = () => {};
  using _watch = new ExitChoicesWatch(path, (choices) => {
    seen.push([...choices]);
    wake();
  }, log);
  const next = async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    wake = resolve;
    await promise;
    return seen.at(-1);
  };
  assert.deepEqual(seen, [[]]);
  await chooseExit(path, "alice", "paris");
  assert.deepEqual(await next(), [["alice", "paris"]]);
  await chooseExit(path, "bob", "none");
  assert.deepEqual(await next(), [["alice", "paris"], ["bob", "none"]]);
  // A slip of the pen changes nothing.
  await writeFileAtomically(path, "alice\n", 0o644);
  while (log.warnings.length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.match(log.warnings[0], /stay as they were: .*line 1 is not CLIENT EXIT/);
  assert.equal(seen.length, 3);
  await writeFileAtomically(path, "bob none\n", 0o644);
  assert.deepEqual(await next(), [["bob", "none"]]);
  await chooseExit(path, "bob", undefined);
  assert.deepEqual(await next(), []);
  assert.deepEqual([...await readExitChoices(path)], []);
});
