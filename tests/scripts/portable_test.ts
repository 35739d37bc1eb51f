import assert from "node:assert/strict";
import { writePortable } from "../../scripts/portable.ts";
import { TemporaryDirectory } from "../harness/directory.ts";
import { run, tryRun } from "../harness/command.ts";

/** Stands for Deno: tells how it was started. */
const runtime = `#!/bin/sh
echo "pid $$"
echo "umask $(umask)"
echo "cache $DENO_DIR"
for argument in "$@"; do echo "argument $argument"; done
`;

/** An executable with that runtime, and the cache directory to start it with. */
async function build(directory: string): Promise<{ executable: string; cache: string }> {
  const program = `${directory}/program`;
  await Deno.mkdir(`${program}/lib/loop`, { recursive: true });
  await Deno.writeTextFile(`${program}/main.js`, "main");
  await Deno.writeTextFile(`${program}/lib/loop/worker.js`, "worker");
  await Deno.writeTextFile(`${directory}/runtime`, runtime);
  const executable = `${directory}/vpn`;
  await writePortable({
    ...{ runtime: `${directory}/runtime`, program, output: executable },
    flags: ["--allow-net"],
  });
  const cache = `${directory}/cache`;
  await Deno.mkdir(cache, { mode: 0o700 });
  return { executable, cache };
}

/** The one directory that was unpacked. */
async function unpacked(cache: string): Promise<string> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(`${cache}/vpn`)) names.push(entry.name);
  assert.equal(names.length, 1, names.join(" "));
  return `${cache}/vpn/${names[0]}`;
}

Deno.test("starts the runtime with flags and arguments, as the same process", async () => {
  await using directory = await TemporaryDirectory.create();
  const { executable, cache } = await build(directory.path);
  const child = new Deno.Command("sh", {
    args: ["-c", 'umask 027; exec "$0" "$@"', executable, "serve", "a b", "*"],
    env: { XDG_CACHE_HOME: cache },
    stdout: "piped",
  }).spawn();
  const output = new TextDecoder().decode((await child.output()).stdout).split("\n");
  const target = await unpacked(cache);
  assert.ok(output.includes(`pid ${child.pid}`));
  assert.ok(output.includes("umask 0027"));
  assert.ok(output.includes(`cache ${target}/cache`));
  const words = output.filter((line) => line.startsWith("argument ")).map((line) => line.slice(9));
  assert.equal(words[0], "run");
  assert.ok(words.includes("--no-prompt"));
  assert.deepEqual(words.slice(-5), ["--allow-net", `${target}/main.js`, "serve", "a b", "*"]);
});

Deno.test("unpacks into a directory that is the user's alone, whatever the umask", async () => {
  await using directory = await TemporaryDirectory.create();
  const { executable, cache } = await build(directory.path);
  await run(["sh", "-c", 'umask 0; exec "$0"', executable], { env: { XDG_CACHE_HOME: cache } });
  const target = await unpacked(cache);
  for (const path of [`${cache}/vpn`, target, `${target}/deno`, `${target}/lib/loop/worker.js`]) {
    assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o077, 0, path);
  }
  assert.equal(await Deno.readTextFile(`${target}/lib/loop/worker.js`), "worker");
});

Deno.test("a second start unpacks nothing; a file that was cut is unpacked again", async () => {
  await using directory = await TemporaryDirectory.create();
  const { executable, cache } = await build(directory.path);
  const env = { XDG_CACHE_HOME: cache };
  await run([executable], { env });
  const target = await unpacked(cache);
  const first = await Deno.stat(target);
  await run([executable], { env });
  assert.equal((await Deno.stat(target)).ino, first.ino);
  await Deno.truncate(`${target}/main.js`, 2);
  await run([executable], { env });
  assert.equal(await Deno.readTextFile(`${await unpacked(cache)}/main.js`), "main");
});

Deno.test("the runtime reads the modules once, when they have been unpacked", async () => {
  await using directory = await TemporaryDirectory.create();
  const { executable, cache } = await build(directory.path);
  const env = { XDG_CACHE_HOME: cache };
  const first = await tryRun([executable, "serve"], { env });
  const words = first.stderr.trim().split("\n").filter((line) => line.startsWith("argument "));
  assert.equal(words[0], "argument cache");
  assert.deepEqual(words.slice(-2), ["argument lib/loop/worker.js", "argument main.js"]);
  assert.match(first.stderr, new RegExp(`^cache ${await unpacked(cache)}/cache$`, "m"));
  assert.match(first.stdout, /^argument run$/m);
  const second = await tryRun([executable, "serve"], { env });
  assert.equal(second.stderr, "");
  assert.match(second.stdout, /^argument run$/m);
});

Deno.test("first starts at the same time all succeed and leave one copy", async () => {
  await using directory = await TemporaryDirectory.create();
  const { executable, cache } = await build(directory.path);
  const starts = Array.from(
    { length: 8 },
    () => run([executable], { env: { XDG_CACHE_HOME: cache } }),
  );
  for (const output of await Promise.all(starts)) assert.match(output, /argument run/);
  await unpacked(cache);
});

Deno.test("a damaged executable is refused and unpacks nothing", async () => {
  await using directory = await TemporaryDirectory.create();
  const { executable, cache } = await build(directory.path);
  const bytes = await Deno.readFile(executable);
  bytes[bytes.length - 20] ^= 1;
  await Deno.writeFile(executable, bytes);
  const result = await tryRun([executable], { env: { XDG_CACHE_HOME: cache } });
  assert.notEqual(result.code, 0);
  assert.match(result.stderr, /damaged/);
  assert.deepEqual([...Deno.readDirSync(`${cache}/vpn`)], []);
});

for (
  const [what, prepare] of [
    ["the directory for all versions", (cache: string) => `${cache}/vpn`],
    ["a directory on the way", (cache: string) => cache],
  ] as const
) {
  Deno.test(`${what} that others may write to is refused`, async () => {
    await using directory = await TemporaryDirectory.create();
    const { executable, cache } = await build(directory.path);
    await run([executable], { env: { XDG_CACHE_HOME: cache } });
    await Deno.chmod(prepare(cache), 0o777);
    const result = await tryRun([executable], { env: { XDG_CACHE_HOME: cache } });
    assert.equal(result.code, 1);
    assert.match(result.stderr, /may be written to by others/);
    assert.equal(result.stdout, "");
  });
}

Deno.test({
  name: "a directory of another user is refused",
  // Giving a file away takes root.
  ignore: Deno.uid() !== 0,
  async fn() {
    await using directory = await TemporaryDirectory.create();
    const { executable, cache } = await build(directory.path);
    await Deno.chown(cache, 65534, 65534);
    const result = await tryRun([executable], { env: { XDG_CACHE_HOME: cache } });
    assert.equal(result.code, 1);
    assert.match(result.stderr, /belongs to user 65534/);
    assert.equal(result.stdout, "");
  },
});

Deno.test("a relative cache directory is refused", async () => {
  await using directory = await TemporaryDirectory.create();
  const { executable } = await build(directory.path);
  const result = await tryRun([executable], { env: { XDG_CACHE_HOME: "cache" } });
  assert.equal(result.code, 1);
  assert.match(result.stderr, /absolute/);
});
