/**
 * How a server checks its users.
 *
 * @module
 */

import type { FileReference } from "./position.ts";

/** How a server checks its users; nothing of it: certificates decide. */
export interface LoginOptions {
  /** `vpn-users` (ours): file of users with password hashes. */
  readonly users?: FileReference;
  /** `auth-user-pass-verify`: a program that decides. */
  readonly verify?: {
    readonly command: string;
    /** How it gets user name and password. */
    readonly method: "via-env" | "via-file";
  };
  /** `auth-user-pass-optional`: clients may come without a user name. */
  readonly optional: boolean;
  /** `auth-gen-token`: clients get a token in place of their password. */
  readonly token?: TokenOptions;
}

/** `auth-gen-token [LIFETIME] [RENEWAL] [external-auth]`, times in seconds. */
export interface TokenOptions {
  /** Since the password was checked; 0: for ever. */
  readonly lifetime: number;
  /** Between two tokens; a token counts for twice that. */
  readonly renewal: number;
  /** Those that check passwords are asked about tokens as well. */
  readonly externalAuth: boolean;
  /** `auth-gen-token-secret`; without it tokens end with the process. */
  readonly secret?: FileReference;
}
