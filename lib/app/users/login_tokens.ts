/**
 * The tokens of a server's clients (`auth-gen-token`), and which log-in each client's belongs to.
 *
 * @module
 */

import { randomBytes } from "../../base/bytes.ts";
import type { LoadedFiles, TokenOptions } from "../../config/mod.ts";
import {
  type AuthToken,
  AuthTokens,
  isCurrent,
  parseTokenSecret,
  sessionIdLength,
  type TokenTimes,
} from "../../users/mod.ts";

/** What a token is worth. */
export type TokenVerdict =
  | { readonly kind: "valid"; readonly token: AuthToken }
  /** It was ours. */
  | { readonly kind: "expired"; readonly token: AuthToken }
  | { readonly kind: "invalid" };

/** See the module's page. */
export class LoginTokens {
  readonly #tokens: AuthTokens;
  readonly #times: TokenTimes;

  /**
   * @param options undefined: tokens only for those that can't say their password twice.
   * @param renegotiation `reneg-sec`, for the times where nothing is configured; 0: never.
   * @throws {VpnError} when the secret's file holds none.
   */
  constructor(options: TokenOptions | undefined, files: LoadedFiles, renegotiation: number) {
    const secret = options?.secret;
    this.#tokens = new AuthTokens(secret && parseTokenSecret(files.text(secret)));
    this.#times = options ?? { lifetime: 0, renewal: renegotiation || Infinity };
  }

  /** What that token of that user is worth. */
  judge(username: string, password: string, now: number): TokenVerdict {
    const token = this.#tokens.read(username, password);
    if (token === undefined) return { kind: "invalid" };
    return { kind: isCurrent(token, this.#times, now) ? "valid" : "expired", token };
  }

  /** What the tokens of a new log-in go on from. */
  begin(now: number): AuthToken {
    return { sessionId: randomBytes(sessionIdLength), firstIssued: now, issued: now };
  }

  /** A new token, which goes on with the log-in of the former one. */
  issue(username: string, now: number, former: AuthToken): string {
    return this.#tokens.issue(username, now, former);
  }
}
