/**
 * Begins the portal's work when its turn has come: a line of TLS handshakes, one of
 * strangers' requests, one of callers', and one timer.
 *
 * @module
 */

import { type PortalLimits, workCosts } from "./portal_limits.ts";
import { WorkLine, type WorkTask } from "./work_line.ts";

/** What was admitted, since the start. */
export interface AdmissionFigures {
  /** TLS handshakes that were begun. */
  readonly handshakes: number;
  /** Requests that were begun, by who asked. */
  readonly requests: { readonly stranger: number; readonly caller: number };
  /** Tasks that had to wait. */
  readonly delayed: number;
}

/** Who pays for a task. */
export interface Payer {
  readonly kind: "stranger" | "caller";
  /** The source address, or the caller. */
  readonly name: string;
}

/** A task that has its turn, or waits for it. */
export interface AdmittedTask {
  /** False: it was given up before. */
  readonly begun: Promise<boolean>;
  /** It is over, or not wanted any more; a second call does nothing. */
  over(): void;
}

/** Turns come together rather than one by one: each wakes the thread. ms. */
const shortestWait = 20;

/** See the module's page. */
export class Admission implements Disposable {
  readonly #handshakeLine: WorkLine;
  readonly #requestLines: Readonly<Record<Payer["kind"], WorkLine>>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When it goes off. */
  #due = 0;
  #handshakes = 0;
  #requests = { stranger: 0, caller: 0 };
  #delayed = 0;

  constructor(limits: PortalLimits, readonly now: () => number = () => performance.now()) {
    this.#handshakeLine = new WorkLine(limits.handshakes, now());
    this.#requestLines = {
      stranger: new WorkLine(limits.strangers, now()),
      caller: new WorkLine(limits.callers, now()),
    };
  }

  /** What was admitted until now. */
  get figures(): AdmissionFigures {
    const requests = { ...this.#requests };
    return { handshakes: this.#handshakes, requests, delayed: this.#delayed };
  }

  /** A connection's TLS handshake. It is over as soon as it is begun: how long it takes is theirs. */
  handshake(source: string, connection: object): AdmittedTask {
    const task = this.#enter(
      this.#handshakeLine,
      { payer: source, connection, cost: workCosts.handshake },
      () => {
        this.#handshakes++;
        task.over();
      },
    );
    return task;
  }

  /** A request; `first` of its connection. */
  request({ kind, name }: Payer, connection: object, first: boolean): AdmittedTask {
    const cost = first ? workCosts.firstRequest : workCosts.request;
    return this.#enter(
      this.#requestLines[kind],
      { payer: name, connection, cost },
      () => this.#requests[kind]++,
    );
  }

  #enter(line: WorkLine, work: Omit<WorkTask, "begin">, begins: () => void): AdmittedTask {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    let state: "waiting" | "begun" | "over" = "waiting";
    const begin = () => {
      state = "begun";
      resolve(true);
      // Not at once: whoever entered has no task in hands yet.
      queueMicrotask(begins);
    };
    const task: WorkTask = { ...work, begin };
    line.add(task, this.now());
    this.#advance();
    if (state === "waiting") this.#delayed++;
    return {
      begun: promise,
      over: () => {
        if (state === "over") return;
        if (state === "begun") line.finished(task);
        else line.remove(task);
        state = "over";
        resolve(false);
        this.#advance();
      },
    };
  }

  #advance(): void {
    const now = this.now();
    let wait = Infinity;
    for (const line of [this.#handshakeLine, ...Object.values(this.#requestLines)]) {
      for (let task = line.next(now); task !== undefined; task = line.next(now)) task.begin();
      wait = Math.min(wait, line.wait(now));
    }
    if (wait === Infinity) return;
    const due = now + Math.max(shortestWait, wait);
    if (this.#timer !== undefined && this.#due <= due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#advance();
    }, due - now);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
