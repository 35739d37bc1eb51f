/**
 * The program. Two faces over one option table: sub-commands, and OpenVPN's own argv.
 *
 * What runs for long starts twice (see `keepInspectorClosed`), so that nothing else is loaded before
 * that, and the command tree only where it is needed.
 *
 * @module
 */

import { errorLine } from "./lib/base/errors.ts";
import { keepInspectorClosed } from "./lib/app/inspector.ts";

/** Whether these are OpenVPN's options, or a configuration file alone as OpenVPN takes it. */
function isOpenvpnCommandLine(args: readonly string[]): boolean {
  if (args.length === 1 && /\.(conf|ovpn)$/.test(args[0])) return true;
  return args[0]?.startsWith("--") && !["--help", "--version"].includes(args[0]);
}

/** Runs a command line; the exit code: 0 success, 1 failure. */
async function main(args: readonly string[]): Promise<number> {
  const openvpnFace = isOpenvpnCommandLine(args);
  const runsLong = openvpnFace || ["serve", "connect"].includes(args[0]);
  if (runsLong && !args.includes("--help")) keepInspectorClosed();
  if (openvpnFace) {
    const { openvpn } = await import("./lib/app/commands/openvpn.ts");
    return await openvpn(args);
  }
  const { runCommand } = await import("./lib/app/commands/command_tree.ts");
  return await runCommand(args);
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
