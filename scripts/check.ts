/**
 * The gate: format, lint, types, documentation, the options' page, layers. `deno task check`.
 *
 * @module
 */

import { projectDirectory } from "./files.ts";
import { print } from "./print.ts";

/** Each check as the arguments of `deno`. */
const checks: Readonly<Record<string, readonly string[]>> = {
  format: ["fmt", "--check"],
  lint: ["lint", "--quiet"],
  // Without arguments: every file of the project.
  types: ["check", "--quiet"],
  documentation: ["doc", "--lint", "--quiet", "mod.ts", "ffi/mod.ts"],
  options: ["run", "-A", "--quiet", "scripts/options_page.ts", "--check"],
  layers: ["run", "-A", "--quiet", "scripts/check_layers.ts"],
};

async function main(): Promise<0 | 1> {
  const results: string[] = [];
  let failures = 0;
  for (const [name, args] of Object.entries(checks)) {
    const start = performance.now();
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [...args],
      cwd: projectDirectory,
      stdin: "null",
    }).output();
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    results.push(`${name.padEnd(14)} ${success ? "ok    " : "FAILED"} ${seconds.padStart(5)} s`);
    if (success) continue;
    failures++;
    print(`--- ${name}: deno ${args.join(" ")}`);
    print(new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr));
  }
  for (const result of results) print(result);
  return failures === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());
