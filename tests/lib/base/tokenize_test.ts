import assert from "node:assert/strict";
import fc from "fast-check";
import { quote, tokenize } from "../../../lib/config/mod.ts";
import { maximumWordLength } from "../../../lib/base/tokenize.ts";
import { tryRun } from "../../harness/command.ts";
import { testWith } from "../../harness/requirements.ts";

// From OpenVPN's manual (generic section "quoting and escaping") and the comments of its sample
// files; what each comes to was looked at with `echo` in OpenVPN 2.6.14.
const lines: [line: string, words: string[]][] = [
  ["", []],
  ["   \t ", []],
  ["# a comment", []],
  ["; a comment", []],
  ["  \\# still one", []],
  ["verb 3", ["verb", "3"]],
  ["verb 3\r", ["verb", "3"]],
  ["verb\t3 # loud", ["verb", "3"]],
  ["verb 3 ; loud", ["verb", "3"]],
  ["remote a#b c;d", ["remote", "a#b", "c;d"]],
  ['ca "my ca.crt"', ["ca", "my ca.crt"]],
  ["ca my\\ ca.crt", ["ca", "my ca.crt"]],
  ["ca 'my \\ \"ca\".crt'", ["ca", 'my \\ "ca".crt']],
  ['ca "c:\\\\keys\\\\ca.crt"', ["ca", "c:\\keys\\ca.crt"]],
  ['ca "say \\"hi\\""', ["ca", 'say "hi"']],
  ['push "route 10.0.0.0"more', ["push", "route 10.0.0.0", "more"]],
  ['setenv x ""', ["setenv", "x", ""]],
  ['a b"c d"', ["a", 'b"c', 'd"']],
  ["verb 3\0verb 4", ["verb", "3"]],
];

for (const [line, words] of lines) {
  Deno.test(`words of ${JSON.stringify(line)}`, () => assert.deepEqual(tokenize(line), words));
}

for (
  const [line, problem] of [
    ['ca "open', /isn't closed/],
    ["ca 'open", /isn't closed/],
    ["ca c:\\keys", /backslash in front of "k"/],
    ["ca \\", /backslash at the end/],
    ["ca x\\\r", /backslash at the end/],
    [`ca ${"x".repeat(maximumWordLength + 1)}`, /longer than 256 bytes/],
    [`ca ${"é".repeat(maximumWordLength / 2 + 1)}`, /longer than 256 bytes/],
    [`push ${"a ".repeat(16)}`, /more than 15 parameters/],
  ] as const
) {
  Deno.test(`no words of ${JSON.stringify(line.slice(0, 20))}`, () => {
    const failure = tokenize(line);
    assert.ok(!Array.isArray(failure));
    assert.match(failure.problem, problem);
  });
}

Deno.test("a word of the greatest length is taken", () => {
  const word = "x".repeat(maximumWordLength);
  assert.deepEqual(tokenize(`ca ${word}`), ["ca", word]);
});

Deno.test("quoted words come back", () => {
  const word = fc.string({ maxLength: 40, unit: "grapheme-ascii" });
  fc.assert(fc.property(fc.array(word, { maxLength: 15 }), (words) => {
    assert.deepEqual(tokenize(quote(words)), words);
  }));
});

Deno.test("any line gives words or a failure", () => {
  fc.assert(fc.property(fc.string({ maxLength: 300, unit: "binary" }), (line) => {
    const result = tokenize(line);
    if (Array.isArray(result)) assert.ok(result.every((word) => typeof word === "string"));
    else assert.ok(result.problem !== "");
  }));
});

// `echo msg …` makes OpenVPN print the words that its own parser sees.
const piece = fc.constantFrom(..."ab\"'\\#; \t".split(""), "\\\\", '\\"', "\\ ", "''", '""', "a b");
const pieces = fc.array(piece, { minLength: 1, maxLength: 12 }).map((list) => list.join(""));

await testWith("OpenVPN sees the same words", async () => {
  const samples = fc.sample(pieces, { numRuns: 400, seed: 2 });
  const valid: string[] = [];
  const invalid: string[] = [];
  for (const sample of samples) {
    const words = tokenize(`echo msg ${sample}`);
    (Array.isArray(words) ? valid : invalid).push(sample);
  }
  const directory = await Deno.makeTempDir();
  try {
    const file = `${directory}/echo.conf`;
    await Deno.writeTextFile(file, valid.map((sample) => `echo msg ${sample}\n`).join(""));
    const { stdout } = await tryRun(["openvpn", "--config", file, "--suppress-timestamps"]);
    const printed = stdout.split("\n").flatMap((line) => /(?:^| )ECHO:(.*)$/.exec(line)?.[1] ?? []);
    const expected = valid.map((sample) => {
      const words = tokenize(`echo msg ${sample}`);
      return Array.isArray(words) ? words.slice(1).join(" ") : "";
    });
    assert.deepEqual(printed, expected);
    assert.ok(expected.length > 50);
    for (const sample of invalid.slice(0, 20)) {
      // OpenVPN joins a backslash at the end of a line with the line end; we refuse it.
      if (/\\$/.test(sample)) continue;
      await Deno.writeTextFile(file, `echo msg ${sample}\n`);
      const result = await tryRun(["openvpn", "--config", file]);
      assert.match(result.stdout, /Options (error|warning): (No closing|Bad backslash|Residual)/);
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}, ["openvpn"]);
