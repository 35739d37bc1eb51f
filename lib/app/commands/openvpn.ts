/**
 * OpenVPN's own command line.
 *
 * @module
 */

import { runProgram } from "../program.ts";
import { parseRunnable } from "./command_line.ts";

/** Runs the server or client that the options describe; the exit code. */
export async function openvpn(argv: readonly string[]): Promise<number> {
  return await runProgram(() => parseRunnable(argv));
}
