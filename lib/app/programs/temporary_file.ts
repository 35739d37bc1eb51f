/**
 * Files through which programs and we tell each other things (`via-file`, the configuration that a
 * `client-connect` writes): private, under names that nobody can guess, gone afterwards.
 *
 * @module
 */

import { errorLine, VpnError } from "../../base/errors.ts";

/** A file that is removed when it is disposed of. */
export interface TemporaryFile extends AsyncDisposable {
  readonly path: string;
  /** What is in it now. */
  read(): Promise<string>;
}

/** Largest file that is read back, in bytes. */
export const maximumAnswer = 1 << 20;

/**
 * Makes a file with mode 0600.
 *
 * @param directory `tmp-dir`; the system's by default.
 * @param prefix What its name starts with.
 * @throws {VpnError} when it cannot be written.
 */
export async function temporaryFile(
  directory: string | undefined,
  prefix: string,
  contents: string | Uint8Array = "",
): Promise<TemporaryFile> {
  const place = directory ?? Deno.env.get("TMPDIR") ?? "/tmp";
  const path = `${place}/${prefix}_${crypto.getRandomValues(new Uint8Array(16)).toHex()}.tmp`;
  try {
    const bytes = typeof contents === "string" ? new TextEncoder().encode(contents) : contents;
    await Deno.writeFile(path, bytes, { createNew: true, mode: 0o600 });
  } catch (cause) {
    throw new VpnError(`cannot write ${path}: ${errorLine(cause)}`, "mend tmp-dir", { cause });
  }
  return {
    path,
    read: () => readBounded(path),
    [Symbol.asyncDispose]: () => Deno.remove(path).catch(() => {}),
  };
}

async function readBounded(path: string): Promise<string> {
  const { size } = await Deno.stat(path);
  if (size > maximumAnswer) throw new VpnError(`${path} has more than ${maximumAnswer} bytes`);
  return await Deno.readTextFile(path);
}
