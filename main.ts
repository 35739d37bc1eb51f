/**
 * The command tree. Two faces over one option table: sub-commands, and OpenVPN's own argv.
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
import { errorLine } from "./lib/base/errors.ts";
import { connect, openvpn, serve } from "./lib/app/commands.ts";
import { keepInspectorClosed } from "./lib/app/signals.ts";
import { programVersion } from "./lib/base/version.ts";

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

/** Runs a command line; the exit code: 0 success, 1 failure. */
async function main(args: readonly string[]): Promise<number> {
  const isOpenvpnFace = args[0]?.startsWith("--") && !["--help", "--version"].includes(args[0]);
  if (isOpenvpnFace || (args.length === 1 && /\.(conf|ovpn)$/.test(args[0]))) {
    keepInspectorClosed();
    return await openvpn(args);
  }
  // A pass-through parser takes what follows a command as OpenVPN's, --help included.
  const asked = args.length > 1 && args.slice(1).includes("--help") ? ["help", args[0]] : args;
  const chosen = runSync(commands, {
    programName: "vpn",
    args: asked,
    help: "both",
    completion: "command",
    version: { value: programVersion, command: true, option: true },
    colors: Deno.stdout.isTerminal() && !Deno.noColor,
    brief: message`An OpenVPN-compatible VPN: server, client and certification authority.`,
    footer: message`OpenVPN's own command line works too: vpn --config FILE --verb 4.`,
  });
  keepInspectorClosed();
  return chosen.action === "serve"
    ? await serve(chosen)
    : await connect(chosen.profile, chosen.options);
}

if (import.meta.main) {
  try {
    Deno.exit(await main(Deno.args));
  } catch (error) {
    const verbose = Deno.args.includes("--verb") &&
      Number(Deno.args[Deno.args.indexOf("--verb") + 1]) >= 9;
    const text = verbose && error instanceof Error ? error.stack ?? "" : errorLine(error);
    Deno.stderr.writeSync(new TextEncoder().encode(`vpn: ${text}\n`));
    Deno.exit(1);
  }
}
