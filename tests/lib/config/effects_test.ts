import assert from "node:assert/strict";
import { optionRows, optionStatus } from "../../../lib/config/table.ts";
import { effects, untested } from "./effects.ts";

const judged = Object.entries(effects).flatMap(([file, options]) =>
  options.trim().split(/\s+/).map((option) => ({ file, option }))
);

/** Whether an option is honoured, if only with some parameters. */
function isHonoured(row: (typeof optionRows)[number]): boolean {
  return /^(supported|mapped|script)(, in part)?$/.test(optionStatus(row));
}

Deno.test("each option that is honoured has a test of its effect", () => {
  const tested = new Set(judged.map(({ option }) => option));
  for (const row of optionRows.filter(isHonoured)) {
    assert.ok(
      tested.has(row.name) !== untested.has(row.name),
      `${row.name}: name the test of its effect in effects.ts, and only there`,
    );
  }
});

Deno.test("the test of an option's effect is there and names it", () => {
  const known = new Map(optionRows.map((row) => [row.name, row]));
  const texts = new Map<string, string>();
  const missing: string[] = [];
  for (const { file, option } of judged) {
    const row = known.get(option);
    assert.ok(row !== undefined && isHonoured(row), `${option} is not honoured`);
    const text = texts.get(file) ??
      Deno.readTextFileSync(new URL(`../../${file}`, import.meta.url));
    texts.set(file, text);
    // Behind "--" and behind "\n" in a text, too.
    if (!new RegExp(`(^|\\\\n|--|[^\\w-])${option}([^\\w-]|$)`, "m").test(text)) {
      missing.push(`${file}: ${option}`);
    }
  }
  assert.deepEqual(missing, []);
});
