/** Where programs start, privileges given up or not. */
import assert from "node:assert/strict";
import { TemporaryDirectory } from "../../../harness/directory.ts";
import { testWith } from "../../../harness/requirements.ts";

const program = new URL("./unprivileged_program.ts", import.meta.url).pathname;

/** What a program says that nobody starts in a directory of that mode. */
async function startedIn(mode: number, commandLine: string): Promise<string> {
  await using directory = await TemporaryDirectory.create();
  await Deno.chmod(directory.path, mode);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", program, commandLine],
    cwd: directory.path,
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).replaceAll(directory.path, "HERE");
}

await testWith("a program starts in our directory, if nobody may enter it", async () => {
  assert.match(await startedIn(0o755, "/bin/pwd"), /HERE[\s\S]*"code":0/);
}, ["root"]);

await testWith("and at the root where it may not", async () => {
  const said = await startedIn(0o700, "/bin/pwd");
  assert.match(said, /^(.*: )?\/$/m);
  assert.match(said, /"code":0/);
  // What is in there is out of reach, as it is for OpenVPN's.
  assert.match(await startedIn(0o700, "own-program"), /"kind":"not-started"/);
}, ["root"]);
