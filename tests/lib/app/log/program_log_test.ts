import assert from "node:assert/strict";
import { openProgramLog } from "../../../../lib/app/log/program_log.ts";
import { openLog } from "../../../../lib/base/log.ts";
import { TemporaryDirectory } from "../../../harness/directory.ts";
import { client } from "../../config/profile.ts";

/** What is in the file after these lines of configuration and these messages, each at its verb. */
async function logged(
  lines: readonly string[],
  messages: readonly (readonly [number, string])[] = [[1, "hello"]],
  before = "",
): Promise<string> {
  await using directory = await TemporaryDirectory.create();
  const path = `${directory.path}/vpn.log`;
  await Deno.writeTextFile(path, before);
  const config = client(...lines.map((line) => line.replace("FILE", path)));
  const log = await openProgramLog(config.log, () => {});
  for (const [verb, text] of messages) log.at(verb, text);
  // Another log closes the file of this one.
  openLog(0, () => {});
  return await Deno.readTextFile(path);
}

Deno.test("log empties the file, log-append does not", async () => {
  assert.match(await logged(["log FILE"], undefined, "old\n"), /^\d{4}-.* hello\n$/);
  assert.match(await logged(["log-append FILE"], undefined, "old\n"), /^old\n.* hello\n$/);
});

Deno.test("suppress-timestamps, machine-readable-output and log-format: how a line looks", async () => {
  assert.equal(await logged(["log FILE", "suppress-timestamps"]), "hello\n");
  assert.match(
    await logged(["log FILE", "machine-readable-output"]),
    /^\d{10}\.\d{6} \w+ hello\n$/,
  );
  assert.equal(JSON.parse(await logged(["log FILE", "log-format json"])).message, "hello");
});

Deno.test("verb and mute: what is logged at all", async () => {
  const messages = [[3, "three"], [4, "four"]] as const;
  assert.doesNotMatch(await logged(["log FILE"], messages), /three/);
  const text = await logged(["log FILE", "verb 3"], messages);
  assert.ok(text.includes("three") && !text.includes("four"));
  const many = new Array(5).fill([4, "again"]) as [number, string][];
  assert.equal((await logged(["log FILE", "verb 4"], many)).match(/ again\n/g)?.length, 5);
  assert.equal(
    (await logged(["log FILE", "verb 4", "mute 2"], many)).match(/ again\n/g)?.length,
    2,
  );
});
