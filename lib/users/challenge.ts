/**
 * Challenge and response in the password field and in AUTH_FAILED: `SCRV1` (static: password and
 * answer at once), `CRV1` (dynamic: the server asks after the password was right).
 *
 * Source: OpenVPN's `doc/management-notes.txt`, "Challenge/Response Protocol".
 *
 * @module
 */

import { Buffer } from "node:buffer";

/** What a client wrote into the password field. */
export type PasswordField =
  | { readonly kind: "plain"; readonly password: string }
  /** `SCRV1:PASSWORD:RESPONSE`, both in base64. */
  | { readonly kind: "static"; readonly password: string; readonly response: string }
  /** `CRV1::STATE::RESPONSE`: the answer to the challenge of that state. */
  | { readonly kind: "dynamic"; readonly state: string; readonly response: string };

/** A dynamic challenge. */
export interface Challenge {
  /** What names the log-in to the server; no colon in it. */
  readonly state: string;
  readonly username: string;
  /** What to ask the user. */
  readonly text: string;
  /** Whether the answer may be shown while it is typed. */
  readonly echo: boolean;
  /** Whether an answer is wanted; without it the text is only to be shown. */
  readonly responseRequired: boolean;
}

/** Reads the password field. What only begins like a challenge's answer is a plain password. */
export function parsePasswordField(text: string): PasswordField {
  const staticMatch = /^SCRV1:([A-Za-z0-9+/=]*):([A-Za-z0-9+/=]*)$/.exec(text);
  if (staticMatch !== null) {
    const [password, response] = staticMatch.slice(1).map(decode);
    if (password !== undefined && response !== undefined) {
      return { kind: "static", password, response };
    }
  }
  const dynamicMatch = /^CRV1::([^:]*)::(.*)$/s.exec(text);
  if (dynamicMatch !== null) {
    return { kind: "dynamic", state: dynamicMatch[1], response: dynamicMatch[2] };
  }
  return { kind: "plain", password: text };
}

/** The password field for a static challenge's answer. */
export function staticResponse(password: string, response: string): string {
  return `SCRV1:${encode(password)}:${encode(response)}`;
}

/** The password field for a dynamic challenge's answer. */
export function dynamicResponse(state: string, response: string): string {
  return `CRV1::${state}::${response}`;
}

/** The reason of an AUTH_FAILED that asks. */
export function formatChallenge(challenge: Challenge): string {
  const flags = [
    ...(challenge.responseRequired ? ["R"] : []),
    ...(challenge.echo ? ["E"] : []),
  ].join(",");
  return `CRV1:${flags}:${challenge.state}:${encode(challenge.username)}:${challenge.text}`;
}

/** Reads such a reason; undefined for any other. */
export function parseChallenge(reason: string): Challenge | undefined {
  const match = /^CRV1:([^:]*):([^:]*):([A-Za-z0-9+/=]*):(.*)$/s.exec(reason);
  if (match === null) return undefined;
  const username = decode(match[3]);
  if (username === undefined) return undefined;
  const flags = match[1].split(",");
  return {
    state: match[2],
    username,
    text: match[4],
    echo: flags.includes("E"),
    responseRequired: flags.includes("R"),
  };
}

function encode(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}

function decode(text: string): string | undefined {
  if (text.length % 4 !== 0) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(Buffer.from(text, "base64"));
  } catch {
    return undefined;
  }
}
