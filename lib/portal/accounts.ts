/**
 * Changing users: administrators others, whoever is invited and whoever is logged in themselves.
 *
 * @module
 */

import type { UserDirectory, UserFile, UserLogin } from "../users/mod.ts";
import { Invitations } from "./invitations.ts";
import { NewPasswords } from "./new_passwords.ts";
import { OwnAccount } from "./own_account.ts";
import { PortalUsers } from "./portal_users.ts";
import type { Sessions } from "./sessions.ts";

/** See the module's page. */
export interface PortalAccounts {
  readonly users: PortalUsers;
  readonly invitations: Invitations;
  readonly own: OwnAccount;
}

/** What they are made of. */
export interface PortalAccountsParts {
  readonly file: UserFile;
  readonly directory: UserDirectory;
  /** The portal's own, whose limits count here as well. */
  readonly login: UserLogin;
  readonly sessions: Sessions;
  /** Where the portal is, for links. */
  readonly url: () => string;
  readonly passwords?: NewPasswords;
}

/** Makes them. */
export function portalAccounts(parts: PortalAccountsParts): PortalAccounts {
  const { file, directory, login, sessions, url, passwords = new NewPasswords() } = parts;
  return {
    users: new PortalUsers({
      file,
      url,
      lastLogin: (name) => sessions.lastLogin(name),
      lockedFor: (name) => login.lockedFor(name),
      changed: () => directory.look(),
    }),
    invitations: new Invitations({ file, directory, passwords }),
    own: new OwnAccount({ file, directory, login, passwords }),
  };
}
