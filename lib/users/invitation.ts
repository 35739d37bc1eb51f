/**
 * Invitations: links by which users set password and one-time codes themselves, once, so that nobody
 * else ever knows them. The file of users keeps a digest of the link's token.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { randomBytes } from "../base/bytes.ts";

/** What a user is to set. */
export interface InvitationScope {
  readonly password: boolean;
  readonly totp: boolean;
}

/** An invitation that waits for its user. */
export interface Invitation extends InvitationScope {
  /** SHA-256 of the token, hexadecimal. */
  readonly digest: string;
  /** s since 1970. */
  readonly expires: number;
}

/** Bytes of a token: it is guessed by nobody, so that wrong ones need no counting. */
const tokenLength = 32;

/** A new one, and the text of its token, which can't be had again. `expires`: s since 1970. */
export function makeInvitation(
  { password, totp }: InvitationScope,
  expires: number,
): { readonly text: string; readonly invitation: Invitation } {
  const text = randomBytes(tokenLength).toBase64({ alphabet: "base64url", omitPadding: true });
  return { text, invitation: { digest: digestOf(text), expires, password, totp } };
}

/** Names an invitation by its token; undefined for what can be none. */
export function invitationDigest(text: string): string | undefined {
  return /^[A-Za-z0-9_-]{43}$/.test(text) ? digestOf(text) : undefined;
}

/** What is left of an invitation when a part of it is done otherwise; undefined: nothing. */
export function invitationWithout(
  invitation: Invitation | undefined,
  done: keyof InvitationScope,
): Invitation | undefined {
  if (invitation === undefined) return undefined;
  const rest = { ...invitation, [done]: false };
  return rest.password || rest.totp ? rest : undefined;
}

/** The invitation of a file; undefined for what is none. */
export function readInvitation(value: Record<string, unknown>): Invitation | undefined {
  const { digest, expires, password, totp } = value;
  const good = typeof digest === "string" && /^[0-9a-f]{64}$/.test(digest) &&
    typeof expires === "number" && Number.isSafeInteger(expires) && expires >= 0 &&
    typeof password === "boolean" && typeof totp === "boolean" && (password || totp);
  return good ? { digest, expires, password, totp } : undefined;
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
