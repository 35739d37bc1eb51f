/**
 * The users of a state directory.
 *
 * @module
 */

import { UserFile, userFilePath } from "../../users/mod.ts";

/** Path of their file, where there are any besides those of the portal alone. */
export async function stateUsers(directory: string): Promise<string | undefined> {
  const path = userFilePath(directory);
  const users = await new UserFile(path).read();
  return users?.some(({ role }) => role === "user") ? path : undefined;
}
