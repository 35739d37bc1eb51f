/**
 * Lines about datagrams that anybody can send: a few in each period, then how many more there were,
 * so that a flood fills neither the log nor the time.
 *
 * @module
 */

import type { Log } from "../../base/log.ts";
import type { DropReason } from "../../control/reset_responder.ts";

/** Lines in each period. */
export const linesPerPeriod = 10;

/** Length of a period, ms. */
export const period = 10_000;

/** See the module's page. */
export class LimitedLog {
  #periodEnds = -Infinity;
  #lines = 0;
  #omitted = 0;

  constructor(readonly log: Log) {}

  /**
   * @param message Made only when it is logged.
   * @param now ms of a monotonic clock.
   */
  at(verb: number, message: () => string, now: number = performance.now()): void {
    if (verb > this.log.verb) return;
    if (now >= this.#periodEnds) {
      if (this.#omitted > 0) this.log.at(verb, `${this.#omitted} more such lines are left out`);
      this.#periodEnds = now + period;
      this.#lines = 0;
      this.#omitted = 0;
    }
    if (this.#lines < linesPerPeriod) {
      this.#lines++;
      this.log.at(verb, message());
    } else this.#omitted++;
  }
}

const dropReasons: Readonly<Record<DropReason, string>> = {
  unauthenticated: "unauthenticated",
  malformed: "malformed",
  rate: "too many",
  cookie: "it does not show our session id",
  noncookie: "its tls-crypt-v2 can't prove its address (OpenVPN 2.5); see allow-noncookie",
};

/** What to say of a datagram that is dropped. */
export function droppedText(endpoint: string, reason: DropReason): string {
  return `TLS Error: a control packet from ${endpoint} is dropped: ${dropReasons[reason]}`;
}
