/**
 * The users of a running server: the file's, read again soon after each change.
 *
 * @module
 */

import { errorLine } from "../base/errors.ts";
import { UserFile } from "./user_file.ts";
import type { UserRecord } from "./user_record.ts";

/** How often it is looked whether the file changed, ms. */
const watchInterval = 500;

/** What a directory tells. */
export interface UserDirectoryEvents {
  /** Users who are gone, disabled, or have another password: their sessions must end. */
  revoked(names: ReadonlySet<string>): void;
  /** The file was read again. */
  reloaded(count: number): void;
  /** The file changed and can't be used: the former users stay. */
  unusable(reason: string): void;
}

/** See the module's page. */
export class UserDirectory {
  readonly #file: UserFile;
  #users: ReadonlyMap<string, UserRecord>;
  #stamp: string | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #refreshing: Promise<void> | undefined;
  #events: UserDirectoryEvents = { revoked: () => {}, reloaded: () => {}, unusable: () => {} };

  private constructor(file: UserFile, stamp: string | undefined, users: readonly UserRecord[]) {
    this.#file = file;
    this.#stamp = stamp;
    this.#users = byName(users);
  }

  /**
   * Reads the file; without one there are no users.
   *
   * @throws {VpnError} when it can't be used.
   */
  static async open(path: string): Promise<UserDirectory> {
    const file = new UserFile(path);
    // The stamp first: a change between the two is then seen at the next look.
    const stamp = await file.stamp();
    return new UserDirectory(file, stamp, await file.read() ?? []);
  }

  /** All users, in no order. */
  get users(): readonly UserRecord[] {
    return [...this.#users.values()];
  }

  /** The user of that name, disabled or not. */
  find(name: string): UserRecord | undefined {
    return this.#users.get(name.normalize("NFC"));
  }

  /** Looks for changes from now on, and tells of them. */
  watch(events: UserDirectoryEvents): void {
    this.#events = events;
    this.#timer ??= setInterval(() => this.#beginLook(), watchInterval);
  }

  /**
   * Looks now whether the file has changed, for what must not wait for the next look. It costs a
   * look at the file's times where nothing has changed.
   */
  async look(): Promise<void> {
    // One that has begun may have seen the file before the change.
    await this.#refreshing;
    await this.#beginLook();
  }

  /** Looks no longer; resolves when the last look is over. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#refreshing;
  }

  /**
   * Marks a one-time code as used, in the file, so that it isn't taken again after a restart or by
   * another server.
   *
   * @returns False when that code, or a later one, was used already.
   * @throws {VpnError} when the file can't be written.
   */
  async useTotpStep(name: string, step: number): Promise<boolean> {
    let taken = false;
    await this.#file.update((users) => {
      const user = users.find((user) => user.name === name);
      if (user?.totp === undefined || step <= user.totp.lastUsed) return undefined;
      taken = true;
      const used = { ...user, totp: { ...user.totp, lastUsed: step } };
      return users.map((other) => other === user ? used : other);
    });
    return taken;
  }

  #beginLook(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => this.#refreshing = undefined);
    return this.#refreshing;
  }

  async #refresh(): Promise<void> {
    const events = this.#events;
    try {
      const stamp = await this.#file.stamp();
      if (stamp === this.#stamp) return;
      // Whatever comes of it: what is wrong with the file is said once.
      this.#stamp = stamp;
      const users = await this.#file.read();
      if (users === undefined) return events.unusable("it is gone");
      const former = this.#users;
      this.#users = byName(users);
      const revoked = revokedUsers(former, this.#users);
      if (revoked.size > 0) events.revoked(revoked);
      events.reloaded(users.length);
    } catch (error) {
      events.unusable(errorLine(error));
    }
  }
}

function byName(users: readonly UserRecord[]): ReadonlyMap<string, UserRecord> {
  return new Map(users.map((user) => [user.name, user]));
}

function revokedUsers(
  former: ReadonlyMap<string, UserRecord>,
  users: ReadonlyMap<string, UserRecord>,
): ReadonlySet<string> {
  const revoked = new Set<string>();
  for (const [name, before] of former) {
    const after = users.get(name);
    const stays = after !== undefined && !after.disabled && after.password === before.password;
    if (!stays) revoked.add(name);
  }
  return revoked;
}
