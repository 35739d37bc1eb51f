/**
 * The command tree: what `vpn COMMAND …` takes, its help and its completions. Each command describes
 * itself in `NAME_options.ts` and runs from `NAME.ts`, which is loaded when it is chosen.
 *
 * @module
 */

import { type InferValue, message, or } from "@optique/core";
import { runSync } from "@optique/run";
import { programVersion } from "../../base/version.ts";
import { channelCommand } from "./channel_options.ts";
import { checkCommand } from "./check_options.ts";
import { connectCommand } from "./connect_options.ts";
import { exitNodeCommand } from "./exit_node_options.ts";
import { doctorCommand } from "./doctor_options.ts";
import { killSwitchCommand } from "./kill_switch_options.ts";
import { pkiCommand } from "./pki_options.ts";
import { portalCommand } from "./portal_options.ts";
import { serveCommand } from "./serve_options.ts";
import { statusCommands } from "./status_options.ts";
import { userCommand } from "./user_options.ts";

const commands = or(
  serveCommand,
  connectCommand,
  checkCommand,
  killSwitchCommand,
  doctorCommand,
  exitNodeCommand,
  pkiCommand,
  userCommand,
  portalCommand,
  statusCommands,
  channelCommand,
);

/** What a command line asks for; `action` names the command. */
export type ChosenCommand = InferValue<typeof commands>;

/** Runs each command; the exit code. */
const actions: {
  readonly [Action in ChosenCommand["action"]]: (
    chosen: Extract<ChosenCommand, { action: Action }>,
  ) => Promise<number>;
} = {
  serve: async (chosen) => (await import("./serve.ts")).serve(chosen),
  connect: async (chosen) => (await import("./connect.ts")).connect(chosen),
  check: async (chosen) => (await import("./check.ts")).check(chosen),
  "kill-switch": async (chosen) => (await import("./kill_switch.ts")).killSwitch(chosen),
  "exit-node": async (chosen) => (await import("./exit_node.ts")).exitNode(chosen),
  doctor: async (chosen) => (await import("./doctor.ts")).doctor(chosen),
  pki: async (chosen) => (await import("./pki.ts")).pki(chosen),
  portal: async (chosen) => (await import("./portal.ts")).portal(chosen),
  status: async (chosen) => (await import("./status.ts")).status(chosen),
  kick: async (chosen) => (await import("./status.ts")).kick(chosen),
  top: async (chosen) => (await import("./top.ts")).top(chosen),
  user: async (chosen) => (await import("./user.ts")).user(chosen),
  "channel-psk-listen": async (chosen) => (await import("./channel_psk.ts")).listenPsk(chosen),
  "channel-psk-connect": async (chosen) => (await import("./channel_psk.ts")).connectPsk(chosen),
  "channel-box-keygen": async (chosen) =>
    (await import("./channel_box.ts")).generateBoxKeys(chosen),
  "channel-box-serve": async (chosen) => (await import("./channel_box_serve.ts")).serveBox(chosen),
  "channel-box-forward": async (chosen) => (await import("./channel_box.ts")).forwardBox(chosen),
  "channel-box-connect": async (chosen) => (await import("./channel_box.ts")).connectBox(chosen),
};

/** Runs a command line; the exit code. */
export function runCommand(args: readonly string[]): Promise<number> {
  const chosen = chooseCommand(args);
  const run = actions[chosen.action] as (chosen: ChosenCommand) => Promise<number>;
  return run(chosen);
}

/** Reads a command line. Help, completions and mistakes are answered here, and end the process. */
function chooseCommand(args: readonly string[]): ChosenCommand {
  // A pass-through parser takes what follows a command as OpenVPN's, --help included.
  const passes = args[0] === "serve" || args[0] === "connect";
  const asked = passes && args.slice(1).includes("--help") ? ["help", args[0]] : args;
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
