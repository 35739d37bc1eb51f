/**
 * Users with something in every column, besides the fixture's administrator.
 *
 * @module
 */

import { makeInvitation, type UserRecord } from "../../../lib/users/mod.ts";
import { admin } from "./portal_fixture.ts";

const day = 86_400;

/** See the module's page. @param now ms since 1970. */
export function sampleUsers(now: number = Date.now()): readonly UserRecord[] {
  const seconds = Math.floor(now / 1000);
  const user = (name: string, age: number, more: Partial<UserRecord>): UserRecord => ({
    ...admin,
    name,
    role: "user",
    created: seconds - age * day,
    passwordSet: seconds - age * day + 3600,
    totp: { secret: admin.totp!.secret, lastUsed: Math.floor((seconds - age * 700) / 30) },
    ...more,
  });
  const { invitation } = makeInvitation({ password: true, totp: true }, seconds + 2 * day);
  const { totp: _, ...erin } = user("erin", 3, {});
  return [
    user("root", 400, { role: "admin", totp: admin.totp }),
    user("alice", 212, {}),
    user("bob", 97, { role: "admin" }),
    user("dave", 1, { invitation, totp: admin.totp }),
    erin,
    user("mallory", 60, { disabled: true }),
  ];
}
