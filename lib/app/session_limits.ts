/**
 * `inactive` and `session-timeout`: ends a session that carries too little, or lasts too long.
 *
 * Source: openvpn(8); OpenVPN's `forward.c` (`check_inactivity_timeout`, `register_activity`,
 * `check_session_timeout`).
 *
 * @module
 */

import type { InactiveOptions } from "../config/config.ts";

/** Between two looks at the traffic, ms. */
const lookInterval = 1000;

/** Longest time of a timer, ms (2^31 - 1). */
const longestTimer = 0x7fffffff;

/** What a session is held to. */
export interface SessionLimitOptions {
  readonly inactive: InactiveOptions | undefined;
  /** Seconds; 0: no end. */
  readonly sessionTimeout: number;
  /** Bytes that have gone through the tunnel so far, both ways. */
  tunnelBytes(): number;
  /** Called once. */
  end(reason: "inactive" | "session-timeout"): void;
}

/** See the module's page. */
export class SessionLimits {
  readonly #options: SessionLimitOptions;
  #look: ReturnType<typeof setInterval> | undefined;
  #end: ReturnType<typeof setTimeout> | undefined;
  /** What had gone through when there was activity last. */
  #mark: number;
  /** When that was, monotonic ms. */
  #activeAt = performance.now();

  /** The session begins now. */
  constructor(options: SessionLimitOptions) {
    this.#options = options;
    this.#mark = options.tunnelBytes();
    const { inactive, sessionTimeout } = options;
    if (sessionTimeout > 0) {
      const delay = Math.min(sessionTimeout * 1000, longestTimer);
      this.#end = setTimeout(() => this.#stopFor("session-timeout"), delay);
    }
    if (inactive !== undefined && inactive.seconds > 0) {
      this.#look = setInterval(() => this.#check(inactive), lookInterval);
    }
  }

  /** Fewer bytes than `inactive` names are no activity, however long they take to come together. */
  #check({ seconds, bytes }: InactiveOptions): void {
    const now = performance.now();
    const total = this.#options.tunnelBytes();
    if (total - this.#mark >= Math.max(bytes, 1)) {
      this.#mark = total;
      this.#activeAt = now;
    } else if (now - this.#activeAt >= seconds * 1000) this.#stopFor("inactive");
  }

  #stopFor(reason: "inactive" | "session-timeout"): void {
    this.close();
    this.#options.end(reason);
  }

  /** The session is over. */
  close(): void {
    clearInterval(this.#look);
    clearTimeout(this.#end);
  }
}
