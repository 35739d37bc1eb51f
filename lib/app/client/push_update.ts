/**
 * A client's pushed options over its session: those of the PUSH_REPLY, changed by each PUSH_UPDATE.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { PushReplyAssembler } from "../../wire/push_reply.ts";
import { applyPushUpdate } from "../../wire/push_update.ts";
import type { ConnectionContext, ConnectionEnd } from "./connection_context.ts";
import { readPushReply } from "./pushed_reply.ts";
import { serverPeer } from "./server_peer_command.ts";

/** What becomes of the session. */
export interface PushUpdateEvents {
  end(end: ConnectionEnd): void;
  failed(error: unknown): void;
}

/** See the module's page. */
export class PushedOptions {
  readonly #context: ConnectionContext;
  readonly #log: Log;
  readonly #events: PushUpdateEvents;
  readonly #assembler = new PushReplyAssembler();
  #options: readonly string[];
  #work: Promise<void> = Promise.resolve();
  #closed = false;

  /** @param options Those of the PUSH_REPLY. */
  constructor(
    options: readonly string[],
    context: ConnectionContext,
    events: PushUpdateEvents,
  ) {
    this.#options = options;
    this.#context = context;
    this.#log = context.log;
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
      return this.#refuse(`the server changes "${name}", which can't be changed`);
    }
    for (const option of outcome.ignored) {
      this.#log.at(3, `PUSH_UPDATE: "${option}" is left out`);
    }
    const reply = readPushReply(outcome.options, this.#context.config, this.#log);
    if (reply.kind === "refused") return this.#refuse(reply.reason);
    if (this.#closed) return;
    this.#options = outcome.options;
    await this.#context.openTunnel(reply.options);
    const { interval, timeout } = reply.options.ping;
    this.#context.command({
      kind: "update-peer",
      peer: serverPeer,
      pingInterval: interval * 1000,
      pingTimeout: timeout * 1000,
    });
    this.#log.at(1, "PUSH_UPDATE: the changed options are in force");
  }

  /** The session can't go on as the server wants it: connect anew. */
  #refuse(reason: string): void {
    this.#log.error(`PUSH_UPDATE: ${reason}`);
    this.#events.end({ kind: "restart", reason: "offending option received from server" });
  }

  /** The session is over. */
  close(): void {
    this.#closed = true;
  }
}
