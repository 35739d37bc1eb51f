import assert from "node:assert/strict";
import { mendModules } from "../../scripts/bundle.ts";
import { run } from "../harness/command.ts";
import { TemporaryDirectory } from "../harness/directory.ts";

const worker = ["lib/loop/worker.js", "onmessage = () => {};"] as const;
const starter = [
  "chunk-A.js",
  'const start = () => new Worker(new URL("./worker.ts",import.meta.url));',
] as const;

/** As `deno bundle` (2.9.6) writes it without and with `--minify`. */
const requires = {
  plain: `import { createRequire as __deno_internal_createRequire } from "node:module";
var __require = __deno_internal_createRequire(import.meta.url);
export { __require };
`,
  minified:
    'var a=Object.create;import{createRequire as __deno_internal_createRequire} from "node:module";' +
    "var n=__deno_internal_createRequire(import.meta.url);export{n as __require};",
};

Deno.test("the worker's address leads to its file in the bundle", () => {
  const mended = mendModules(new Map([starter, worker]));
  assert.match(
    mended.get("chunk-A.js")!,
    /new URL\("\.\/lib\/loop\/worker\.js",import\.meta\.url\)/,
  );
  assert.equal(mended.get("lib/loop/worker.js"), worker[1]);
});

for (
  const [what, texts, message] of [
    ["without the worker", [starter], /worker\.js is not in the bundle/],
    ["that starts no worker", [worker], /0 times/],
    ["that starts it in two places", [worker, starter, ["b.js", starter[1]]], /2 times/],
    ["that starts it twice in a module", [worker, ["a.js", starter[1].repeat(2)]], /2 times/],
    ["that starts it from elsewhere", [worker, ["lib/a.js", starter[1]]], /not beside main/],
    [
      "that loads node:module in another way",
      [worker, starter, ["b.js", 'import{createRequire as c}from"node:module";var r=c("/");']],
      /b\.js loads node:module/,
    ],
  ] as const
) {
  Deno.test(`a bundle ${what} is refused`, () => {
    assert.throws(() => mendModules(new Map(texts as Iterable<[string, string]>)), message);
  });
}

for (const [how, text] of Object.entries(requires)) {
  Deno.test(`require, ${how}, is made when it is first called`, async () => {
    const mended = mendModules(new Map([starter, worker, ["runtime.js", text]]));
    assert.doesNotMatch(mended.get("runtime.js")!, /\bimport\b(?!\.meta)/);
    await using directory = await TemporaryDirectory.create();
    await Deno.writeTextFile(`${directory.path}/runtime.js`, mended.get("runtime.js")!);
    await Deno.writeTextFile(`${directory.path}/package.cjs`, "exports.answer = __filename;");
    await Deno.writeTextFile(
      `${directory.path}/main.js`,
      'import { __require } from "./runtime.js";\n' +
        'console.log(__require("node:path").sep, __require("./package.cjs").answer);\n',
    );
    const output = await run([
      ...[Deno.execPath(), "run", "-A", "--no-config", `${directory.path}/main.js`],
    ]);
    assert.equal(output.trim(), `/ ${directory.path}/package.cjs`);
  });
}
