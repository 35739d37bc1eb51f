/** Questions without echo, on a pseudo-terminal. */
import assert from "node:assert/strict";
import { debianPython } from "../../../scripts/packages.ts";
import { tryRun } from "../../harness/command.ts";

const onTerminal = new URL("../../harness/on_terminal.py", import.meta.url).pathname;
const program = new URL("./asking_program.ts", import.meta.url).pathname;

/** Runs the program through these steps. */
async function asked(...steps: readonly (readonly [string, string])[]) {
  const command = [Deno.execPath(), "run", "-A", "--no-check", program];
  return await tryRun([debianPython, onTerminal, JSON.stringify(steps), ...command]);
}

Deno.test("who answers as soon as the question is there is not seen to type", async () => {
  const result = await asked(["expect", "Secret:"], ["type", "quickly\n"], ["echo", "on"]);
  assert.equal(result.code, 0, result.stdout);
  assert.match(result.stdout, /it has 7 characters/);
  assert.doesNotMatch(result.stdout, /quickly/);
});

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  Deno.test(`${signal} at a question gives the terminal its echo back`, async () => {
    const result = await asked(
      ["expect", "Secret:"],
      ["type", "half of it"],
      ["echo", "off"],
      [
        "signal",
        signal,
      ],
      ["expect", "given up"],
      ["echo", "on"],
    );
    assert.equal(result.code, 1, result.stdout);
    assert.doesNotMatch(result.stdout, /half/);
  });
}

Deno.test("so does Ctrl-C", async () => {
  const result = await asked(["expect", "Secret:"], ["type", "\x03"], ["expect", "given up"], [
    "echo",
    "on",
  ]);
  assert.equal(result.code, 1, result.stdout);
});
