/**
 * The first start: whoever has the one-time token that the server printed makes the first
 * administrator. There never is a password that others could know.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { constantTimeEqual, randomBytes } from "../base/bytes.ts";
import { encodeBase32 } from "../users/base32.ts";
import { FailureLimit, sourceKey } from "../users/failure_limit.ts";

/** Bytes of the token: nobody guesses 120 bits, and 24 letters can be typed. */
const tokenLength = 15;

/** Wrong tokens from a source that are free, then one a minute. */
const tries = { failures: 10, pause: 60_000, memory: 3_600_000, capacity: 1024 } as const;

/** One token for one administrator. */
export class SetupToken {
  readonly #digest: Uint8Array;
  readonly #failures = new FailureLimit(tries);
  #used = false;

  private constructor(digest: Uint8Array) {
    this.#digest = digest;
  }

  /** A new one, and its text in groups of four letters. */
  static make(): { readonly token: SetupToken; readonly text: string } {
    const text = encodeBase32(randomBytes(tokenLength)).replace(/.{4}(?=.)/g, "$&-");
    return { token: new SetupToken(digestOf(text)), text };
  }

  /** Whether that is the token, as it was printed or without the hyphens. */
  check(text: string, source: string): "right" | "wrong" | "wait" | "used" {
    if (this.#used) return "used";
    const key = sourceKey(source);
    if (this.#failures.wait(key, performance.now()) > 0) return "wait";
    if (constantTimeEqual(digestOf(text), this.#digest)) return "right";
    this.#failures.failed(key, performance.now());
    return "wrong";
  }

  /** It is good for nothing any more. */
  use(): void {
    this.#used = true;
  }
}

function digestOf(text: string): Uint8Array {
  const plain = text.slice(0, 64).replace(/[\s-]/g, "").toUpperCase();
  return createHash("sha256").update(plain).digest();
}
