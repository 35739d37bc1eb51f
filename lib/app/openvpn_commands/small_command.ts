/**
 * The commands of OpenVPN's own command line that do one thing and end: `--genkey`, `--show-…`,
 * `--mktun`, `--rmtun`, `--version`, `--help`.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import type { CommandOptions } from "./command_options.ts";
import { type ArgvOption, splitArgv } from "../../config/argv.ts";

/** Whether a word of a command line is one of them. */
export function isSmallCommand(word: string): boolean {
  return /^--(genkey|mktun|rmtun|version|help|show-[a-z]+)$/.test(word);
}

/**
 * Runs the one that the command line asks for; the exit code.
 *
 * @throws {VpnError} when it can't be done.
 */
export async function runSmallCommand(argv: readonly string[]): Promise<number> {
  const options: readonly ArgvOption[] = splitArgv(argv);
  const byName: CommandOptions = new Map(options.map((option) => [option.name, option.parameters]));
  const [name, second] = options.map((option) => option.name)
    .filter((option) => isSmallCommand(`--${option}`));
  // As OpenVPN, help and version stand above all others.
  if (byName.has("help")) (await import("./help.ts")).printHelp();
  else if (byName.has("version")) await (await import("./version.ts")).printVersion();
  else if (second !== undefined && second !== name) {
    throw new VpnError(`--${name} and --${second} are two commands`, "run one after the other");
  } else if (name === "genkey") await (await import("./genkey.ts")).genkey(byName);
  else if (name === "mktun" || name === "rmtun") {
    (await import("./persistent_device.ts")).persistentDevice(name, byName);
  } else (await import("./show.ts")).show(name.slice("show-".length), byName);
  return 0;
}
