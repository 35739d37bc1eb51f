/**
 * The command tree: what `vpn COMMAND …` takes, its help and its completions.
 *
 * @module
 */

import {
  argument,
  command,
  constant,
  message,
  object,
  option,
  optional,
  or,
  passThrough,
  string,
} from "@optique/core";
import { path, runSync } from "@optique/run";
import { programVersion } from "../base/version.ts";

const openvpnOptions = passThrough({
  format: "greedy",
  description: message`Any of OpenVPN's options, each with its parameters: --verb 4 --port 1195.`,
});

const commands = or(
  command(
    "serve",
    object({
      action: constant("serve"),
      config: optional(option("--config", path({ metavar: "FILE" }), {
        description:
          message`An OpenVPN server configuration. Without it: server.conf of the state directory.`,
      })),
      state: optional(option("--state", path({ metavar: "DIR" }), {
        description:
          message`Where authority, keys and profiles are kept; made at the first start. Default: vpn-data.`,
      })),
      publicAddress: optional(option("--public-address", string({ metavar: "HOST" }), {
        description:
          message`The address that clients reach this server by, for the first client's profile.`,
      })),
      options: openvpnOptions,
    }),
    { description: message`Run a server.` },
  ),
  command(
    "connect",
    object({
      action: constant("connect"),
      profile: argument(path({ metavar: "PROFILE" }), {
        description: message`An OpenVPN client configuration, as client.ovpn.`,
      }),
      options: openvpnOptions,
    }),
    { description: message`Connect to a server.` },
  ),
);

/** What a command line asks for. */
export type ChosenCommand =
  | {
    readonly action: "serve";
    readonly config: string | undefined;
    readonly state: string | undefined;
    readonly publicAddress: string | undefined;
    readonly options: readonly string[];
  }
  | { readonly action: "connect"; readonly profile: string; readonly options: readonly string[] };

/** Reads a command line. Help, completions and mistakes are answered here, and end the process. */
export function chooseCommand(args: readonly string[]): ChosenCommand {
  // A pass-through parser takes what follows a command as OpenVPN's, --help included.
  const asked = args.length > 1 && args.slice(1).includes("--help") ? ["help", args[0]] : args;
  return runSync(commands, {
    programName: "vpn",
    args: asked,
    help: "both",
    completion: "command",
    version: { value: programVersion, command: true, option: true },
    colors: Deno.stdout.isTerminal() && !Deno.noColor,
    brief: message`An OpenVPN-compatible VPN: server, client and certification authority.`,
    footer: message`OpenVPN's own command line works too: vpn --config FILE --verb 4.`,
  });
}
