import assert from "node:assert/strict";
import { programsOf } from "../../../../lib/app/programs/programs_of.ts";
import { TemporaryDirectory } from "../../../harness/directory.ts";
import { client } from "../../config/profile.ts";
import { RecordedLog } from "../../net/machine.ts";

/** What a program of a client with these lines has in its environment; undefined: it didn't run. */
async function environment(...lines: string[]): Promise<string | undefined> {
  await using directory = await TemporaryDirectory.create();
  const script = `${directory.path}/up`;
  await Deno.writeTextFile(script, `#!/bin/sh\nenv > ${directory.path}/env\n`, { mode: 0o700 });
  const programs = programsOf(client(...lines), new RecordedLog());
  await programs.run({ option: "up", commandLine: script });
  return await Deno.readTextFile(`${directory.path}/env`).catch(() => undefined);
}

Deno.test("setenv and setenv-safe are there for programs, which run with script-security 2", async () => {
  const lines = ["setenv COLOUR blue", "setenv-safe TASTE sweet", "script-security 2"];
  const text = await environment(...lines);
  assert.match(text!, /^COLOUR=blue$/m);
  assert.match(text!, /^OPENVPN_TASTE=sweet$/m);
  assert.equal(await environment(...lines.slice(0, 2)), undefined);
});
