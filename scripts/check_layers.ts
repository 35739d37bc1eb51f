/**
 * Holds the project's imports, type-only ones included, against the arrows of layers.ts.
 *
 * @module
 */

import { filesUnder, projectDirectory } from "./files.ts";
import { type ImportGraph, layerProblems } from "./layers.ts";
import { print } from "./print.ts";

/** The part of `deno info --json` that is read here. */
interface ModuleInfo {
  readonly specifier: string;
  readonly error?: string;
  readonly dependencies?: readonly {
    readonly specifier: string;
    readonly code?: { readonly specifier?: string };
    readonly type?: { readonly specifier?: string };
  }[];
}

/** What `deno info` knows of the program's files. */
async function readModules(): Promise<ModuleInfo[]> {
  const files = [...await filesUnder("lib", ".ts"), ...await filesUnder("ffi", ".ts")];
  for (const entry of ["main.ts", "mod.ts"]) {
    if (await Deno.stat(`${projectDirectory}/${entry}`).catch(() => undefined)) files.push(entry);
  }
  // "deno info" takes one root: a module that imports all the files.
  const root = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    const imports = files.map((file) => `import "file://${projectDirectory}/${file}";\n`);
    await Deno.writeTextFile(root, imports.join(""));
    const output = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", "--no-lock", "--config", `${projectDirectory}/deno.json`, root],
      stderr: "inherit",
    }).output();
    if (!output.success) throw new Error("deno info failed");
    const info: { modules: ModuleInfo[] } = JSON.parse(new TextDecoder().decode(output.stdout));
    return info.modules;
  } finally {
    await Deno.remove(root);
  }
}

function graphOf(modules: readonly ModuleInfo[]): ImportGraph {
  const prefix = `file://${projectDirectory}/`;
  const relative = (specifier: string | undefined) =>
    specifier?.startsWith(prefix) ? specifier.slice(prefix.length) : undefined;
  const graph = new Map<string, string[]>();
  for (const module of modules) {
    const file = relative(module.specifier);
    if (file === undefined) continue;
    const imports = new Set<string>();
    for (const dependency of module.dependencies ?? []) {
      for (const target of [dependency.code?.specifier, dependency.type?.specifier]) {
        const imported = relative(target);
        if (imported !== undefined) imports.add(imported);
      }
    }
    graph.set(file, [...imports]);
  }
  return graph;
}

if (import.meta.main) {
  const modules = await readModules();
  const graph = graphOf(modules);
  const problems = [
    ...modules.flatMap((module) => module.error ?? []),
    ...layerProblems(graph),
  ];
  for (const problem of problems) print(problem);
  print(`${graph.size} files, ${problems.length} problems`);
  Deno.exit(problems.length === 0 && graph.size > 0 ? 0 : 1);
}
