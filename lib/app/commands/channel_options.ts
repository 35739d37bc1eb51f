/**
 * What `vpn channel` takes.
 *
 * @module
 */

import { command, message, or } from "@optique/core";
import { boxCommand } from "./channel_box_options.ts";
import { pskCommand } from "./channel_psk_options.ts";

/** The parser of its command line. */
export const channelCommand = command("channel", or(pskCommand, boxCommand), {
  description: message`Open a lean encrypted channel: a pipe, a chat, a tunnel.`,
});
