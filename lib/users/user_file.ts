/**
 * The file of users: mode 0600, replaced whole, one writer at a time.
 *
 * @module
 */

import { join } from "node:path";
import { fileError, readFileIfThere, writeFileAtomically } from "../base/atomic_file.ts";
import { VpnError } from "../base/errors.ts";
import { formatUsers, parseUsers, type UserRecord } from "./user_record.ts";

/** The file of users in a state directory. */
export function userFilePath(stateDirectory: string): string {
  return join(stateDirectory, "users.json");
}

/** Permissions of the group and of others. */
const groupAndOthers = 0o077;

/** Reads and changes the users of a file. */
export class UserFile {
  constructor(readonly path: string) {}

  /**
   * The users; undefined when there is no file.
   *
   * @throws {VpnError} naming the file and what is wrong with it.
   */
  async read(): Promise<readonly UserRecord[] | undefined> {
    const text = await readFileIfThere(this.path);
    if (text === undefined) return undefined;
    await this.#checkMode();
    try {
      return parseUsers(text);
    } catch (error) {
      if (!(error instanceof VpnError)) throw error;
      throw new VpnError(`${this.path}: ${error.message}`, error.remedy);
    }
  }

  /**
   * Changes the users, with no other change in between. The file is made if there is none.
   *
   * @param change The users after the change; undefined: nothing is written.
   */
  async update(
    change: (users: readonly UserRecord[]) => readonly UserRecord[] | undefined,
  ): Promise<void> {
    using _lock = await this.#lock();
    const changed = change(await this.read() ?? []);
    if (changed === undefined) return;
    await writeFileAtomically(this.path, formatUsers(changed), 0o600);
  }

  /** Changes with each write. Undefined when there is no file. */
  async stamp(): Promise<string | undefined> {
    try {
      const { mtime, size, ino } = await Deno.stat(this.path);
      return `${mtime?.getTime()} ${size} ${ino}`;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw fileError(error, `cannot look at ${this.path}`);
    }
  }

  /** The kernel frees the lock with the process. The file itself can't be it: it is replaced. */
  async #lock(): Promise<Deno.FsFile> {
    const path = `${this.path}.lock`;
    try {
      const file = await Deno.open(path, { write: true, create: true, mode: 0o600 });
      await file.lock(true);
      return file;
    } catch (error) {
      throw fileError(error, `cannot lock ${path}`);
    }
  }

  async #checkMode(): Promise<void> {
    const { mode } = await Deno.stat(this.path);
    if (mode !== null && (mode & groupAndOthers) !== 0) {
      throw new VpnError(`${this.path} is open to other users`, `chmod 600 ${this.path}`);
    }
  }
}
