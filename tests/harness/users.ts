/**
 * Files of users for tests, and the one-time codes that go with them.
 *
 * @module
 */

import { decodeBase32 } from "../../lib/users/base32.ts";
import { hashPassword } from "../../lib/users/password_hash.ts";
import { totpCode, totpStep } from "../../lib/users/totp.ts";
import { UserFile } from "../../lib/users/user_file.ts";

/** The password of all users. */
export const userPassword = "correct horse battery";

/** RFC 6238's secret of appendix B, in base32. */
const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/** The present one-time code of all users that have them. */
export function presentCode(): string {
  return totpCode(decodeBase32(secret)!, totpStep(Date.now()));
}

/** Makes a file with these users. */
export async function makeUsers(
  path: string,
  users: { readonly plain?: readonly string[]; readonly totp?: readonly string[] },
): Promise<UserFile> {
  const file = new UserFile(path);
  const password = await hashPassword(userPassword);
  const record = (name: string) => ({
    ...{ name, role: "user", disabled: false, password, passwordSet: 0 } as const,
  });
  await file.update(() => [
    ...(users.plain ?? []).map(record),
    ...(users.totp ?? []).map((name) => ({ ...record(name), totp: { secret, lastUsed: 0 } })),
  ]);
  return file;
}
