/**
 * What `vpn connect` takes.
 *
 * @module
 */

import { argument, command, constant, message, object } from "@optique/core";
import { path } from "@optique/run";
import { openvpnOptions } from "./openvpn_options.ts";

/** The parser of its command line. */
export const connectCommand = command(
  "connect",
  object({
    action: constant("connect"),
    profile: argument(path({ metavar: "PROFILE" }), {
      description: message`An OpenVPN client configuration, as client.ovpn.`,
    }),
    options: openvpnOptions,
  }),
  { description: message`Connect to a server.` },
);
