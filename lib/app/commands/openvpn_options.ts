/**
 * OpenVPN's options behind a command of ours.
 *
 * @module
 */

import { message, passThrough } from "@optique/core";

/** Takes the rest of the command line as OpenVPN's options. */
export const openvpnOptions = passThrough({
  format: "greedy",
  description: message`Any of OpenVPN's options, each with its parameters: --verb 4 --port 1195.`,
});
