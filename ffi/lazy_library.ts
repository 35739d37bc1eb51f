/**
 * A library whose functions are opened one by one.
 *
 * Deno compiles a piece of machine code for each function that it opens, 0.2 to 0.3 ms each: at the
 * start of a program more than all that is then called.
 *
 * @module
 */

/**
 * The functions of a library, each opened when it is first asked for; 6 ns per call from then on.
 * errno may have changed by then, which is why nobody asks for a function between a call and its
 * errno.
 *
 * @param symbols No statics.
 */
export function lazyLibrary<T extends Deno.ForeignLibraryInterface>(
  name: string,
  symbols: T,
): Deno.StaticForeignLibraryInterface<T> {
  const functions = {};
  for (const key of Object.keys(symbols)) {
    let opened: unknown;
    Object.defineProperty(functions, key, {
      enumerable: true,
      get: () => opened ??= Deno.dlopen(name, { [key]: symbols[key] }).symbols[key],
    });
  }
  return functions as Deno.StaticForeignLibraryInterface<T>;
}
