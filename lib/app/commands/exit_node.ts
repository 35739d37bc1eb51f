/**
 * `vpn exit-node`: the administrator's choices for single clients.
 *
 * @module
 */

import { join } from "node:path";
import { VpnError } from "../../base/errors.ts";
import { formatTable, print, printJson, takesColours } from "../authority/terminal.ts";
import { chooseExit, readExitChoices } from "../exit/exit_choices.ts";
import { ExitCode } from "../exit_code.ts";
import type { ExitNodeArguments } from "./exit_node_options.ts";

/** Where a server keeps its keys unless told otherwise. */
const defaultStateDirectory = "vpn-data";

/** Runs it; the exit code. What fails throws. */
export async function exitNode(given: ExitNodeArguments): Promise<number> {
  const file = fileOf(given);
  if (given.operation === "list") await list(file, given.json);
  else await choose(file, given.client, given.exit);
  return ExitCode.success;
}

function fileOf({ file, state }: ExitNodeArguments): string {
  if (file !== undefined) {
    if (state === undefined) return file;
    throw new VpnError("--file and --state name two places", "leave one of them out");
  }
  const directory = state ?? defaultStateDirectory;
  try {
    if (Deno.statSync(directory).isDirectory) return join(directory, "exit-choices");
  } catch {
    // Said below.
  }
  throw new VpnError(
    `${directory} is no state directory`,
    "name the server's with --state, or its exit-choices with --file",
  );
}

async function list(file: string, json: boolean): Promise<void> {
  const choices = await readExitChoices(file);
  if (json) return printJson(Object.fromEntries(choices));
  if (choices.size === 0) return print("All clients go by the exit nodes of the configuration.");
  print(...formatTable(["CLIENT", "EXIT"], [...choices], takesColours()));
}

async function choose(file: string, client: string, exit: string): Promise<void> {
  if (client === exit) throw new VpnError("nobody is its own exit node", "choose another one");
  await chooseExit(file, client, exit === "default" ? undefined : exit);
  print(`${client}: ${words[exit] ?? `Internet traffic goes by ${exit}, while it is connected`}`);
}

const words: Readonly<Record<string, string | undefined>> = {
  default: "Internet traffic goes as the configuration says",
  server: "Internet traffic goes by the server",
  none: "Internet traffic is dropped",
};
