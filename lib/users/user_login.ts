/**
 * Decides about a log-in by name, password and one-time code.
 *
 * ```text
 * too many failures? ─► hash (in turn) ─► disabled? ─► one-time code: given, or asked for ─► in
 * ```
 *
 * Names that nobody has cost the same work and get the same answer as wrong passwords.
 *
 * @module
 */

import { VpnError } from "../base/errors.ts";
import { decodeBase32 } from "./base32.ts";
import { type Challenge, parsePasswordField } from "./challenge.ts";
import { ChallengeStates } from "./challenge_states.ts";
import { FailureLimit, type FailureLimitOptions, sourceKey } from "./failure_limit.ts";
import { hashOfNobody, verifyPassword } from "./password_hash.ts";
import { matchTotp } from "./totp.ts";
import type { UserDirectory } from "./user_directory.ts";
import type { UserRecord } from "./user_record.ts";
import { WorkQueue } from "./work_queue.ts";

/** What somebody gave who wants in. */
export interface LoginAttempt {
  readonly username: string;
  /** The password field, with or without a challenge's answer. */
  readonly password: string;
  /** Address that it comes from. */
  readonly source: string;
}

/** What was decided. */
export type LoginVerdict =
  | { readonly kind: "accepted"; readonly user: UserRecord }
  /** The password is right; the one-time code is asked for. */
  | { readonly kind: "challenge"; readonly challenge: Challenge }
  /** `reason` may be told to whoever asked; `detail` is for the log. */
  | { readonly kind: "refused"; readonly reason?: string; readonly detail: string }
  /** Nothing was decided; to be tried again after so many seconds. */
  | {
    readonly kind: "later";
    readonly seconds: number;
    readonly reason: string;
    readonly detail: string;
  };

/** Bounds of a `UserLogin`; each has a default. */
export interface LoginLimits {
  /** Failures of a source address. */
  readonly source?: Partial<FailureLimitOptions>;
  /** Failures under a name, from wherever. */
  readonly name?: Partial<FailureLimitOptions>;
  /** Hashes at a time. */
  readonly atOnce?: number;
  /** Log-ins that wait for their turn. */
  readonly waiting?: number;
}

const minute = 60_000;

/** Some slips, then a minute's wait for each further attempt. */
const sourceLimit: FailureLimitOptions = {
  failures: 10,
  pause: minute,
  memory: 60 * minute,
  capacity: 4096,
};

/** The same for a name from all sources but those that its owner has come from. */
const nameLimit: FailureLimitOptions = { ...sourceLimit, failures: 20 };

/** Sources that a user has come from, which are remembered. */
const knownCapacity = 4096;

/** Hashes at a time: half of the processors are left to the tunnels. */
const hashesAtOnce = Math.min(4, Math.max(1, navigator.hardwareConcurrency >> 1));

/**
 * Log-ins that wait: as many as are hashed within the hand-window of a minute. All clients of a large
 * server may come back at once, and old ones take "later" for "no".
 */
const waitingLogins = 400;

interface LimitKeys {
  readonly source: string;
  readonly name: string;
}

/** Bounded: it is kept. */
function nameKey(username: string): string {
  return username.normalize("NFC").slice(0, 128);
}

/** A source has no space in it. */
function knownKey({ source, name }: LimitKeys): string {
  return `${source} ${name}`;
}

/** See the module's page. */
export class UserLogin {
  readonly #directory: UserDirectory;
  readonly #sources: FailureLimit;
  readonly #names: FailureLimit;
  /** Name and source of log-ins that were right, the latest last. */
  readonly #known = new Set<string>();
  readonly #states = new ChallengeStates();
  readonly #queue: WorkQueue;

  /** @param verify In place of `verifyPassword`, for tests. */
  constructor(
    directory: UserDirectory,
    limits: LoginLimits = {},
    readonly verify: typeof verifyPassword = verifyPassword,
  ) {
    this.#directory = directory;
    this.#sources = new FailureLimit({ ...sourceLimit, ...limits.source });
    this.#names = new FailureLimit({ ...nameLimit, ...limits.name });
    this.#queue = new WorkQueue(limits.atOnce ?? hashesAtOnce, limits.waiting ?? waitingLogins);
  }

  /**
   * Decides.
   *
   * @param now ms since 1970.
   */
  async decide(attempt: LoginAttempt, now: number = Date.now()): Promise<LoginVerdict> {
    const keys = {
      source: sourceKey(attempt.source),
      name: nameKey(attempt.username),
    };
    const early = this.#mustWait(keys);
    if (early !== undefined) return early;
    const verdict = await this.#queue.run(async () => {
      // Those that waited in the queue meanwhile may have been wrong.
      const late = this.#mustWait(keys);
      if (late !== undefined) return late;
      const verdict = await this.#judge(attempt, now);
      this.#count(verdict, keys);
      return verdict;
    });
    if (verdict === "full") {
      return {
        kind: "later",
        seconds: 10,
        reason: "the server is busy",
        detail: "too many log-ins at once",
      };
    }
    return verdict;
  }

  /** ms until an attempt under that name is listened to again, from where it never was right. */
  lockedFor(username: string): number {
    return this.#names.wait(nameKey(username), performance.now());
  }

  #mustWait(keys: LimitKeys): LoginVerdict | undefined {
    const now = performance.now();
    const bySource = this.#sources.wait(keys.source, now);
    // Whoever guesses at a name must not keep its owner out.
    const byName = this.#known.has(knownKey(keys)) ? 0 : this.#names.wait(keys.name, now);
    if (bySource === 0 && byName === 0) return undefined;
    return {
      kind: "later",
      seconds: Math.ceil(Math.max(bySource, byName) / 1000),
      reason: "too many wrong passwords",
      detail: `too many wrong passwords ${bySource > 0 ? `from ${keys.source}` : "for that name"}`,
    };
  }

  #count(verdict: LoginVerdict, keys: LimitKeys): void {
    if (verdict.kind === "refused") {
      this.#sources.failed(keys.source, performance.now());
      this.#names.failed(keys.name, performance.now());
    } else if (verdict.kind === "accepted") {
      this.#sources.succeeded(keys.source);
      this.#names.succeeded(keys.name);
      this.#known.delete(knownKey(keys));
      this.#known.add(knownKey(keys));
      if (this.#known.size > knownCapacity) this.#known.delete(this.#known.values().next().value!);
    }
  }

  async #judge(attempt: LoginAttempt, now: number): Promise<LoginVerdict> {
    const field = parsePasswordField(attempt.password);
    const user = this.#directory.find(attempt.username);
    if (field.kind === "dynamic") return await this.#judgeAnswer(user, field, now);
    const right = await this.verify(field.password, user?.password ?? hashOfNobody());
    if (!right || user === undefined) {
      return { kind: "refused", detail: user === undefined ? "no such user" : "wrong password" };
    }
    if (user.disabled) return disabled;
    if (user.totp === undefined) return { kind: "accepted", user };
    if (field.kind === "static" && field.response !== "") {
      return await this.#judgeCode(user, field.response, now);
    }
    const challenge = {
      state: this.#states.issue(user, now),
      username: user.name,
      text: "Enter the one-time code",
      echo: true,
      responseRequired: true,
    };
    return { kind: "challenge", challenge };
  }

  async #judgeAnswer(
    user: UserRecord | undefined,
    answer: { readonly state: string; readonly response: string },
    now: number,
  ): Promise<LoginVerdict> {
    if (user?.totp === undefined || !this.#states.isValid(user, answer.state, now)) {
      return { kind: "refused", detail: "an answer to no challenge, or too late" };
    }
    if (user.disabled) return disabled;
    return await this.#judgeCode(user, answer.response, now);
  }

  async #judgeCode(user: UserRecord, code: string, now: number): Promise<LoginVerdict> {
    const { totp } = user;
    const secret = decodeBase32(totp?.secret ?? "");
    if (totp === undefined || secret === undefined) {
      return { kind: "refused", detail: "the one-time secret can't be read" };
    }
    const step = matchTotp(secret, code, now, totp.lastUsed);
    if (step === undefined) return { kind: "refused", detail: "wrong or used one-time code" };
    try {
      const taken = await this.#directory.useTotpStep(user.name, step);
      if (!taken) return { kind: "refused", detail: "used one-time code" };
    } catch (error) {
      if (!(error instanceof VpnError)) throw error;
      // A code that could be used twice is none.
      return {
        kind: "later",
        seconds: 30,
        reason: "the server can't check one-time codes",
        detail: error.line,
      };
    }
    return { kind: "accepted", user };
  }
}

const disabled: LoginVerdict = {
  kind: "refused",
  reason: "the account is disabled",
  detail: "disabled",
};
