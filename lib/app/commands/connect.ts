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
  return await runProgram(() => parseForRole(["--config", profile, ...options], "client"));
}
