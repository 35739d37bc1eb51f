/**
 * Files that a command writes for the user.
 *
 * @module
 */

import { join } from "node:path";
import { fileError, writeFileAtomically } from "../../base/atomic_file.ts";
import { VpnError } from "../../base/errors.ts";

/** A file to be written. */
export interface OutputFile {
  /** Where it goes. */
  readonly path: string;
  /** What it holds. */
  readonly content: string | Uint8Array;
  /** Whether only its owner may read it. */
  readonly secret: boolean;
}

/**
 * Writes files, each whole or not at all.
 *
 * @param overwrite Whether files that are there may be replaced.
 * @throws {VpnError} before anything is written, when one is there.
 */
export async function writeOutputFiles(
  files: readonly OutputFile[],
  overwrite: boolean,
): Promise<void> {
  for (const { path } of overwrite ? [] : files) {
    if (await exists(path)) {
      throw new VpnError(`${path} is there already`, "name another with --out, or add --force");
    }
  }
  for (const { path, content, secret } of files) {
    await writeFileAtomically(path, content, secret ? 0o600 : 0o644);
  }
}

/** Makes a directory for secrets, unless it is there. */
export async function makeOutputDirectory(path: string): Promise<void> {
  try {
    await Deno.mkdir(path, { mode: 0o700, recursive: true });
  } catch (error) {
    throw fileError(error, `cannot make ${path}`);
  }
}

/** Files in a directory. */
export function inDirectory(
  directory: string,
  files: readonly { name: string; content: string | Uint8Array; secret: boolean }[],
): OutputFile[] {
  return files.map(({ name, ...file }) => ({ path: join(directory, name), ...file }));
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw fileError(error, `cannot look at ${path}`);
  }
}
