/**
 * Files that are written whole or not at all.
 *
 * @module
 */

import { basename, dirname, join } from "node:path";
import { PrivilegeError, VpnError } from "./errors.ts";

// `.NAME.RANDOM.tmp`: hidden, and never a name that the state directory uses.
const temporary = /^\..+\.[0-9a-f-]{36}\.tmp$/;

/**
 * Writes a file so that at every moment, a power failure included, either the old content or the
 * new one is there: a temporary file beside it, fsync, rename, fsync of the directory.
 *
 * @param mode Permissions, whatever the umask.
 * @throws {VpnError} naming the file.
 */
export async function writeFileAtomically(
  path: string,
  content: string | Uint8Array,
  mode: number,
): Promise<void> {
  const directory = dirname(path);
  const draft = join(directory, `.${basename(path)}.${crypto.randomUUID()}.tmp`);
  try {
    using file = await Deno.open(draft, { write: true, createNew: true, mode: 0o600 });
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    for (let written = 0; written < bytes.length;) {
      written += await file.write(bytes.subarray(written));
    }
    await Deno.chmod(draft, mode);
    await file.sync();
    await Deno.rename(draft, path);
    using parent = await Deno.open(directory);
    await parent.sync();
  } catch (error) {
    await Deno.remove(draft).catch(() => {}); // Renamed, or never made.
    throw fileError(error, `cannot write ${path}`);
  }
}

/** Removes what writes that were cut off have left behind. */
export async function removeTemporaryFiles(directory: string): Promise<void> {
  for await (const { name, isFile } of Deno.readDir(directory)) {
    if (isFile && temporary.test(name)) await Deno.remove(join(directory, name));
  }
}

/**
 * The text of a file; undefined when there is none.
 *
 * @throws {VpnError} naming the file.
 */
export async function readFileIfThere(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw fileError(error, `cannot read ${path}`);
  }
}

/** An error of the file system as one for the user. */
export function fileError(error: unknown, what: string): VpnError {
  if (error instanceof VpnError) return error;
  const options = { cause: error };
  if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
    return new PrivilegeError(`${what}: permission denied`, "run it as the owner", options);
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new VpnError(`${what}: ${reason}`, "check the disk and the path", options);
}
