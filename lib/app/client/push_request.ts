/**
 * Asks the server for its options until it has sent them.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import { PushReplyAssembler } from "../../wire/push_reply.ts";
import type { Timers } from "../timers.ts";

/** How often PUSH_REQUEST is repeated, ms (OpenVPN's PUSH_REQUEST_INTERVAL). */
const interval = 5000;

/** See the module's page. */
export class PushRequest {
  readonly #timers: Timers;
  readonly #send: () => void;
  readonly #reply = new PushReplyAssembler();
  #answered = false;

  /** @param send Sends PUSH_REQUEST. */
  constructor(timers: Timers, send: () => void) {
    this.#timers = timers;
    this.#send = send;
  }

  /** Whether the options are there. */
  get answered(): boolean {
    return this.#answered;
  }

  /** Asks, in a moment: a server from 2.6 on answers without having been asked. */
  start(): void {
    this.#timers.later(0, () => this.#ask());
  }

  #ask(): void {
    if (this.#answered) return;
    this.#send();
    this.#timers.later(interval, () => this.#ask());
  }

  /**
   * Takes a PUSH_REPLY, or a part of one.
   *
   * @returns All options, once they are there.
   * @throws {VpnError} when there are too many.
   */
  take(
    part: { readonly options: readonly string[]; readonly continuation: boolean },
  ): readonly string[] | undefined {
    const options = this.#reply.add(part);
    if (options === "more") return undefined;
    if (options === "too-long") {
      throw new VpnError("the server pushes more options than we take");
    }
    this.#answered = true;
    return options;
  }
}
