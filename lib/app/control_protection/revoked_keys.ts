/**
 * `tls-crypt-v2-revoked`: fingerprints of clients' keys that may not come in any more, one a line,
 * with a comment behind; read again when the file changes.
 *
 * ```text
 * # a comment
 * 3fb1…e0  alice's lost laptop
 * ```
 *
 * @module
 */

import { errorLine, VpnError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { FileReference } from "../../config/mod.ts";

/** How often the file is looked at, at most, ms. */
const checkInterval = 500;

/** Largest list, bytes: some 500,000 keys. */
const maximumListSize = 64 << 20;

/** See the module's page. */
export class RevokedKeys {
  /** Called when the list has changed. */
  changed: (() => void) | undefined;
  #fingerprints: ReadonlySet<string> = new Set();
  #stamp = "";
  #nextCheck = 0;
  /** What was said last. */
  #problem: string | undefined;

  /** @throws {VpnError} when the list can't be read. */
  constructor(readonly list: FileReference, readonly log: Log) {
    if (list.source === "inline") this.#fingerprints = parseRevokedKeys(list.text);
    else this.#read(list.path);
  }

  /** Whether a key is in the list, as it is now. */
  has(fingerprint: string): boolean {
    this.refresh();
    return this.#fingerprints.has(fingerprint);
  }

  /** Reads the list again if it has changed. What can't be read changes nothing. */
  refresh(now: number = performance.now()): void {
    if (this.list.source === "inline" || now < this.#nextCheck) return;
    this.#nextCheck = now + checkInterval;
    const { path } = this.list;
    try {
      if (fileStamp(path) === this.#stamp) return;
      this.#read(path);
      this.#problem = undefined;
      this.log.at(3, `tls-crypt-v2-revoked: loaded ${path} again`);
    } catch (error) {
      const problem = errorLine(error);
      if (problem !== this.#problem) {
        this.log.warn(`tls-crypt-v2-revoked: the former list stays: ${problem}`);
      }
      this.#problem = problem;
      return;
    }
    this.changed?.();
  }

  #read(path: string): void {
    let text: string;
    try {
      // The stamp first: a change between the two reads is then seen at the next check.
      this.#stamp = fileStamp(path);
      if (Deno.statSync(path).size > maximumListSize) throw new Error("it is too large");
      text = Deno.readTextFileSync(path);
    } catch (cause) {
      throw new VpnError(
        `the list of revoked keys ${path} cannot be read (${errorLine(cause)})`,
        "check tls-crypt-v2-revoked and the file's permissions",
        { cause },
      );
    }
    this.#fingerprints = parseRevokedKeys(text);
  }
}

/**
 * Reads a list.
 *
 * @throws {VpnError} naming the line that is no fingerprint: a key that somebody meant to revoke
 *   must not come in because of a slip.
 */
export function parseRevokedKeys(text: string): ReadonlySet<string> {
  const fingerprints = new Set<string>();
  for (const [index, line] of text.split("\n").entries()) {
    const [word = ""] = line.trim().split(/\s+/);
    if (word === "" || word.startsWith("#") || word.startsWith(";")) continue;
    const digits = word.replaceAll(":", "").toLowerCase();
    if (!/^[0-9a-f]{64}$/.test(digits)) {
      throw new VpnError(
        `line ${index + 1} of the list of revoked keys is no fingerprint`,
        "write 64 hexadecimal digits, as the server's log shows them",
      );
    }
    fingerprints.add(digits);
  }
  return fingerprints;
}

/** Changes when the file is written or replaced. */
function fileStamp(path: string): string {
  const { mtime, size, ino } = Deno.statSync(path);
  return `${mtime?.getTime()} ${size} ${ino}`;
}
