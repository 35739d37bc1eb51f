import assert from "node:assert/strict";
import fc from "fast-check";
import { ConfigError, parseArgv, parseConfigText } from "../../../lib/config/mod.ts";
import { optionRows } from "../../../lib/config/table.ts";
import {
  arbitraryLine as line,
  arbitraryName as name,
  arbitraryParameter as parameter,
} from "./arbitrary_lines.ts";
import { clientLines, memoryHost, serverLines } from "./profile.ts";

const host = memoryHost({ "c.conf": clientLines.join("\n"), self: "config self" });

/** Only a ConfigError of one line may come out. */
function onlyConfigErrors(parse: () => unknown): void {
  try {
    parse();
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    assert.ok(error.message.length < 2000);
  }
}

Deno.test("any bytes come to a configuration or a ConfigError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      onlyConfigErrors(() => parseConfigText(new TextDecoder().decode(bytes), "fuzz", host));
    }),
    { numRuns: 300 },
  );
});

Deno.test("any lines after a valid start come to a configuration or a ConfigError", () => {
  const start = fc.constantFrom([], clientLines, serverLines);
  fc.assert(
    fc.property(start, fc.array(line, { maxLength: 6 }), (base, lines) => {
      onlyConfigErrors(() => parseConfigText([...base, ...lines].join("\n"), "fuzz", host));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("any argv comes to a configuration or a ConfigError", () => {
  const argument = fc.oneof(name.map((n) => `--${n}`), parameter, fc.constant("c.conf"));
  fc.assert(
    fc.property(fc.array(argument, { maxLength: 8 }), (argv) => {
      onlyConfigErrors(() => parseArgv(argv, host));
    }),
    { numRuns: 1000 },
  );
});

Deno.test("every option takes its place alone, with any number of parameters", () => {
  for (const row of optionRows) {
    for (const base of [clientLines, serverLines]) {
      for (let parameters = 0; parameters < 6; parameters++) {
        const words = [row.name, ...new Array(parameters).fill("1")].join(" ");
        onlyConfigErrors(() => parseConfigText([...base, words].join("\n"), "fuzz", host));
      }
      const block = `<${row.name}>\n1\n</${row.name}>`;
      onlyConfigErrors(() => parseConfigText([...base, block].join("\n"), "fuzz", host));
    }
  }
});
