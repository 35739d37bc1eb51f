/**
 * What people change of their own account: password and one-time codes, by the present password.
 *
 * @module
 */

import { decodeBase32 } from "../users/base32.ts";
import {
  changeUsers,
  generateTotpSecret,
  matchTotp,
  staticResponse,
  totpUri,
  type UserDirectory,
  type UserFile,
  type UserLogin,
  type UserRecord,
  withPassword,
  withTotp,
} from "../users/mod.ts";
import type { Enrolment } from "./access.ts";
import type { NewPasswords } from "./new_passwords.ts";
import { PortalError } from "./service.ts";

/** Who asks, and shows that it is they. */
export interface OwnRequest {
  readonly name: string;
  /** The present password. */
  readonly password: string;
  /** The address that it comes from. */
  readonly source: string;
}

/** What it is made of. */
export interface OwnAccountParts {
  readonly file: UserFile;
  readonly directory: UserDirectory;
  readonly login: UserLogin;
  readonly passwords: NewPasswords;
}

/** One-time codes that wait for the first code. */
interface Pending {
  readonly secret: string;
  /** The user as the password was checked. */
  readonly user: UserRecord;
  /** ms since 1970. */
  readonly ends: number;
}

/** How long there is for the first code, ms. */
const enrolmentTime = 15 * 60_000;

/** See the module's page. */
export class OwnAccount {
  readonly #parts: OwnAccountParts;
  /** By name: never more than there are users. */
  readonly #pending = new Map<string, Pending>();

  constructor(parts: OwnAccountParts) {
    this.#parts = parts;
  }

  /** @returns The user, whose sessions have ended. @throws {PortalError} */
  async changePassword(request: OwnRequest, password: string): Promise<UserRecord> {
    const user = await this.#prove(request);
    const hash = await this.#parts.passwords.hashOf(password);
    return await this.#change(user, (present, now) => withPassword(present, hash, now));
  }

  /** Begins new one-time codes; the former are good until a new one is shown. @throws {PortalError} */
  async beginCodes(request: OwnRequest): Promise<Enrolment> {
    const user = await this.#prove(request);
    const secret = generateTotpSecret();
    this.#pending.set(user.name, { secret, user, ends: Date.now() + enrolmentTime });
    return enrolmentOf(user.name, secret);
  }

  /** What was begun, to be shown again. */
  pendingCodes(name: string): Enrolment | undefined {
    const pending = this.#pending.get(name);
    if (pending === undefined || Date.now() >= pending.ends) return undefined;
    return enrolmentOf(name, pending.secret);
  }

  /** @returns The user, whose sessions have ended. @throws {PortalError} */
  async finishCodes(name: string, code: string): Promise<UserRecord> {
    const pending = this.#pending.get(name);
    if (pending === undefined || Date.now() >= pending.ends) {
      throw new PortalError("conflict", "there is nothing to confirm", "begin again");
    }
    const { secret, user } = pending;
    const step = matchTotp(decodeBase32(secret)!, code, Date.now(), undefined);
    if (step === undefined) throw new PortalError("invalid", "the code is wrong");
    this.#pending.delete(name);
    return await this.#change(user, (present) => withTotp(present, { secret, lastUsed: step }));
  }

  /** That it is they and nobody who found their browser open; as often wrong as a log-in may be. */
  async #prove({ name, password, source }: OwnRequest): Promise<UserRecord> {
    const { directory, login } = this.#parts;
    await directory.look();
    const user = directory.find(name);
    const verdict = await login.decide({
      username: name,
      password: staticResponse(password, ""),
      source,
    });
    if (verdict.kind === "later") {
      throw new PortalError("unavailable", verdict.reason, `try again in ${verdict.seconds} s`);
    }
    // The challenge is for the code, which comes after the password.
    const right = verdict.kind === "accepted" || verdict.kind === "challenge";
    if (!right || user === undefined) {
      throw new PortalError("invalid", "the present password is wrong");
    }
    return user;
  }

  async #change(
    proved: UserRecord,
    by: (present: UserRecord, now: number) => UserRecord,
  ): Promise<UserRecord> {
    const { file, directory } = this.#parts;
    let changed = proved;
    await file.update((users) => {
      const user = users.find(({ name }) => name === proved.name);
      // An administrator may have locked them out since the password was checked.
      if (user === undefined || !isAsBefore(user, proved)) {
        throw new PortalError("conflict", "somebody else has changed this account", "log in again");
      }
      // As it is now: a code that was used meanwhile stays used.
      changed = by(user, Math.floor(Date.now() / 1000));
      return changeUsers(users, new Set([user.name]), () => changed);
    });
    await directory.look();
    return changed;
  }
}

function isAsBefore(user: UserRecord, before: UserRecord): boolean {
  return user.disabled === before.disabled && user.role === before.role &&
    user.password === before.password && user.totp?.secret === before.totp?.secret &&
    user.invitation?.digest === before.invitation?.digest;
}

function enrolmentOf(name: string, secret: string): Enrolment {
  return { secret, uri: totpUri("VPN", name, secret) };
}
