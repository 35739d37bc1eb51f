/**
 * Time-based one-time passwords (RFC 6238 over RFC 4226): HMAC-SHA1, steps of 30 s, six digits, which
 * is what every authenticator program can do.
 *
 * @module
 */

import { createHmac } from "node:crypto";
import { constantTimeEqual, randomBytes } from "../base/bytes.ts";
import { decodeBase32, encodeBase32 } from "./base32.ts";

/** Length of a step, seconds. */
export const totpPeriod = 30;

/** Digits of a code. */
export const totpDigits = 6;

/** Steps before and after the present one whose codes count: clocks differ, people type slowly. */
export const totpWindow = 1;

/** Bytes of a new secret: the length of HMAC-SHA1's output (RFC 4226, section 4, R6). */
const secretLength = 20;

/** RFC 4226, section 4, R6: at least 128 bits. */
const shortestSecret = 16;

/** A new secret, base32. */
export function generateTotpSecret(): string {
  return encodeBase32(randomBytes(secretLength));
}

/** Whether the text is a secret in base32 that is long enough. */
export function isTotpSecret(text: string): boolean {
  return (decodeBase32(text)?.length ?? 0) >= shortestSecret;
}

/** The code of a step, RFC 4226 section 5.3. */
export function totpCode(secret: Uint8Array, step: number, digits = totpDigits): string {
  const counter = new Uint8Array(8);
  new DataView(counter.buffer).setBigUint64(0, BigInt(step));
  const mac = createHmac("sha1", secret).update(counter).digest();
  const offset = mac[19] & 0x0f;
  const number = ((mac[offset] & 0x7f) << 24 | mac[offset + 1] << 16 | mac[offset + 2] << 8 |
    mac[offset + 3]) >>> 0;
  return String(number % 10 ** digits).padStart(digits, "0");
}

/** The step of a moment; `now`: ms since 1970. */
export function totpStep(now: number): number {
  return Math.floor(now / 1000 / totpPeriod);
}

/**
 * The step whose code that is, within the window around `now` (ms since 1970) and after `lastUsed`;
 * undefined where there is none. The same work whether or not one matches.
 *
 * @param lastUsed Step of the last code that was taken: a code counts once (RFC 6238, section 5.2).
 */
export function matchTotp(
  secret: Uint8Array,
  code: string,
  now: number,
  lastUsed: number | undefined,
): number | undefined {
  const given = new TextEncoder().encode(code.replace(/\s/g, ""));
  const present = totpStep(now);
  let matched: number | undefined;
  for (let step = present - totpWindow; step <= present + totpWindow; step++) {
    const right = new TextEncoder().encode(totpCode(secret, step));
    const fresh = lastUsed === undefined || step > lastUsed;
    if (constantTimeEqual(given, right) && fresh) matched ??= step;
  }
  return matched;
}

/** The `otpauth:` URI that authenticator programs read from a QR code. */
export function totpUri(issuer: string, name: string, secret: string): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(name)}`;
  const query = new URLSearchParams({
    secret,
    issuer,
    algorithm: "SHA1",
    digits: String(totpDigits),
    period: String(totpPeriod),
  });
  // Some programs show a plus sign where a space is meant.
  return `otpauth://totp/${label}?${query.toString().replaceAll("+", "%20")}`;
}
