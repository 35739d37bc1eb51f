import assert from "node:assert/strict";
import fc from "fast-check";
import { LineReader, maximumLine, tooLong } from "../../../lib/management/line_reader.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("lines come out whole, however they were cut", () => {
  const line = fc.string({ maxLength: 60 }).map((text) => text.replace(/[\r\n]/g, ""));
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat(), { maxLength: 20 }), (lines, cuts) => {
      const all = bytes(lines.map((text, i) => text + (i % 2 ? "\n" : "\r\n")).join(""));
      const reader = new LineReader();
      const found: unknown[] = [];
      let from = 0;
      for (const to of [...cuts.map((cut) => cut % (all.length + 1)).sort((a, b) => a - b)]) {
        found.push(...reader.push(all.subarray(from, to)));
        from = to;
      }
      found.push(...reader.push(all.subarray(from)));
      assert.deepEqual(found, lines);
    }),
  );
});

Deno.test("a line that is too long is lost, the next one is not", () => {
  const reader = new LineReader();
  assert.deepEqual(reader.push(bytes("x".repeat(maximumLine) + "\n")), ["x".repeat(maximumLine)]);
  assert.deepEqual(reader.push(bytes("x".repeat(100_000))), []);
  assert.deepEqual(reader.push(bytes("x\npid\n")), [tooLong, "pid"]);
});
