/** Users for tests. */

import type { UserRecord } from "../../../lib/users/user_record.ts";

/** A user whom no password lets in. */
export function userRecord(name: string, fields: Partial<UserRecord> = {}): UserRecord {
  const password = `$scrypt$ln=15,r=8,p=1$${"A".repeat(22)}$${"A".repeat(43)}`;
  return { name, role: "user", disabled: false, password, passwordSet: 0, ...fields };
}

/** Resolves when the condition holds. */
export async function until(condition: () => boolean, timeoutMs = 30_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > end) throw new Error("it did not happen in time");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
