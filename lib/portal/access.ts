/**
 * How people get into the portal: log-in with password and one-time code, and the set-up of the
 * first administrator.
 *
 * @module
 */

import { VpnError } from "../base/errors.ts";
import { decodeBase32 } from "../users/base32.ts";
import { staticResponse } from "../users/challenge.ts";
import {
  checkNewPassword,
  checkUserName,
  generateTotpSecret,
  hashPassword,
  matchTotp,
  totpUri,
  type UserDirectory,
  UserFile,
  UserLogin,
  type UserRecord,
} from "../users/mod.ts";
import { type PortalSession, Sessions } from "./sessions.ts";
import { SetupToken } from "./setup.ts";

/** What somebody gave who wants in. */
export interface PortalLogin {
  readonly username: string;
  readonly password: string;
  /** The one-time code; empty where it was not asked for yet. */
  readonly code: string;
  /** The address that it comes from. */
  readonly source: string;
}

/** What came of it. */
export type PortalLoginVerdict =
  | { readonly kind: "accepted"; readonly user: UserRecord }
  /** Name and password are right; the one-time code is missing. */
  | { readonly kind: "code-needed" }
  /** `message` may be shown; `detail` is for the log. */
  | { readonly kind: "refused"; readonly message: string; readonly detail: string }
  | {
    readonly kind: "later";
    readonly seconds: number;
    readonly message: string;
    readonly detail: string;
  };

/** The first administrator, before the one-time code is confirmed. */
export interface Enrolment {
  /** Base32. */
  readonly secret: string;
  /** For a QR code. */
  readonly uri: string;
}

/** A step of the set-up that can't be done; `message` may be shown. */
export type SetupRefusal = {
  readonly kind: "refused";
  readonly field: "token" | "name" | "password" | "code";
  readonly message: string;
  /** With a wrong code: what the authenticator program is to have. */
  readonly enrolment?: Enrolment;
};

interface PendingAdministrator {
  readonly name: string;
  readonly password: string;
  readonly secret: string;
}

/** What it is made of. */
export interface PortalAccessParts {
  readonly directory: UserDirectory;
  /** The same users' file. */
  readonly file: UserFile;
  /** Default: limits of its own, apart from those of VPN clients. */
  readonly login?: UserLogin;
  readonly sessions?: Sessions;
  /** Absent where there is an administrator already. */
  readonly setupToken?: SetupToken;
  /** The token was used. */
  readonly onSetUp?: () => void;
}

/** See the module's page. */
export class PortalAccess {
  readonly sessions: Sessions;
  readonly directory: UserDirectory;
  readonly #file: UserFile;
  readonly #login: UserLogin;
  readonly #onSetUp: () => void;
  #setupToken: SetupToken | undefined;
  #pending: PendingAdministrator | undefined;

  constructor(parts: PortalAccessParts) {
    const { directory, file, login, sessions, setupToken, onSetUp } = parts;
    this.#onSetUp = onSetUp ?? (() => {});
    this.directory = directory;
    this.#file = file;
    this.#login = login ?? new UserLogin(directory);
    this.sessions = sessions ?? new Sessions();
    this.#setupToken = setupToken;
  }

  /** Decides about a log-in; no session begins. */
  async login(attempt: PortalLogin): Promise<PortalLoginVerdict> {
    const verdict = await this.#login.decide({
      username: attempt.username,
      // Whatever the password looks like, it is one.
      password: staticResponse(attempt.password, attempt.code.trim()),
      source: attempt.source,
    });
    switch (verdict.kind) {
      case "challenge":
        return { kind: "code-needed" };
      case "refused":
        return {
          kind: "refused",
          message: "name, password or code is wrong",
          detail: verdict.detail,
        };
      case "later":
        return { ...verdict, message: `${verdict.reason}: try again in ${verdict.seconds} s` };
      case "accepted":
        // Who may issue certificates has more to show than a password.
        if (verdict.user.role === "admin" && verdict.user.totp === undefined) {
          return {
            kind: "refused",
            message:
              "an administrator needs one-time codes: another one can send you a link, or run vpn user totp NAME on the server",
            detail: "an administrator without one-time codes",
          };
        }
        return verdict;
    }
  }

  /** Who is logged in by that cookie, as the file of users now is. */
  async caller(
    id: string,
  ): Promise<{ readonly session: PortalSession; readonly user: UserRecord } | undefined> {
    // Strangers cost no look at the file.
    if (!this.sessions.has(id)) return undefined;
    await this.directory.look();
    return this.sessions.find(id, (name) => this.directory.find(name));
  }

  /** Whether the first administrator is still to be made. */
  get needsSetup(): boolean {
    return this.#setupToken !== undefined;
  }

  /** First step: token, name and password; the answer is to be put into an authenticator program. */
  async beginSetup(
    given: {
      readonly token: string;
      readonly name: string;
      readonly password: string;
      readonly source: string;
    },
  ): Promise<{ readonly kind: "enrolment"; readonly enrolment: Enrolment } | SetupRefusal> {
    const refusal = this.#checkToken(given.token, given.source);
    if (refusal !== undefined) return refusal;
    let field: "name" | "password" = "name";
    try {
      const name = checkUserName(given.name);
      const existing = (await this.#file.read() ?? []).some((user) => user.name === name);
      if (existing) return refused("name", "there is a user of that name already");
      field = "password";
      checkNewPassword(given.password);
      const secret = generateTotpSecret();
      this.#pending = { name, password: await hashPassword(given.password), secret };
      return { kind: "enrolment", enrolment: { secret, uri: totpUri("VPN", name, secret) } };
    } catch (error) {
      if (!(error instanceof VpnError)) throw error;
      return refused(field, error.line);
    }
  }

  /** Second step: a code shows that the authenticator program has the secret. */
  async finishSetup(
    given: { readonly token: string; readonly code: string; readonly source: string },
  ): Promise<{ readonly kind: "accepted"; readonly user: UserRecord } | SetupRefusal> {
    const refusal = this.#checkToken(given.token, given.source);
    if (refusal !== undefined) return refusal;
    const pending = this.#pending;
    if (pending === undefined) return refused("token", "begin with name and password");
    const step = matchTotp(decodeBase32(pending.secret)!, given.code, Date.now(), undefined);
    const { name, password, secret } = pending;
    if (step === undefined) {
      const enrolment = { secret, uri: totpUri("VPN", name, secret) };
      return { ...refused("code", "the code is wrong"), enrolment };
    }
    const user: UserRecord = {
      name,
      role: "admin",
      disabled: false,
      password,
      passwordSet: Math.floor(Date.now() / 1000),
      created: Math.floor(Date.now() / 1000),
      totp: { secret, lastUsed: step },
    };
    let taken = false;
    await this.#file.update((users) => {
      taken = users.some((other) => other.name === name);
      return taken ? undefined : [...users, user];
    });
    if (taken) return refused("name", "there is a user of that name already");
    this.#setupToken?.use();
    this.#setupToken = undefined;
    this.#pending = undefined;
    this.#onSetUp();
    await this.directory.look();
    return { kind: "accepted", user };
  }

  #checkToken(token: string, source: string): SetupRefusal | undefined {
    switch (this.#setupToken?.check(token, source) ?? "used") {
      case "right":
        return undefined;
      case "wrong":
        return refused("token", "this is not the token that the server printed");
      case "wait":
        return refused("token", "too many wrong tokens: try again in a minute");
      case "used":
        return refused("token", "the server is set up: log in");
    }
  }
}

function refused(field: SetupRefusal["field"], message: string): SetupRefusal {
  return { kind: "refused", field, message };
}
