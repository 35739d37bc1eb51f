/**
 * What one client is pushed: the common options, less what was taken out for it, and its own.
 *
 * Source: OpenVPN's `push.c` (`push_option`, `push_reset`, `push_remove_option`).
 *
 * @module
 */

/** See the module's page. */
export class PushList {
  #options: string[];
  readonly #session: string[] = [];

  /** @param common What every client gets. */
  constructor(common: readonly string[]) {
    this.#options = [...common];
  }

  /** In their order. */
  get options(): readonly string[] {
    return this.#options;
  }

  /** What belongs to the session, as a token does; no option takes it out. */
  get session(): readonly string[] {
    return this.#session;
  }

  /** Adds to what belongs to the session. */
  addToSession(option: string): void {
    this.#session.push(option);
  }

  /** `push`. */
  add(option: string): void {
    this.#options.push(option);
  }

  /** `push-reset`: forgets what was added so far. */
  reset(): void {
    this.#options = [];
  }

  /** `push-remove`: forgets what starts so. */
  remove(prefix: string): void {
    this.#options = this.#options.filter((option) => !option.startsWith(prefix));
  }
}
