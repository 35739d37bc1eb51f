/**
 * Following an invitation: whoever has the link sets password and one-time codes, once.
 *
 * ```text
 * token, password ─┬─► one-time codes ─► a code of theirs ─┬─► in the file; the link is used
 *                  └───────────────────────────────────────┘
 * ```
 *
 * @module
 */

import { decodeBase32 } from "../users/base32.ts";
import {
  changeUsers,
  generateTotpSecret,
  invitationDigest,
  type InvitationScope,
  matchTotp,
  totpUri,
  type UserDirectory,
  type UserFile,
  type UserRecord,
  withPassword,
  withTotp,
} from "../users/mod.ts";
import type { Enrolment } from "./access.ts";
import type { NewPasswords } from "./new_passwords.ts";
import { PortalError } from "./service.ts";

/** Who is invited, and what they set. */
export interface InvitedPerson extends InvitationScope {
  readonly name: string;
}

/** What came of a step. */
export type InvitationStep =
  | { readonly kind: "enrolment"; readonly enrolment: Enrolment }
  /** `proved`: by all that a log-in asks for. */
  | { readonly kind: "accepted"; readonly user: UserRecord; readonly proved: boolean }
  | {
    readonly kind: "refused";
    readonly field: "token" | "password" | "code";
    readonly message: string;
    /** With a wrong code: what the authenticator program is to have. */
    readonly enrolment?: Enrolment;
  };

/** What was set and is not in the file yet. */
interface Pending {
  readonly password?: string;
  readonly secret: string;
}

/** What it is made of. */
export interface InvitationsParts {
  readonly file: UserFile;
  readonly directory: UserDirectory;
  readonly passwords: NewPasswords;
}

/** See the module's page. */
export class Invitations {
  readonly #parts: InvitationsParts;
  /** By digest of the token: never more than there are invitations. */
  readonly #pending = new Map<string, Pending>();

  constructor(parts: InvitationsParts) {
    this.#parts = parts;
  }

  /** Whose invitation that token is; undefined for one that is none, was used or has expired. */
  async find(token: string): Promise<InvitedPerson | undefined> {
    const user = await this.#invited(token);
    if (user === undefined) return undefined;
    return { name: user.name, password: user.invitation!.password, totp: user.invitation!.totp };
  }

  /** First step. `password` is looked at where one is to be set. */
  async begin(token: string, password: string): Promise<InvitationStep> {
    const user = await this.#invited(token);
    if (user === undefined) return noInvitation;
    const { digest, password: setsPassword, totp } = user.invitation!;
    let hash: string | undefined;
    try {
      if (setsPassword) hash = await this.#parts.passwords.hashOf(password);
    } catch (error) {
      if (!(error instanceof PortalError)) throw error;
      return { kind: "refused", field: "password", message: error.line };
    }
    if (!totp) return await this.#accept(digest, { hash });
    this.#forgetOthers();
    const secret = generateTotpSecret();
    this.#pending.set(digest, { secret, ...hash !== undefined && { password: hash } });
    return { kind: "enrolment", enrolment: enrolmentOf(user.name, secret) };
  }

  /** Second step: a code shows that the authenticator program has the secret. */
  async finish(token: string, code: string): Promise<InvitationStep> {
    const user = await this.#invited(token);
    const digest = user?.invitation?.digest;
    const pending = digest === undefined ? undefined : this.#pending.get(digest);
    if (user === undefined || digest === undefined || pending === undefined) return noInvitation;
    const { secret, password: hash } = pending;
    const step = matchTotp(decodeBase32(secret)!, code, Date.now(), undefined);
    if (step === undefined) {
      const enrolment = enrolmentOf(user.name, secret);
      return { kind: "refused", field: "code", message: "the code is wrong", enrolment };
    }
    this.#pending.delete(digest);
    return await this.#accept(digest, { hash, totp: { secret, lastUsed: step } });
  }

  async #accept(
    digest: string,
    { hash, totp }: { readonly hash?: string; readonly totp?: UserRecord["totp"] },
  ): Promise<InvitationStep> {
    const now = Math.floor(Date.now() / 1000);
    let accepted: UserRecord | undefined;
    await this.#parts.file.update((users) => {
      // It may have been used, or taken back, since it was looked at.
      const user = users.find((one) => isOpen(one, digest));
      if (user === undefined) return undefined;
      const scope = user.invitation!;
      let changed = user;
      if (scope.password && hash !== undefined) changed = withPassword(changed, hash, now);
      if (scope.totp && totp !== undefined) changed = withTotp(changed, totp);
      if (changed.invitation !== undefined) return undefined;
      accepted = changed;
      return changeUsers(users, new Set([user.name]), () => changed);
    });
    if (accepted === undefined) return noInvitation;
    await this.#parts.directory.look();
    // By the link alone nobody gets past one-time codes that they did not show just now.
    const proved = accepted.totp === undefined || accepted.totp === totp;
    return { kind: "accepted", user: accepted, proved };
  }

  async #invited(token: string): Promise<UserRecord | undefined> {
    const digest = invitationDigest(token);
    if (digest === undefined) return undefined;
    const { directory } = this.#parts;
    await directory.look();
    // By digest: how long a look-up takes says nothing about a token.
    return directory.users.find((user) => isOpen(user, digest));
  }

  #forgetOthers(): void {
    const open = new Set(this.#parts.directory.users.map(({ invitation }) => invitation?.digest));
    for (const digest of this.#pending.keys()) if (!open.has(digest)) this.#pending.delete(digest);
  }
}

const noInvitation: InvitationStep = {
  kind: "refused",
  field: "token",
  message: "this link was used, has expired, or another one has taken its place",
};

function isOpen({ disabled, invitation }: UserRecord, digest: string): boolean {
  return !disabled && invitation?.digest === digest && Date.now() < invitation.expires * 1000;
}

function enrolmentOf(name: string, secret: string): Enrolment {
  return { secret, uri: totpUri("VPN", name, secret) };
}
