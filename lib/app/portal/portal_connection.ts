/**
 * One connection of the portal, and its clock: whoever is slow is cut off, whoever waits for us is
 * not.
 *
 * @module
 */

import type { Socket } from "node:net";
import type { TableConnection } from "./connection_table.ts";

/** What a clock that stands for the connection as a whole is called by. */
const itself = Symbol("itself");

/** See the module's page. */
export class PortalConnection implements TableConnection {
  /** When each of those is too late who something is waited for from, ms of a monotonic clock. */
  readonly #deadlines = new Map<unknown, number>();
  readonly #openedAt = performance.now();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When it goes off. */
  #due = Infinity;
  #requests = 0;
  #hadRequests = false;
  #givenUp = 0;
  #closed = false;

  constructor(
    readonly socket: Socket,
    readonly source: string,
    /** Its turn to be served has come. */
    readonly onServe: (connection: PortalConnection) => void,
  ) {}

  /** ms that it has been there. */
  get age(): number {
    return performance.now() - this.#openedAt;
  }

  /** Requests that are not answered. */
  get requests(): number {
    return this.#requests;
  }

  /** Requests that were given up before their turn: they cost something and paid nothing. */
  get givenUp(): number {
    return this.#givenUp;
  }

  /** A request that waited is not wanted any more. */
  gaveUp(): void {
    this.#givenUp++;
  }

  /** Whether it has had a request. */
  get hadRequests(): boolean {
    return this.#hadRequests;
  }

  /** Its turn has come. */
  serve(): void {
    this.onServe(this);
  }

  /** Something is to come within that time: a handshake or a request. */
  awaitNext(patience: number): void {
    this.#expect(itself, patience);
  }

  /** A request has come; its body may not be there yet. */
  requested(): void {
    this.#requests++;
    this.#hadRequests = true;
    this.#deadlines.delete(itself);
  }

  /** It is to be whole, or its answer taken, within that time; undefined: it is ours to do. */
  expect(request: object, patience: number | undefined): void {
    if (patience === undefined) this.#deadlines.delete(request);
    else this.#expect(request, patience);
  }

  /** A request is answered; without another one the next is to come within that time. */
  answered(request: object, patience: number): void {
    this.#requests--;
    this.#deadlines.delete(request);
    if (this.#requests === 0) this.awaitNext(patience);
  }

  /** It has ended: no clock runs any more. */
  closed(): void {
    this.#closed = true;
    this.#deadlines.clear();
    clearTimeout(this.#timer);
  }

  /** Ends it. */
  destroy(): void {
    this.socket.destroy();
  }

  #expect(key: unknown, patience: number): void {
    if (this.#closed) return;
    const deadline = performance.now() + patience;
    this.#deadlines.set(key, deadline);
    // A later one is seen when the timer goes off: most requests set none.
    if (deadline < this.#due) this.#arm(deadline);
  }

  #arm(due: number): void {
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => this.#look(), Math.max(1, due - performance.now()));
  }

  #look(): void {
    this.#due = Infinity;
    const next = Math.min(...this.#deadlines.values());
    if (next <= performance.now()) this.destroy();
    else if (next < Infinity) this.#arm(next);
  }
}
