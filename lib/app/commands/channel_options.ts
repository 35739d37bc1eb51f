/**
 * What `vpn channel` takes.
 *
 * @module
 */

import { command, message } from "@optique/core";
import { pskCommand } from "./channel_psk_options.ts";

/** The parser of its command line. */
export const channelCommand = command("channel", pskCommand, {
  description: message`Open a lean encrypted channel: a pipe, a chat, a tunnel.`,
});
