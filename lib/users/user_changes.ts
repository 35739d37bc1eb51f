/**
 * Changes of users, the same on the command line and in the portal. Pure: `UserFile.update` has them
 * done with no other change in between.
 *
 * @module
 */

import { VpnError } from "../base/errors.ts";
import { type Invitation, type InvitationScope, invitationWithout } from "./invitation.ts";
import { hashOfNoPassword } from "./password_hash.ts";
import { generateTotpSecret } from "./totp.ts";
import type { TotpEnrolment, UserRecord } from "./user_record.ts";

/** Adds a user. @throws {VpnError} when the name is taken. */
export function addUser(users: readonly UserRecord[], user: UserRecord): readonly UserRecord[] {
  refuseExisting(users, user.name);
  return [...users, user];
}

/** @throws {VpnError} when there is a user of that name. */
export function refuseExisting(users: readonly UserRecord[], name: string): void {
  if (!users.some((user) => user.name === name)) return;
  throw new VpnError(
    `there is a user ${name} already`,
    `take another name, or change the password: vpn user passwd ${name}`,
  );
}

/** Changes users of these names; those for whom `by` has nothing go. */
export function changeUsers(
  users: readonly UserRecord[],
  names: ReadonlySet<string>,
  by: (user: UserRecord) => UserRecord | undefined,
): readonly UserRecord[] {
  return users.flatMap((user) => names.has(user.name) ? by(user) ?? [] : [user]);
}

/** The user with another password, which ends sessions and tokens. `now`: s since 1970. */
export function withPassword(
  { invitation, ...user }: UserRecord,
  password: string,
  now: number,
): UserRecord {
  return invited(
    { ...user, password, passwordSet: now },
    invitationWithout(invitation, "password"),
  );
}

/** The user with other one-time codes, or without any. */
export function withTotp(
  { totp: _former, invitation, ...user }: UserRecord,
  totp: TotpEnrolment | undefined,
): UserRecord {
  const rest = invitationWithout(invitation, "totp");
  return invited({ ...user, ...totp !== undefined && { totp } }, rest);
}

/**
 * The user with an invitation to set what it names; until that is done nobody gets in by the former,
 * whoever knows it. `now`: s since 1970.
 */
export function withInvitation(
  user: UserRecord,
  invitation: Invitation,
  now: number,
): UserRecord {
  let changed = user;
  if (invitation.password) changed = withPassword(changed, hashOfNoPassword(), now);
  // A secret that nobody has seen: without one the password alone would be enough.
  if (invitation.totp) changed = withTotp(changed, { secret: generateTotpSecret(), lastUsed: 0 });
  return invited(changed, invitation);
}

/** What a user has still to set, with what is asked for now. */
export function stillToSet(user: UserRecord, asked: InvitationScope): InvitationScope {
  return {
    password: asked.password || user.invitation?.password === true,
    totp: asked.totp || user.invitation?.totp === true,
  };
}

/** Whether the portal lets in that user as an administrator. */
export function isAdministrator({ role, disabled, totp, invitation }: UserRecord): boolean {
  return role === "admin" && !disabled && totp !== undefined && invitation === undefined;
}

/** @throws {VpnError} for a change after which nobody could administer any more. */
export function requireAdministrator(
  before: readonly UserRecord[],
  after: readonly UserRecord[],
): void {
  if (after.some(isAdministrator) || !before.some(isAdministrator)) return;
  throw new VpnError(
    "this is the last administrator who can log in",
    "have another one set up first",
  );
}

function invited(user: UserRecord, invitation: Invitation | undefined): UserRecord {
  const { invitation: _former, ...rest } = user;
  return invitation === undefined ? rest : { ...rest, invitation };
}
