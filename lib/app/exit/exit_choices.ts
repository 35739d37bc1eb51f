/**
 * The file of exit nodes that an administrator chose for single clients. A running server reads it
 * again when it changes.
 *
 * ```text
 * # CLIENT EXIT        EXIT: a client's name, server, or none
 * alice    paris
 * "bob b"  server
 * ```
 *
 * @module
 */

import { readFileIfThere, writeFileAtomically } from "../../base/atomic_file.ts";
import { errorLine, VpnError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { quote, tokenize } from "../../config/mod.ts";

/** How often a running server looks at the file, ms. */
const interval = 400;

/** By client, the exit node that was chosen for it. */
export type ExitChoices = ReadonlyMap<string, string>;

/**
 * Reads the text of such a file; of two lines for one client the last counts.
 *
 * @throws {VpnError} naming the line that is wrong.
 */
export function parseExitChoices(text: string): Map<string, string> {
  const choices = new Map<string, string>();
  for (const [i, line] of text.split("\n").entries()) {
    const words = tokenize(line);
    if (!Array.isArray(words)) throw new VpnError(`line ${i + 1}: ${words.problem}`, words.remedy);
    if (words.length === 0) continue;
    if (words.length !== 2) {
      throw new VpnError(`line ${i + 1} is not CLIENT EXIT`, "quote a name with spaces");
    }
    choices.set(words[0], words[1]);
  }
  return choices;
}

/** The text for such choices. */
export function formatExitChoices(choices: ExitChoices): string {
  const lines = [...choices].map(([client, exit]) => quote([client, exit]));
  return ["# CLIENT EXIT: by whom a client's Internet traffic leaves", ...lines, ""].join("\n");
}

/** What a file has; nothing where there is none. @throws {VpnError} naming the file. */
export async function readExitChoices(path: string): Promise<Map<string, string>> {
  return namingFile(path, await readFileIfThere(path) ?? "");
}

/**
 * Chooses an exit node for a client; a running server follows within a second.
 *
 * @param path The file that the server has as `exit-choices`.
 * @param exit Another client's name, `server` or `none`; undefined: as the server's rules say.
 * @throws {VpnError} when the file cannot be read or written.
 */
export async function chooseExit(
  path: string,
  client: string,
  exit: string | undefined,
): Promise<void> {
  const choices = await readExitChoices(path);
  if (exit === undefined) choices.delete(client);
  else choices.set(client, exit);
  await writeFileAtomically(path, formatExitChoices(choices), 0o644);
}

function namingFile(path: string, text: string): Map<string, string> {
  try {
    return parseExitChoices(text);
  } catch (error) {
    throw error instanceof VpnError
      ? new VpnError(`${path}: ${error.message}`, error.remedy)
      : error;
  }
}

/** Looks at the file again and again. */
export class ExitChoicesWatch implements Disposable {
  readonly #path: string;
  readonly #changed: (choices: ExitChoices) => void;
  readonly #log: Log;
  readonly #timer: ReturnType<typeof setInterval>;
  #seen = "";
  #latest = "";

  /**
   * @param changed Called now, and with what a changed file has. Where it cannot be read, what was
   *   chosen before stays: a slip of the pen must not send traffic another way.
   */
  constructor(path: string, changed: (choices: ExitChoices) => void, log: Log) {
    this.#path = path;
    this.#changed = changed;
    this.#log = log;
    this.#read(this.#latest = stateOf(path));
    this.#timer = setInterval(() => this.#look(), interval);
  }

  /** An editor may empty a file before it writes: what still changes is not read yet. */
  #look(): void {
    const former = this.#latest;
    this.#latest = stateOf(this.#path);
    if (this.#latest === former && this.#latest !== this.#seen) this.#read(this.#latest);
  }

  #read(state: string): void {
    this.#seen = state;
    try {
      const text = state === absent ? "" : Deno.readTextFileSync(this.#path);
      this.#changed(namingFile(this.#path, text));
    } catch (error) {
      this.#log.warn(`exit-choices stay as they were: ${errorLine(error)}`);
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

const absent = "absent";

/** Differs when the file does. */
function stateOf(path: string): string {
  try {
    const { ino, size, mtime } = Deno.statSync(path);
    return `${ino} ${size} ${mtime?.getTime()}`;
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? absent : errorLine(error);
  }
}
