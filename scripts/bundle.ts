/**
 * Bundles the program for its executable: main module and workers, and each part that is imported
 * by need in files of its own, so that a start reads and parses only what it runs.
 *
 * ```text
 * main.ts, workers ─► deno bundle ─► mended: where workers stand, when Node's layer is loaded ─► .js
 * ```
 *
 * Minified: V8 keeps the text of every module in memory. The stack traces of `--verb 9` have short
 * names for it; run from source they have the long ones.
 *
 * @module
 */

import { projectDirectory } from "./files.ts";

/** Modules that run in workers: no import leads to them. */
export const workers: readonly string[] = ["lib/loop/worker.ts"];

/** The path of a module of the sources in the bundle's directory. */
export function bundledName(module: string): string {
  return module.replace(/\.ts$/, ".js");
}

/**
 * Writes the bundle into `directory`, an absolute path.
 *
 * @throws {Error} when the bundler fails, or writes what this cannot mend.
 */
export async function bundleProgram(directory: string): Promise<void> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["bundle", "--quiet", "--platform=deno", "--code-splitting", "--minify"],
      ...["--outdir", directory, "main.ts", ...workers],
    ],
    cwd: projectDirectory,
    stdin: "null",
  }).spawn().status;
  if (!success) throw new Error("deno bundle failed");
  const texts = await readModules(directory, "");
  for (const [name, text] of mendModules(texts)) {
    if (text !== texts.get(name)) await Deno.writeTextFile(`${directory}/${name}`, text);
  }
}

/** The texts of all modules below `directory/path`, by their paths in `directory`. */
async function readModules(directory: string, path: string): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for await (const entry of Deno.readDir(`${directory}/${path}`)) {
    const name = path === "" ? entry.name : `${path}/${entry.name}`;
    if (!entry.isDirectory) texts.set(name, await Deno.readTextFile(`${directory}/${name}`));
    else for (const [below, text] of await readModules(directory, name)) texts.set(below, text);
  }
  return texts;
}

/**
 * What the bundler wrote, made to run from where it stands and to start quickly.
 *
 * @param texts The modules by their paths in the bundle's directory.
 * @throws {Error} when it is not written as this expects, as by another version of the bundler.
 */
export function mendModules(texts: ReadonlyMap<string, string>): Map<string, string> {
  const mended = new Map(texts);
  for (const worker of workers) placeWorker(mended, worker);
  for (const [name, text] of mended) mended.set(name, deferRequire(name, text));
  return mended;
}

/** The bundle's modules stand where main.ts stood, not where the one that starts a worker did. */
function placeWorker(texts: Map<string, string>, worker: string): void {
  const bundled = bundledName(worker);
  if (!texts.has(bundled)) throw new Error(`${bundled} is not in the bundle`);
  const quoted = `"./${worker.split("/").at(-1)}"`;
  const starters = [...texts].filter(([, text]) => text.includes(quoted));
  const count = starters.reduce((sum, [, text]) => sum + text.split(quoted).length - 1, 0);
  if (count !== 1) throw new Error(`${quoted} is ${count} times in the bundle, not once`);
  const [name, text] = starters[0];
  if (name.includes("/")) throw new Error(`${name} starts a worker, but is not beside main.js`);
  texts.set(name, text.replace(quoted, `"./${bundled}"`));
}

/** How the bundler gives CommonJS packages their `require`. */
const require =
  /import\s*\{\s*createRequire as (\w+)\s*\}\s*from\s*"node:module";\s*var (\w+)\s*=\s*\1\(import\.meta\.url\);/;

/**
 * A `require` that is made when it is first called. As the bundler writes it, it loads most of
 * Node's layer in main and again in each worker (35 ms), and few commands have a CommonJS package.
 */
function deferRequire(name: string, text: string): string {
  const deferred = text.replace(require, (_, _create: string, variable: string) => {
    const made = 'process.getBuiltinModule("node:module").createRequire(import.meta.url)';
    return `var ${variable}=(name)=>(${variable}.made??=${made})(name);`;
  });
  if (/\bfrom\s*"node:module"/.test(deferred)) {
    throw new Error(`${name} loads node:module in a way that is not known here`);
  }
  return deferred;
}
