/**
 * A client's pushed options over its session: those of the PUSH_REPLY, changed by each PUSH_UPDATE.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { type ClientConfig, parsePushReply, type PulledOptions } from "../../config/mod.ts";
import { PushReplyAssembler } from "../../wire/push_reply.ts";
import { applyPushUpdate } from "../../wire/push_update.ts";

/** What is done with options that the server has changed. */
export interface PushUpdateEvents {
  /** Has them take effect; one update after the other. */
  apply(pulled: PulledOptions): Promise<void>;
  /** The session can't go on: connect anew. */
  refused(reason: string): void;
  failed(error: unknown): void;
}

/** See the module's page. */
export class PushedOptions {
  readonly #config: ClientConfig;
  readonly #log: Log;
  readonly #events: PushUpdateEvents;
  readonly #assembler = new PushReplyAssembler();
  #options: readonly string[];
  #work: Promise<void> = Promise.resolve();

  /** @param options Those of the PUSH_REPLY. */
  constructor(
    options: readonly string[],
    config: ClientConfig,
    log: Log,
    events: PushUpdateEvents,
  ) {
    this.#options = options;
    this.#config = config;
    this.#log = log;
    this.#events = events;
  }

  /** Takes a message, or a part of one. */
  update(part: { readonly options: readonly string[]; readonly continuation: boolean }): void {
    const update = this.#assembler.add(part);
    if (update === "more") return;
    if (update === "too-long") {
      return this.#events.failed(new VpnError("the server updates more options than we take"));
    }
    this.#work = this.#work.then(() => this.#apply(update))
      .catch((error) => this.#events.failed(error));
  }

  async #apply(update: readonly string[]): Promise<void> {
    const outcome = applyPushUpdate(this.#options, update);
    if (outcome.kind === "refused") {
      const [name] = outcome.offending.split(" ");
      return this.#events.refused(`the server changes "${name}", which can't be changed`);
    }
    for (const option of outcome.ignored) {
      this.#log.at(3, `PUSH_UPDATE: "${option}" is left out`);
    }
    const reply = parsePushReply(outcome.options, this.#config);
    for (const { level, verb, message } of reply.notices) {
      if (level === "warning") this.#log.warn(message);
      else this.#log.at(verb, message);
    }
    if (reply.kind === "refused") return this.#events.refused(reply.reason);
    this.#options = outcome.options;
    await this.#events.apply(reply.options);
  }
}
