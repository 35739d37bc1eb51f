/**
 * `vpn connect`.
 *
 * @module
 */

import { runProgram } from "../program.ts";
import { parseForRole } from "./command_line.ts";

/** What `vpn connect` was given. */
export interface ConnectArguments {
  /** An OpenVPN client configuration. */
  readonly profile: string;
  /** Further options of OpenVPN's, as `--verb 4`. */
  readonly options: readonly string[];
}

/** Runs the client; the exit code. */
export async function connect({ profile, options }: ConnectArguments): Promise<number> {
  const argv = ["--config", profile, ...options.flatMap(killSwitchWord)];
  return await runProgram(() => parseForRole(argv, "client"));
}

/** OpenVPN's options know no `=`; what is written as `--kill-switch=off` shall mean what it says. */
function killSwitchWord(argument: string): string[] {
  const match = argument.match(/^--kill-switch=(.*)$/);
  return match === null ? [argument] : ["--kill-switch", ...match[1].split(",")];
}
