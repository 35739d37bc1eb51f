/**
 * Tokens that stand for a password once it was right (`auth-gen-token`), in OpenVPN's format, so
 * that servers of either program can share a secret:
 *
 * ```text
 * SESS_ID_AT_ base64( session id (12) | first issued (8) | issued (8) | HMAC (32) )
 * HMAC: SHA-256 over user name | session id | first issued | issued; times are s since 1970
 * ```
 *
 * Source: openvpn(8), `--auth-gen-token`; OpenVPN's `auth_token.c`.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import { concatBytes, constantTimeEqual, randomBytes } from "../base/bytes.ts";
import { VpnError } from "../base/errors.ts";

const prefix = "SESS_ID_AT_";

/** Bytes of what names a log-in in all of its tokens. */
export const sessionIdLength = 12;

const timeLength = 8;
const macLength = 32;
const signedLength = sessionIdLength + 2 * timeLength;
/** A multiple of 3, so that base64 needs no padding. */
const dataLength = signedLength + macLength;
const tokenLength = prefix.length + dataLength / 3 * 4;

/** What a token says, once its HMAC is right. */
export interface AuthToken {
  /** 12 bytes, the same in all tokens of a log-in. */
  readonly sessionId: Uint8Array;
  /** s since 1970: when the password was checked. */
  readonly firstIssued: number;
  /** s since 1970: when this token was made. */
  readonly issued: number;
}

/** How long tokens are good, seconds. */
export interface TokenTimes {
  /** Since the password was checked; 0: for ever. */
  readonly lifetime: number;
  /** Until the next renewal at most; a token counts for twice that. */
  readonly renewal: number;
}

/** Whether a password looks like a token: such a one never goes to a password check. */
export function isAuthToken(password: string): boolean {
  return password.length === tokenLength && password.startsWith(prefix);
}

/** Whether a token is still good. `now`: s since 1970. */
export function isCurrent(token: AuthToken, times: TokenTimes, now: number): boolean {
  if (token.issued < token.firstIssued) return false;
  if (now < token.issued || now >= token.issued + 2 * times.renewal) return false;
  return times.lifetime === 0 || now <= token.firstIssued + times.lifetime;
}

/** Makes tokens and checks them. */
export class AuthTokens {
  readonly #key: Uint8Array;

  /** @param key 32 bytes; without it a random one: tokens end with the process. */
  constructor(key: Uint8Array = randomBytes(32)) {
    if (key.length !== 32) throw new RangeError("a token key has 32 bytes");
    this.#key = key;
  }

  /**
   * A token for a user.
   *
   * @param former The log-in's token before, which this one renews.
   * @param now s since 1970.
   */
  issue(username: string, now: number, former?: AuthToken): string {
    const sessionId = former?.sessionId ?? randomBytes(sessionIdLength);
    const times = new DataView(new ArrayBuffer(2 * timeLength));
    times.setBigUint64(0, BigInt(former?.firstIssued ?? now));
    times.setBigUint64(timeLength, BigInt(now));
    const signed = concatBytes(sessionId, new Uint8Array(times.buffer));
    const data = concatBytes(signed, this.#mac(username, signed));
    return prefix + Buffer.from(data).toString("base64");
  }

  /** What a user's token says; undefined where it is no token of ours for that user. */
  read(username: string, token: string): AuthToken | undefined {
    if (!isAuthToken(token)) return undefined;
    const text = token.slice(prefix.length);
    if (!/^[A-Za-z0-9+/]+$/.test(text)) return undefined;
    const data = Buffer.from(text, "base64");
    if (data.length !== dataLength) return undefined;
    const signed = Uint8Array.from(data.subarray(0, signedLength));
    if (!constantTimeEqual(this.#mac(username, signed), data.subarray(signedLength))) {
      return undefined;
    }
    const times = new DataView(signed.buffer, sessionIdLength);
    return {
      sessionId: signed.slice(0, sessionIdLength),
      firstIssued: Number(times.getBigUint64(0)),
      issued: Number(times.getBigUint64(timeLength)),
    };
  }

  #mac(username: string, signed: Uint8Array): Uint8Array {
    return createHmac("sha256", this.#key).update(username, "utf8").update(signed).digest();
  }
}

const secretName = "OpenVPN auth-token server key";

/** Bytes of a secret file: OpenVPN's `struct key`, 64 for a cipher and 64 for an HMAC. */
const secretLength = 128;
const macKeyOffset = 64;

/** A new secret file, as `openvpn --genkey auth-token` writes it. */
export function generateTokenSecret(): string {
  const base64 = Buffer.from(randomBytes(secretLength)).toString("base64");
  const lines = base64.match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${secretName}-----`, ...lines, `-----END ${secretName}-----`, ""].join("\n");
}

/**
 * The HMAC key of a secret file (`auth-gen-token-secret`).
 *
 * @throws {VpnError} when it is none.
 */
export function parseTokenSecret(text: string): Uint8Array {
  const match = new RegExp(
    `-----BEGIN ${secretName}-----\\s*([A-Za-z0-9+/=\\s]*?)\\s*-----END ${secretName}-----`,
  ).exec(text);
  const data = match === null ? undefined : Buffer.from(match[1], "base64");
  if (data === undefined || data.length < secretLength) {
    throw new VpnError(
      "auth-gen-token-secret holds no auth-token key",
      `make one with "openvpn --genkey auth-token FILE"`,
    );
  }
  return Uint8Array.from(data.subarray(macKeyOffset, macKeyOffset + 32));
}
