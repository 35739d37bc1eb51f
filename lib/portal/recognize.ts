/**
 * Whom a request comes from, told at once and without a file being read: for how much of the server
 * it gets. What it may do is decided later, by `identify`.
 *
 * @module
 */

import type { ApiTokens } from "./api_tokens.ts";
import { sessionCookie, type Sessions } from "./sessions.ts";

/** The two fields of a header that say it. */
export interface CredentialHeaders {
  readonly authorization?: string;
  readonly cookie?: string;
}

const cookiePattern = new RegExp(`(?:^|;\\s*)${sessionCookie}=([A-Za-z0-9_-]{43})(?:;|$)`);

/** The name to account for: `session ALICE`, `token CI`; undefined: a stranger. */
export function recognizer(
  sessions: Pick<Sessions, "recognize">,
  tokens: Pick<ApiTokens, "recognize">,
): (headers: CredentialHeaders) => string | undefined {
  return ({ authorization, cookie }) => {
    if (authorization !== undefined) {
      const [, text = ""] = /^Bearer ([^\s]+)$/i.exec(authorization) ?? [];
      const token = tokens.recognize(text);
      return token === undefined ? undefined : `token ${token}`;
    }
    const [, id = ""] = cookiePattern.exec(cookie ?? "") ?? [];
    const user = sessions.recognize(id);
    return user === undefined ? undefined : `session ${user}`;
  };
}
