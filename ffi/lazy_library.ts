/**
 * A library whose functions are opened one by one.
 *
 * Deno compiles a piece of machine code for each function that it opens, 0.2 to 0.3 ms each: at the
 * start of a program more than all that is then called.
 *
 * @module
 */

/** Functions of a library, and no statics. */
type Functions = Readonly<Record<string, Deno.ForeignFunction>>;

/**
 * Sees that a library is there and has these functions, which takes a third of the time that it
 * takes to open them.
 *
 * @throws {Error} when the library cannot be loaded, or lacks one of them.
 * @throws {Deno.errors.NotCapable} without `--allow-ffi`.
 */
export function checkFunctions(library: string, functions: Functions): void {
  // As variables of a byte they are looked up and nothing is compiled.
  const variables = Object.entries(functions)
    .map(([key, { name }]) => [name ?? key, { type: "u8" as const }]);
  Deno.dlopen(library, Object.fromEntries(variables)).close();
}

/**
 * The functions of a library, each opened when it is first asked for; that one is missing is said
 * then. A call takes 6 ns more. errno may have changed by the time that a function is opened, which
 * is why nobody asks for one between a call and its errno.
 */
export function lazyLibrary<T extends Functions>(
  library: string,
  symbols: T,
): Deno.StaticForeignLibraryInterface<T> {
  const functions = {};
  for (const key of Object.keys(symbols)) {
    let opened: unknown;
    Object.defineProperty(functions, key, {
      enumerable: true,
      get: () => opened ??= Deno.dlopen(library, { [key]: symbols[key] }).symbols[key],
    });
  }
  return functions as Deno.StaticForeignLibraryInterface<T>;
}
