/**
 * Who is logged in at the portal. A session's id is 256 random bits in a cookie; here is a digest of
 * it, so that whoever reads the memory of a dump has no cookie that works.
 *
 * In memory alone: a restart of the server ends all of them.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { randomBytes } from "../base/bytes.ts";
import type { UserRecord } from "../users/mod.ts";

/** Name of the cookie; the prefix makes browsers insist on Secure, no Domain, path / (RFC 6265bis). */
export const sessionCookie = "__Host-vpn-session";

/** A log-in that goes on. */
export interface PortalSession {
  readonly user: string;
  /** For forms: who doesn't know it has not seen our pages. Base64url. */
  readonly csrfToken: string;
  /** ms since 1970. */
  readonly startedAt: number;
  /** ms since 1970. */
  readonly lastUsed: number;
  /** When it ends however much it is used, ms since 1970. */
  readonly ends: number;
}

/** Bounds; each has a default. */
export interface SessionLimits {
  /** Without a request it ends after so many ms. */
  readonly idle: number;
  /** It ends after so many ms in any case. */
  readonly absolute: number;
  /** Sessions of one user at a time; the oldest goes. */
  readonly perUser: number;
  /** Sessions at a time; the one that was unused for longest goes. */
  readonly total: number;
}

const minute = 60_000;

/** What counts unless told otherwise (OWASP's advice for what is of value: 15 to 30 minutes). */
export const sessionLimits: SessionLimits = {
  idle: 30 * minute,
  absolute: 12 * 60 * minute,
  perUser: 16,
  total: 1024,
};

interface Entry extends PortalSession {
  /** As whom somebody logged in, and by what. */
  readonly loggedInAs: UserRecord;
  lastUsed: number;
}

/** Users whose last log-in is remembered. */
const rememberedLogins = 4096;

/** See the module's page. */
export class Sessions {
  readonly limits: SessionLimits;
  /** By digest of the id, the one that was used last at the end. */
  readonly #entries = new Map<string, Entry>();
  /** By name, ms since 1970; the latest at the end. */
  readonly #lastLogins = new Map<string, number>();

  constructor(
    limits: Partial<SessionLimits> = {},
    /** The present, ms since 1970. */
    readonly now: () => number = Date.now,
  ) {
    this.limits = { ...sessionLimits, ...limits };
  }

  /** Begins one; the id goes into the cookie and is kept nowhere else. */
  begin(user: UserRecord): { readonly id: string; readonly session: PortalSession } {
    this.#removeEnded();
    const own = [...this.#entries].filter(([, { user: name }]) => name === user.name);
    for (const [key] of own.slice(0, Math.max(0, own.length + 1 - this.limits.perUser))) {
      this.#entries.delete(key);
    }
    while (this.#entries.size >= this.limits.total) {
      this.#entries.delete(this.#entries.keys().next().value!);
    }
    const id = secret();
    const now = this.now();
    const session: Entry = {
      user: user.name,
      loggedInAs: user,
      csrfToken: secret(),
      startedAt: now,
      lastUsed: now,
      ends: now + this.limits.absolute,
    };
    this.#entries.set(digest(id), session);
    this.#lastLogins.delete(user.name);
    this.#lastLogins.set(user.name, now);
    if (this.#lastLogins.size > rememberedLogins) {
      this.#lastLogins.delete(this.#lastLogins.keys().next().value!);
    }
    return { id, session };
  }

  /** When somebody last logged in by that name, ms since 1970; undefined: not since the start. */
  lastLogin(name: string): number | undefined {
    return this.#lastLogins.get(name);
  }

  /**
   * The session of a cookie, which counts as used now.
   *
   * @param find The user of that name as it is now: one that is gone, disabled, or has another
   *   password, other one-time codes or another role has no session any more.
   */
  find(
    id: string,
    find: (name: string) => UserRecord | undefined,
  ): { readonly session: PortalSession; readonly user: UserRecord } | undefined {
    if (!isSecret(id)) return undefined;
    const key = digest(id);
    const session = this.#entries.get(key);
    if (session === undefined) return undefined;
    this.#entries.delete(key);
    const user = find(session.user);
    const good = user !== undefined && !user.disabled && sameLogin(user, session.loggedInAs);
    if (!good || this.#hasEnded(session)) return undefined;
    session.lastUsed = this.now();
    this.#entries.set(key, session);
    return { session, user };
  }

  /** Whether a cookie is that of a session at all, good or not. */
  has(id: string): boolean {
    return isSecret(id) && this.#entries.has(digest(id));
  }

  /**
   * Whose session that is, as far as can be told at once; it does not count as used. Good for how
   * much somebody gets of the server, not for what they may do.
   */
  recognize(id: string): string | undefined {
    if (!isSecret(id)) return undefined;
    const session = this.#entries.get(digest(id));
    return session === undefined || this.#hasEnded(session) ? undefined : session.user;
  }

  /** Ends the session of a cookie. */
  end(id: string): void {
    this.#entries.delete(digest(id));
  }

  /** Sessions that go on. */
  get size(): number {
    this.#removeEnded();
    return this.#entries.size;
  }

  #hasEnded({ lastUsed, ends }: PortalSession): boolean {
    const now = this.now();
    return now >= ends || now >= lastUsed + this.limits.idle;
  }

  #removeEnded(): void {
    for (const [key, session] of this.#entries) {
      if (this.#hasEnded(session)) this.#entries.delete(key);
    }
  }
}

/** Whether nothing has changed of what the log-in was about. */
function sameLogin(user: UserRecord, former: UserRecord): boolean {
  return user.password === former.password && user.passwordSet === former.passwordSet &&
    user.role === former.role && user.totp?.secret === former.totp?.secret;
}

/** 256 random bits, base64url. */
export function secret(): string {
  return randomBytes(32).toBase64({ alphabet: "base64url", omitPadding: true });
}

function isSecret(text: string): boolean {
  return /^[A-Za-z0-9_-]{43}$/.test(text);
}

function digest(id: string): string {
  return createHash("sha256").update(id).digest("hex");
}
