/**
 * The time that a client has for its admission, and what is to be done when it is gone.
 *
 * @module
 */

/** See the module's page. */
export class CandidateLife {
  readonly #gone = new AbortController();
  readonly #endings: (() => void)[] = [];
  readonly #expired: () => void;
  #patience: ReturnType<typeof setTimeout> | undefined;
  #decided = false;
  #ended = false;

  /** @param expired The time for its admission is over. */
  constructor(expired: () => void) {
    this.#expired = expired;
  }

  /** Aborted when nobody waits for the client's admission any more. */
  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  /** Waits that many ms from now, unless it is decided already. */
  allow(milliseconds: number): void {
    if (this.#decided) return;
    clearTimeout(this.#patience);
    this.#patience = setTimeout(this.#expired, milliseconds);
  }

  /** It is in. */
  admitted(): void {
    this.#decided = true;
    clearTimeout(this.#patience);
  }

  /** It is out: whatever goes on for it may stop. */
  refused(): void {
    this.admitted();
    this.#gone.abort();
  }

  /** Has something done at its end, or at once if that was before. */
  atEnd(action: () => void): void {
    if (this.#ended) action();
    else this.#endings.push(action);
  }

  /** It is gone. */
  end(): void {
    this.refused();
    this.#ended = true;
    for (const action of this.#endings.splice(0)) action();
  }
}
