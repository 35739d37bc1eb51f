import assert from "node:assert/strict";
import { parseOptions, usage, UsageError } from "../../../scripts/bench/options.ts";

Deno.test("the defaults are for results, --quick for a look, and single ones override both", () => {
  const figures = (...args: string[]) => {
    const options = parseOptions(args);
    return [options?.runs, options?.seconds, options?.clients];
  };
  assert.deepEqual(figures(), [5, 5, 100]);
  assert.deepEqual(figures("--quick"), [1, 1, 10]);
  assert.deepEqual(figures("--quick", "--runs", "3", "--seconds=2"), [3, 2, 10]);
});

Deno.test("what can't be used is refused by name", () => {
  for (
    const [args, message] of [
      [["--runs", "0"], /--runs 0: an integer/],
      [["--seconds", "1.5"], /--seconds 1\.5/],
      [["--clients", "1e3"], /--clients 1e3/],
      [["--filter", "("], /--filter \(: not a regular expression/],
      [["--fliter", "x"], /fliter/],
      [["stray"], /stray/],
      [["--source", "--executable", "dist/vpn"], /exclude each other/],
    ] as const
  ) {
    assert.throws(
      () => parseOptions(args),
      (error) => error instanceof UsageError && message.test(error.message),
    );
  }
});

Deno.test("--help gives nothing to run, and the usage names every option", () => {
  assert.equal(parseOptions(["--help"]), undefined);
  for (const name of Object.keys(parseOptions([]) ?? {})) {
    assert.match(usage, new RegExp(`--${name}`));
  }
});
