/**
 * Replacing the process by another program.
 *
 * Source: execve(2).
 *
 * @module
 */

import { lastErrno, libc } from "./libc.ts";
import { SysError } from "./errors.ts";

/**
 * `execve(2)`: the program takes this process over, pid and blocked signals included. Returns only
 * by throwing.
 *
 * @param path The program's file.
 * @param args Its arguments, the first one its name.
 * @throws {SysError} ENOENT, EACCES, E2BIG …
 */
export function execute(
  path: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): never {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const [argv, argumentStrings] = stringArray(args);
  const [envp, variableStrings] = stringArray(variables);
  libc().execve(new TextEncoder().encode(`${path}\0`), argv, envp);
  const errno = lastErrno();
  // Not before here: until then the kernel reads them through their addresses in the arrays.
  for (const string of [...argumentStrings, ...variableStrings]) string.fill(0);
  throw new SysError(`execve ${path}`, errno);
}

/** A NULL-terminated `char *[]`, and the strings that it points to. */
function stringArray(texts: readonly string[]): [BigUint64Array<ArrayBuffer>, Uint8Array[]] {
  const strings = texts.map((text) => new TextEncoder().encode(`${text}\0`));
  const pointers = new BigUint64Array(strings.length + 1);
  strings.forEach((string, i) =>
    pointers[i] = Deno.UnsafePointer.value(Deno.UnsafePointer.of(string))
  );
  return [pointers, strings];
}
