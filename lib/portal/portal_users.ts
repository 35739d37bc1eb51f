/**
 * Users as administrators see and change them: the file that `vpn user` changes as well.
 *
 * @module
 */

import {
  addUser,
  changeUsers,
  checkUserName,
  hashOfNoPassword,
  type InvitationScope,
  makeInvitation,
  requireAdministrator,
  stillToSet,
  totpPeriod,
  type UserFile,
  type UserRecord,
  type UserRole,
  withInvitation,
} from "../users/mod.ts";
import { asPortalError, type OneTimeLink, PortalError } from "./service.ts";

/** A user. Times are ms since 1970. */
export interface PortalUser {
  readonly name: string;
  readonly role: UserRole;
  readonly disabled: boolean;
  /** Whether one-time codes are asked for. */
  readonly oneTimeCodes: boolean;
  /** When the user was added; absent where nobody wrote it down. */
  readonly created?: number;
  readonly passwordSet: number;
  /** A link that waits for the user, and what is set by it. */
  readonly invitation?: {
    readonly expires: number;
    readonly password: boolean;
    readonly oneTimeCodes: boolean;
  };
  /** The last log-in that is known of. */
  readonly lastLogin?: number;
  /** Too many wrong passwords: until when attempts at the portal wait. */
  readonly lockedUntil?: number;
}

/** What a change is to be of; log-ins change nothing of it. */
export function changeableStateOf(user: PortalUser): unknown {
  const { lastLogin: _, lockedUntil: __, ...state } = user;
  return state;
}

/** Refuses a change of what is not as it was seen. */
export type SeenCheck = (user: PortalUser) => void;

/** Whom an administrator adds. */
export interface NewUser {
  readonly name: string;
  readonly role: UserRole;
  /** Administrators have them in any case. */
  readonly oneTimeCodes: boolean;
}

/** A user and the link that is theirs. */
export interface InvitedUser {
  readonly user: PortalUser;
  readonly link: OneTimeLink;
}

/** What it is made of. */
export interface PortalUsersParts {
  readonly file: UserFile;
  /** When somebody last logged in at the portal, ms since 1970. */
  readonly lastLogin: (name: string) => number | undefined;
  /** How long attempts under a name wait, ms. */
  readonly lockedFor: (name: string) => number;
  /** Where the portal is, for links. */
  readonly url: () => string;
  /** Somebody else is to look at the file. */
  readonly changed: () => Promise<void>;
}

/** See the module's page. */
export class PortalUsers {
  readonly #parts: PortalUsersParts;

  constructor(parts: PortalUsersParts) {
    this.#parts = parts;
  }

  /** All of them, by name. */
  async all(): Promise<readonly PortalUser[]> {
    const users = await this.#parts.file.read() ?? [];
    return users.map((user) => this.#shown(user)).sort((a, b) => a.name < b.name ? -1 : 1);
  }

  /** @throws {PortalError} not-found. */
  async find(name: string): Promise<PortalUser> {
    return this.#shown(existing(await this.#parts.file.read() ?? [], name));
  }

  /**
   * Adds a user who sets password and one-time codes by the link.
   *
   * @param lifetime Of the link, s.
   * @throws {PortalError} invalid, conflict.
   */
  async add(given: NewUser, lifetime: number): Promise<InvitedUser> {
    const name = validName(given.name);
    const now = seconds();
    const totp = given.oneTimeCodes || given.role === "admin";
    const { text, invitation } = makeInvitation({ password: true, totp }, now + lifetime);
    const user: UserRecord = withInvitation(
      {
        name,
        role: given.role,
        disabled: false,
        password: hashOfNoPassword(),
        passwordSet: now,
        created: now,
      },
      invitation,
      now,
    );
    await this.#update((users) => {
      if (users.some((other) => other.name === name)) {
        throw new PortalError("conflict", `there is a user ${name} already`, "take another name");
      }
      return addUser(users, user);
    });
    return { user: this.#shown(user), link: this.#link(text, invitation.expires) };
  }

  /**
   * Changes what a user may do.
   *
   * @throws {PortalError} not-found, conflict: the last administrator, or one without codes.
   */
  async change(
    name: string,
    { role, disabled }: Pick<PortalUser, "role" | "disabled">,
    seen: SeenCheck,
  ): Promise<PortalUser> {
    return await this.#changeOne(name, seen, (user) => {
      const codes = user.totp !== undefined;
      if (role === "admin" && user.role !== "admin" && !codes) {
        throw new PortalError(
          "conflict",
          `${name} has no one-time codes, which administrators need`,
          "send a link to set them up first",
        );
      }
      return { ...user, role, disabled };
    });
  }

  /**
   * Takes away password, one-time codes or both, and lets the user set them by the link. What a
   * former link was for is for this one as well; the former is good for nothing any more.
   *
   * @param lifetime Of the link, s.
   * @throws {PortalError} not-found, invalid: nothing to set, conflict: the last administrator.
   */
  async reset(
    name: string,
    asked: InvitationScope,
    lifetime: number,
    seen: SeenCheck,
  ): Promise<InvitedUser> {
    const now = seconds();
    let link: OneTimeLink | undefined;
    const user = await this.#changeOne(name, seen, (user) => {
      const scope = stillToSet(user, asked);
      if (!scope.password && !scope.totp) {
        throw new PortalError("invalid", "choose what is to be set anew");
      }
      const { text, invitation } = makeInvitation(scope, now + lifetime);
      link = this.#link(text, invitation.expires);
      return withInvitation(user, invitation, now);
    });
    return { user, link: link! };
  }

  /** @throws {PortalError} not-found, conflict: the last administrator. */
  async remove(name: string, seen: SeenCheck): Promise<void> {
    await this.#update((users) => {
      const user = existing(users, name);
      seen(this.#shown(user));
      return changeUsers(users, new Set([user.name]), () => undefined);
    });
  }

  async #changeOne(
    name: string,
    seen: SeenCheck,
    by: (user: UserRecord) => UserRecord,
  ): Promise<PortalUser> {
    let changed: UserRecord | undefined;
    await this.#update((users) => {
      const user = existing(users, name);
      seen(this.#shown(user));
      changed = by(user);
      return changeUsers(users, new Set([user.name]), () => changed);
    });
    return this.#shown(changed!);
  }

  /** Within the file's lock: what was seen is what is changed, whoever else changes it. */
  async #update(
    change: (users: readonly UserRecord[]) => readonly UserRecord[],
  ): Promise<void> {
    await this.#parts.file.update((users) => {
      const changed = change(users);
      try {
        requireAdministrator(users, changed);
      } catch (error) {
        throw asPortalError("conflict", error);
      }
      return changed;
    });
    await this.#parts.changed();
  }

  #link(text: string, expires: number): OneTimeLink {
    return {
      url: `${this.#parts.url()}/invitation?token=${text}`,
      expires: expires * 1000,
    };
  }

  #shown(user: UserRecord): PortalUser {
    const { name, role, disabled, totp, created, passwordSet, invitation } = user;
    const lastLogin = lastLoginOf(user, this.#parts.lastLogin(name));
    const locked = this.#parts.lockedFor(name);
    return {
      name,
      role,
      disabled,
      oneTimeCodes: totp !== undefined,
      ...created !== undefined && { created: created * 1000 },
      passwordSet: passwordSet * 1000,
      ...invitation !== undefined && {
        invitation: {
          expires: invitation.expires * 1000,
          password: invitation.password,
          oneTimeCodes: invitation.totp,
        },
      },
      ...lastLogin !== undefined && { lastLogin },
      ...locked > 0 && { lockedUntil: Math.ceil(Date.now() + locked) },
    };
  }
}

/** The step of the last code is kept with the user: it says when, to the half minute. */
function lastLoginOf({ totp }: UserRecord, atPortal: number | undefined): number | undefined {
  const byCode = totp === undefined ? 0 : totp.lastUsed * totpPeriod * 1000;
  const last = Math.max(byCode, atPortal ?? 0);
  return last === 0 ? undefined : last;
}

function existing(users: readonly UserRecord[], given: string): UserRecord {
  const name = given.normalize("NFC");
  const user = users.find((one) => one.name === name);
  if (user === undefined) throw new PortalError("not-found", "there is no such user");
  return user;
}

function validName(text: string): string {
  try {
    return checkUserName(text);
  } catch (error) {
    throw asPortalError("invalid", error);
  }
}

/** s since 1970. */
function seconds(): number {
  return Math.floor(Date.now() / 1000);
}
