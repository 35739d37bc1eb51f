/**
 * A command line of the configuration as a program and its arguments: split by OpenVPN's own rules
 * (`argv_parse_cmd`), never by a shell.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import { tokenize } from "../../base/tokenize.ts";

/** What is executed. */
export interface ProgramCommand {
  /** A path: programs aren't looked for in PATH. */
  readonly path: string;
  readonly args: readonly string[];
}

/**
 * Splits a command line.
 *
 * @param option The option that gave it, for the error.
 * @throws {VpnError} when there is nothing in it, or a quotation mark isn't closed.
 */
export function parseProgramCommand(option: string, commandLine: string): ProgramCommand {
  const words = tokenize(commandLine);
  if (!Array.isArray(words)) throw new VpnError(`"${option}": ${words.problem}`, words.remedy);
  const [name, ...args] = words;
  if (name === undefined) {
    throw new VpnError(`"${option}" names no program`, `write "${option} /path/to/program"`);
  }
  // As execve(2) takes it: a name alone is a file of the working directory.
  return { path: name.includes("/") ? name : `./${name}`, args };
}
