/**
 * Makes the executable: `deno task compile [--output FILE]`, `dist/vpn` by default.
 *
 * The program is bundled by bundle.ts, and the bundle compiled by `deno compile`, whose runtime
 * (denort) is downloaded once or named by `DENORT_BIN`. Where it cannot be had, the portable form of
 * portable.ts is built of the same bundle instead.
 *
 * From the sources themselves `deno compile` (2.9.6) would read every file of every package that is
 * used, tests included, and overflows its stack at one of bintrees, which prom-client needs.
 *
 * @module
 */

import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import { v8Flags } from "../lib/app/runtime_flags.ts";
import { bundledName, bundleProgram, workers } from "./bundle.ts";
import { projectDirectory } from "./files.ts";
import { writePortable } from "./portable.ts";
import { print } from "./print.ts";

/**
 * What the program may do: everything. The C library lets it anyway, by way of FFI, and Deno asks
 * for all permissions before it opens most files of /proc and /sys, where the kernel's forwarding
 * switches are.
 */
const permissions: readonly string[] = ["--allow-all"];

async function deno(
  args: readonly string[],
  { cwd = projectDirectory, env = {} }: { cwd?: string; env?: Record<string, string> } = {},
): Promise<boolean> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd,
    env,
    stdin: "null",
  }).spawn().status;
  return success;
}

/** Compiles what {@linkcode bundleProgram} wrote. */
function compile(bundled: string, output: string, env?: Record<string, string>): Promise<boolean> {
  return deno([
    ...["compile", "--quiet", "--no-prompt", `--v8-flags=${v8Flags}`, ...permissions],
    ...workers.map((worker) => `--include=${bundledName(worker)}`),
    ...["--output", output, "main.js"],
  ], { cwd: bundled, ...env !== undefined && { env } });
}

/** Whether the program compiles, whatever the runtime: with Deno itself in the runtime's place. */
async function compilesWithoutRuntime(bundled: string): Promise<boolean> {
  const directory = await Deno.makeTempDir();
  try {
    return await compile(bundled, `${directory}/vpn`, { DENORT_BIN: Deno.execPath() });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function makePortable(bundled: string, output: string): Promise<void> {
  const flags = [`--v8-flags=${v8Flags}`, ...permissions];
  await writePortable({ runtime: Deno.execPath(), program: bundled, flags, output });
}

async function main(): Promise<0 | 1> {
  const { values } = parseArgs({ options: { output: { type: "string" } } });
  const output = resolve(values.output ?? `${projectDirectory}/dist/vpn`);
  await Deno.mkdir(dirname(output), { recursive: true });
  const bundled = await Deno.makeTempDir();
  try {
    await bundleProgram(bundled);
    return await makeExecutable(bundled, output);
  } finally {
    await Deno.remove(bundled, { recursive: true });
  }
}

async function makeExecutable(bundled: string, output: string): Promise<0 | 1> {
  if (await compile(bundled, output)) {
    print(`${output}: made by deno compile`);
    return 0;
  }
  if (Deno.env.get("DENORT_BIN") !== undefined || !await compilesWithoutRuntime(bundled)) {
    print(`${output} was not made: deno compile failed, see above`);
    return 1;
  }
  print("The runtime that deno compile puts into the executable could not be downloaded.");
  print("To use it: set DENORT_BIN to the path of a denort of this version of Deno.");
  print("Building the portable form instead, from the Deno that runs this.");
  await makePortable(bundled, output);
  const { size } = await Deno.stat(output);
  print(`${output}: portable form, ${(size / 1_000_000).toFixed(0)} MB`);
  return 0;
}

if (import.meta.main) Deno.exit(await main());
