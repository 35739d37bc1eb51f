/**
 * A user, and the text of a file of users.
 *
 * @module
 */

import { VpnError } from "../base/errors.ts";
import { type Invitation, readInvitation } from "./invitation.ts";
import { isPasswordHash } from "./password_hash.ts";
import { isTotpSecret } from "./totp.ts";

/** What a user may do: `admin` also use the portal. */
export type UserRole = "user" | "admin";

/** A user as the file has it. */
export interface UserRecord {
  readonly name: string;
  readonly role: UserRole;
  /** Known, but not let in. */
  readonly disabled: boolean;
  /** PHC string of the password's hash. */
  readonly password: string;
  /** When the password was set, s since 1970: older tokens don't count. */
  readonly passwordSet: number;
  /** One-time codes; absent: the password is enough. */
  readonly totp?: TotpEnrolment;
  /** When the user was added, s since 1970; absent where that was not written down. */
  readonly created?: number;
  /** A link that waits for the user. */
  readonly invitation?: Invitation;
}

/** One-time codes of a user. */
export interface TotpEnrolment {
  /** Base32. */
  readonly secret: string;
  /** Step of the last code that was taken; 0: none yet. */
  readonly lastUsed: number;
}

/** Longest name, characters: the upper bound of a common name (RFC 5280, appendix A). */
const maximumNameLength = 64;

/**
 * The name as it is kept. It ends up in logs, in peer lists, and as the name of a file per client.
 *
 * @throws {VpnError} when it has characters that don't belong there.
 */
export function checkUserName(text: string): string {
  const name = text.normalize("NFC");
  if ([...name].length > maximumNameLength) {
    throw new VpnError("the user name is too long", `take at most ${maximumNameLength} characters`);
  }
  if (!/^[\p{L}\p{N}_][\p{L}\p{N}\p{M}_.@+-]*$/u.test(name)) {
    throw new VpnError(
      `"${printable(name)}" can't be a user name`,
      "use letters, digits and _ . @ + -, beginning with a letter or digit",
    );
  }
  return name;
}

function printable(text: string): string {
  // deno-lint-ignore no-control-regex -- they are what this replaces
  return text.slice(0, 40).replace(/[\x00-\x1f\x7f-\x9f]/g, "?");
}

/** Increased when the file changes so that older programs would read it wrongly. */
const formatVersion = 1;

/** The text of a file. */
export function formatUsers(users: readonly UserRecord[]): string {
  const sorted = [...users].sort((a, b) => a.name < b.name ? -1 : 1);
  return JSON.stringify({ version: formatVersion, users: sorted }, undefined, 2) + "\n";
}

/**
 * Reads the text of a file.
 *
 * @throws {VpnError} naming the user and the field that is wrong; no secret is in the message.
 */
export function parseUsers(text: string): UserRecord[] {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, and with it a secret.
    throw damaged("it is no JSON");
  }
  if (!isObject(content)) throw damaged("it is no object");
  if (content.version !== formatVersion) {
    throw new VpnError("the file of users is of another version", "use a newer program");
  }
  if (!Array.isArray(content.users)) throw damaged(`"users" is no list`);
  const users = content.users.map((user, index) => readUser(user, index));
  const names = new Set(users.map(({ name }) => name));
  if (names.size !== users.length) throw damaged("a user is there twice");
  return users;
}

function readUser(user: unknown, index: number): UserRecord {
  const wrong = (field: string) => damaged(`user ${index + 1}: "${field}" is wrong`);
  if (!isObject(user)) throw damaged(`user ${index + 1} is no object`);
  const { name, role, disabled, password, passwordSet, totp, created, invitation } = user;
  if (typeof name !== "string" || !isUserName(name)) throw wrong("name");
  if (role !== "user" && role !== "admin") throw wrong("role");
  if (typeof disabled !== "boolean") throw wrong("disabled");
  if (typeof password !== "string" || !isPasswordHash(password)) throw wrong("password");
  if (!isCount(passwordSet)) throw wrong("passwordSet");
  if (created !== undefined && !isCount(created)) throw wrong("created");
  const read = isObject(invitation) ? readInvitation(invitation) : undefined;
  if (invitation !== undefined && read === undefined) throw wrong("invitation");
  return {
    ...{ name, role, disabled, password, passwordSet },
    ...totp !== undefined && { totp: readTotp(totp, wrong) },
    ...created !== undefined && { created },
    ...read !== undefined && { invitation: read },
  };
}

function readTotp(totp: unknown, wrong: (field: string) => VpnError): TotpEnrolment {
  if (!isObject(totp) || typeof totp.secret !== "string" || !isTotpSecret(totp.secret)) {
    throw wrong("totp");
  }
  if (!isCount(totp.lastUsed)) throw wrong("totp");
  return { secret: totp.secret, lastUsed: totp.lastUsed };
}

function isUserName(name: string): boolean {
  try {
    return checkUserName(name) === name;
  } catch {
    return false;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function damaged(what: string): VpnError {
  return new VpnError(`the file of users is damaged: ${what}`, "restore it from a copy");
}
