/**
 * The state of a dynamic challenge, carried by the client: that the password was right a moment ago.
 * The server stores nothing for those who never answer.
 *
 * ```text
 * base64url( time (8) | HMAC-SHA256 (32) over time | user name | hash of the password )
 * ```
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import { concatBytes, constantTimeEqual, randomBytes } from "../base/bytes.ts";
import type { UserRecord } from "./user_record.ts";

/** How long there is for an answer, ms. */
const lifetime = 180_000;

const timeLength = 8;
const macLength = 32;

/** Issues states and knows its own again; the key ends with the process. */
export class ChallengeStates {
  readonly #key = randomBytes(32);

  /** For a user whose password was right. `now`: ms since 1970. */
  issue(user: UserRecord, now: number): string {
    const time = new Uint8Array(timeLength);
    new DataView(time.buffer).setBigUint64(0, BigInt(Math.floor(now)));
    return Buffer.from(concatBytes(time, this.#mac(user, time))).toString("base64url");
  }

  /** Whether the password was right lately; not when it has been changed since. */
  isValid(user: UserRecord, state: string, now: number): boolean {
    const bytes = Buffer.from(state, "base64url");
    if (bytes.length !== timeLength + macLength) return false;
    const time = Uint8Array.from(bytes.subarray(0, timeLength));
    if (!constantTimeEqual(this.#mac(user, time), bytes.subarray(timeLength))) return false;
    const issued = Number(new DataView(time.buffer).getBigUint64(0));
    return now >= issued && now < issued + lifetime;
  }

  #mac(user: UserRecord, time: Uint8Array): Uint8Array {
    const mac = createHmac("sha256", this.#key).update(time);
    // Neither has a NUL in it, so that the two can't be cut in another place.
    return mac.update(`${user.name}\0${user.password}`, "utf8").digest();
  }
}
