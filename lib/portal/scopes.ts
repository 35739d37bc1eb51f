/**
 * What tokens may be good for. On its own, so that the command line loads nothing else for it.
 *
 * @module
 */

/** What a token may be good for. */
export const scopes = [
  /** To look at everything but private keys. */
  "read",
  /** To disconnect clients. */
  "sessions",
  /** To issue, renew, revoke, and get profiles, which hold private keys. */
  "subscribers",
  /** To add, change and remove users, administrators included: as good as being one. */
  "users",
  /** To change exit nodes and access lists. */
  "network",
  /** To change settings. */
  "settings",
  /** To scrape `/metrics`. */
  "metrics",
] as const;

/** One of them. */
export type Scope = (typeof scopes)[number];
