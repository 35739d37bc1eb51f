/**
 * OpenVPN's command line, read for a command that needs one of the two roles.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import { type CommandLine, parseArgv, type ParsedConfig } from "../../config/mod.ts";

/**
 * Reads `--config FILE …`, which must describe this role.
 *
 * @throws {VpnError} naming the command for the other role.
 */
export function parseForRole(argv: readonly string[], role: "server" | "client"): ParsedConfig {
  const parsed = parseRunnable(argv);
  if (parsed.config.role === role) return parsed;
  throw role === "server"
    ? new VpnError(`${argv[1]} is a client's configuration`, `run vpn connect ${argv[1]}`)
    : new VpnError(`${argv[1]} is a server's configuration`, `run vpn serve --config ${argv[1]}`);
}

/**
 * Reads a command line that describes a server or a client.
 *
 * @throws {VpnError} when it asks for something else.
 */
export function parseRunnable(argv: readonly string[]): ParsedConfig {
  const commandLine: CommandLine = parseArgv(argv);
  if (commandLine.kind === "run") return commandLine;
  throw new VpnError("there is nothing to run", "name a configuration file with --config");
}
