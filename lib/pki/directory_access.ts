/**
 * A state directory's owner, permissions and locks.
 *
 * @module
 */

import { join } from "node:path";
import { fileError } from "../base/atomic_file.ts";
import { VpnError } from "../base/errors.ts";

/** Permissions of the group and of others. */
const GROUP_AND_OTHERS = 0o077;

/**
 * Makes sure that the directory is there and that it is ours alone.
 *
 * @param notices Where a line goes when permissions had to be mended.
 * @throws {VpnError} naming the directory and the remedy.
 */
export async function prepareDirectory(
  directory: string,
  createIfMissing: boolean,
  notices: string[] = [],
): Promise<void> {
  try {
    const found = await Deno.stat(directory).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    });
    if (found === undefined) {
      if (!createIfMissing) {
        throw new VpnError(
          `there is no state directory ${directory}`,
          "start with vpn serve or vpn pki init, or name another one with --state",
        );
      }
      await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
      await Deno.chmod(directory, 0o700); // Whatever the umask left of it.
      return;
    }
    if (!found.isDirectory) {
      throw new VpnError(`${directory} is no directory`, "choose another one with --state");
    }
    // Whoever owns the directory can put their own keys into it.
    if (found.uid !== null && found.uid !== Deno.uid()) {
      throw new VpnError(
        `the state directory ${directory} belongs to another user (uid ${found.uid})`,
        "change its owner, or choose another one with --state",
      );
    }
    if (((found.mode ?? 0) & GROUP_AND_OTHERS) === 0) return;
    await Deno.chmod(directory, 0o700);
    notices.push(`${directory} was open to other users: now it is not (mode 0700)`);
  } catch (error) {
    throw fileError(error, `cannot use the state directory ${directory}`);
  }
}

/** Waits for other processes; the kernel ends a lock with the process that has it. */
export async function lockDirectory(
  directory: string,
  name: ".lock" | ".crl.lock",
): Promise<Deno.FsFile> {
  const path = join(directory, name);
  try {
    const file = await Deno.open(path, { write: true, create: true, mode: 0o600 });
    await file.lock(true);
    return file;
  } catch (error) {
    throw fileError(error, `cannot lock ${path}`);
  }
}

/** Whether a file is there. */
export function fileExists(path: string): boolean {
  try {
    return Deno.lstatSync(path).isFile;
  } catch {
    return false;
  }
}
