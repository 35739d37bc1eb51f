/**
 * The program. Two faces over one option table: sub-commands, and OpenVPN's own argv.
 *
 * What runs for long starts twice (see `keepInspectorClosed`), so that nothing else is loaded before
 * that, and the command tree only where it is needed.
 *
 * @module
 */

import { errorLine } from "./lib/base/errors.ts";
import { startEarly } from "./lib/app/early_start.ts";
import { keepInspectorClosed } from "./lib/app/inspector.ts";

/** Whether these are OpenVPN's options, or a configuration file alone as OpenVPN takes it. */
function isOpenvpnCommandLine(args: readonly string[]): boolean {
  if (args.length === 1 && /\.(conf|ovpn)$/.test(args[0])) return true;
  return args[0]?.startsWith("--") && !["--help", "--version"].includes(args[0]);
}

/** Whether OpenVPN's command line asks for something that is done at once, as `--genkey` does. */
function asksForSmallCommand(args: readonly string[]): boolean {
  if (args[0] === "--version") return true;
  // Help without anything else is about the commands, which are more than OpenVPN's.
  return isOpenvpnCommandLine(args) && args.some((word) => smallCommand.test(word));
}

const smallCommand = /^--(genkey|mktun|rmtun|version|help|show-[a-z]+)$/;

/**
 * Runs a command line; the exit code: 0 success, 1 failure.
 *
 * A tunnel's command is read without the command tree, whose library takes long to load.
 */
async function main(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  if (asksForSmallCommand(args)) {
    const { runSmallCommand } = await import("./lib/app/openvpn_commands/small_command.ts");
    return await runSmallCommand(args);
  }
  const openvpnFace = isOpenvpnCommandLine(args);
  const runsTunnel = openvpnFace || command === "serve" || command === "connect";
  if (runsTunnel && !args.includes("--help")) {
    keepInspectorClosed();
    startEarly();
  }
  if (command === "channel" && !args.includes("--help")) keepInspectorClosed();
  if (openvpnFace) return await (await import("./lib/app/commands/openvpn.ts")).openvpn(args);
  if (command === "connect" && isProfile(rest[0]) && !rest.includes("--help")) {
    const { connect } = await import("./lib/app/commands/connect.ts");
    return await connect({ profile: rest[0], options: rest.slice(1) });
  }
  const { runCommand } = await import("./lib/app/commands/command_tree.ts");
  return await runCommand(args);
}

function isProfile(argument: string | undefined): boolean {
  return argument !== undefined && !argument.startsWith("-");
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
