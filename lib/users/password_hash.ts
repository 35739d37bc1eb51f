/**
 * Password hashes: scrypt (RFC 7914) in the PHC string format,
 * `$scrypt$ln=15,r=8,p=1$SALT$HASH`, so that the cost can be raised later without a new format.
 *
 * scrypt rather than Argon2id: `node:crypto` has it, computed outside the event loop; Argon2id in
 * JavaScript or WebAssembly would block the control channel of all clients for each log-in.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { scrypt } from "node:crypto";
import { constantTimeEqual, randomBytes, wipe } from "../base/bytes.ts";
import { VpnError } from "../base/errors.ts";

/** The cost of a hash: 2^`log2n` blocks of 128 × `r` bytes, `p` times. */
interface Cost {
  readonly log2n: number;
  readonly r: number;
  readonly p: number;
}

/**
 * Cost of new hashes: 32 MiB and about 0.1 s. Dearer ones would keep the clients of a large server
 * waiting when all of them come back at once.
 */
const newCost: Cost = { log2n: 15, r: 8, p: 1 };

/** Bytes. */
const saltLength = 16;
const hashLength = 32;

/** A user file must not make the server compute for minutes or take gigabytes. */
const highestCost = { log2n: 18, r: 16, p: 8 } as const;

/** Longest password, bytes: OpenVPN's `USER_PASS_LEN` without its NUL, where it is built small. */
export const maximumPasswordLength = 127;

/** Shortest password that is taken for a new one, characters (NIST SP 800-63B, 5.1.1.2). */
export const minimumPasswordLength = 8;

interface ParsedHash extends Cost {
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

/** @throws {VpnError} for a password that is too short, too long, or can't be typed. */
export function checkNewPassword(password: string): void {
  if ([...password].length < minimumPasswordLength) {
    throw new VpnError(
      "the password is too short",
      `take at least ${minimumPasswordLength} characters`,
    );
  }
  if (new TextEncoder().encode(password).length > maximumPasswordLength) {
    throw new VpnError(
      "the password is too long",
      `take at most ${maximumPasswordLength} bytes: OpenVPN cuts longer ones`,
    );
  }
  // deno-lint-ignore no-control-regex -- they are what this looks for
  if (/[\x00-\x1f\x7f]/.test(password)) {
    throw new VpnError("the password has a control character", "leave it out");
  }
}

/** The hash of a password, with a salt of its own. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltLength);
  const hash = await derive(password, salt, hashLength, newCost);
  const { log2n, r, p } = newCost;
  return `$scrypt$ln=${log2n},r=${r},p=${p}$${encode(salt)}$${encode(hash)}`;
}

/** Whether the text is a hash that `verifyPassword` can judge. */
export function isPasswordHash(text: string): boolean {
  return parse(text) !== undefined;
}

/** Whether that is the password; false for a hash that can't be read. */
export async function verifyPassword(password: string, text: string): Promise<boolean> {
  const parsed = parse(text);
  if (parsed === undefined) return false;
  const hash = await derive(password, parsed.salt, parsed.hash.length, parsed);
  const equal = constantTimeEqual(hash, parsed.hash);
  wipe(hash);
  return equal;
}

/** A new hash that no password has: for users who have still to set theirs. */
export function hashOfNoPassword(): string {
  const { log2n, r, p } = newCost;
  const [salt, hash] = [randomBytes(saltLength), randomBytes(hashLength)].map(encode);
  return `$scrypt$ln=${log2n},r=${r},p=${p}$${salt}$${hash}`;
}

let unknownUserHash: string | undefined;

/**
 * A hash that no password has, for the work that an unknown user costs: without it the time of the
 * answer would tell which users there are.
 */
export function hashOfNobody(): string {
  unknownUserHash ??= hashOfNoPassword();
  return unknownUserHash;
}

function derive(
  password: string,
  salt: Uint8Array,
  length: number,
  { log2n, r, p }: Cost,
): Promise<Uint8Array> {
  const N = 2 ** log2n;
  // 128 × N × r for the table, 128 × r × p for the blocks, and a little for the library's own.
  const maxmem = 128 * r * (N + p) + (1 << 20);
  // What is typed on one system may come composed otherwise on another (RFC 8265, 4.2.2).
  const secret = new TextEncoder().encode(password.normalize("NFC"));
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, length, { N, r, p, maxmem }, (error, key) => {
      wipe(secret);
      if (error) reject(error);
      else resolve(new Uint8Array(key));
    });
  });
}

// At least 8 bytes of salt and 16 of hash, unpadded base64.
const format =
  /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d)\$([A-Za-z0-9+/]{11,64})\$([A-Za-z0-9+/]{22,86})$/;

function parse(text: string): ParsedHash | undefined {
  const match = format.exec(text);
  if (match === null) return undefined;
  const [log2n, r, p] = match.slice(1, 4).map(Number);
  if (log2n < 1 || log2n > highestCost.log2n) return undefined;
  if (r < 1 || r > highestCost.r || p < 1 || p > highestCost.p) return undefined;
  const [salt, hash] = match.slice(4).map((part) => Uint8Array.from(Buffer.from(part, "base64")));
  return { log2n, r, p, salt, hash };
}

function encode(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replace(/=+$/, "");
}
