/**
 * PUSH_REPLY in several messages: a server cuts a long list of options into messages of at most
 * 1,024 bytes, ended by `push-continuation 2` (more follow) or `push-continuation 1` (the last);
 * a client puts them together.
 *
 * Source: OpenVPN's `push.c` (`send_push_reply`), `common.h` (PUSH_BUNDLE_SIZE).
 *
 * @module
 */

import { VpnError } from "../base/errors.ts";

/** Longest PUSH_REPLY with its NUL, bytes. */
export const maximumPushReplyLength = 1024;

/** A longer list of options is refused: about a thousand routes. Bytes. */
export const maximumPushedLength = 65536;

const continuation = ",push-continuation 1";

/**
 * The messages for a list of options or of changes, without their NUL; one without options for an empty list.
 *
 * @throws {VpnError} for an option that is too long or has a comma, which nothing can quote.
 */
export function buildPushReplies(
  options: readonly string[],
  command: "PUSH_REPLY" | "PUSH_UPDATE" = "PUSH_REPLY",
): readonly string[] {
  const encoder = new TextEncoder();
  const room = maximumPushReplyLength - 1 - continuation.length;
  const messages: string[] = [];
  let message: string = command;
  let length = message.length;
  for (const option of options) {
    checkOption(option);
    const added = 1 + encoder.encode(option).length;
    if (command.length + added > room) {
      throw new VpnError(`the pushed option "${option.slice(0, 40)}…" is too long`, "shorten it");
    }
    if (length + added > room) {
      messages.push(`${message},push-continuation 2`);
      message = command;
      length = message.length;
    }
    message += `,${option}`;
    length += added;
  }
  messages.push(messages.length === 0 ? message : message + continuation);
  return messages;
}

function checkOption(option: string): void {
  // deno-lint-ignore no-control-regex -- the receiver drops a message that has any
  if (option === "" || /[,\x00-\x1f\x7f]/.test(option)) {
    throw new VpnError(
      `the option "${option.slice(0, 40)}" cannot be pushed`,
      "leave out commas and control characters",
    );
  }
}

/** Puts the messages of a PUSH_REPLY together. */
export class PushReplyAssembler {
  #options: string[] = [];
  #length = 0;

  /**
   * @param reply A parsed `push-reply`.
   * @returns All options once the last message is in; "more" before that; "too-long" when the
   * server sends more than `maximumPushedLength` (and what came is forgotten).
   */
  add(
    reply: { readonly options: readonly string[]; readonly continuation: boolean },
  ): readonly string[] | "more" | "too-long" {
    for (const option of reply.options) this.#length += option.length + 1;
    if (this.#length > maximumPushedLength) {
      this.#reset();
      return "too-long";
    }
    this.#options.push(...reply.options);
    return reply.continuation ? "more" : this.#reset();
  }

  #reset(): readonly string[] {
    const options = this.#options;
    this.#options = [];
    this.#length = 0;
    return options;
  }
}
