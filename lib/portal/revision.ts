/**
 * Revisions: what somebody changes must still be what they looked at.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { RequestError } from "./refusal.ts";

/** Names a state of a thing; another state has another name. */
export function revisionOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("base64url").slice(0, 22);
}

/**
 * Refuses a change of what has changed meanwhile.
 *
 * @param seen The revision that the caller has seen; undefined: they don't mind.
 * @throws {RequestError} 412 (RFC 9110, section 13.1.1).
 */
export function requireRevision(seen: string | undefined, present: unknown): void {
  if (seen === undefined || seen === "*" || seen === revisionOf(present)) return;
  throw new RequestError(412, "somebody else has changed this meanwhile", "look at it again");
}

/** The revision of an `If-Match` header, `"REVISION"`; undefined where there is none. */
export function ifMatch(header: string | undefined): string | undefined {
  return header?.trim().replace(/^"(.*)"$/, "$1");
}

/** Does changes one after the other, so that nothing changes between a look and a change. */
export class ChangeQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** Does one when those before it are done. */
  run<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#last.then(change);
    this.#last = result.catch(() => {});
    return result;
  }
}
