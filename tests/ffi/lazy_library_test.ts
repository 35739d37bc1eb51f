import assert from "node:assert/strict";
import { checkFunctions, lazyLibrary } from "../../ffi/lazy_library.ts";

const isatty = { parameters: ["i32"], result: "i32" } as const;

Deno.test("a function is opened once, by its own name or another", () => {
  const library = lazyLibrary("libc.so.6", {
    abs: { parameters: ["i32"], result: "i32" },
    magnitude: { name: "abs", parameters: ["i32"], result: "i32" },
  });
  assert.equal(library.abs(-3), 3);
  assert.equal(library.magnitude(-4), 4);
  assert.equal(library.abs, library.abs);
});

Deno.test("a library that is missing, or lacks a function, fails the check", () => {
  checkFunctions("libc.so.6", { isatty, other: { name: "abs", ...isatty } });
  assert.throws(() => checkFunctions("libnothing.so.9", { isatty }));
  assert.throws(() => checkFunctions("libc.so.6", { isatty, no_such_function: isatty }));
  assert.throws(() => checkFunctions("libc.so.6", { isatty: { name: "no_such", ...isatty } }));
});

Deno.test("a function that is missing is said when it is asked for", () => {
  const library = lazyLibrary("libc.so.6", { isatty, no_such_function: isatty });
  assert.equal(library.isatty(-1), 0);
  assert.throws(() => library.no_such_function, /no_such_function/);
});
