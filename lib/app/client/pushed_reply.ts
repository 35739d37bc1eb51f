/**
 * Reads the options that a server has pushed.
 *
 * @module
 */

import type { Log } from "../../base/log.ts";
import type { ClientConfig } from "../../config/config.ts";
import { parsePushReply } from "../../config/mod.ts";

/** Reads them; the log hears what is not as the server may think. */
export function readPushReply(
  options: readonly string[],
  config: ClientConfig,
  log: Log,
): ReturnType<typeof parsePushReply> {
  const reply = parsePushReply(options, config);
  for (const { level, verb, message } of reply.notices) {
    if (level === "warning") log.warn(message);
    else log.at(verb, message);
  }
  return reply;
}
