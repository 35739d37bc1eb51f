/**
 * The passphrase of the authority's key: from a file, or from whoever sits at the terminal. Never
 * from the command line or the environment, which other programs can read.
 *
 * @module
 */

import { fileError } from "../../base/atomic_file.ts";
import { VpnError } from "../../base/errors.ts";
import type { PassphraseSource } from "../../pki/authority_key.ts";

/** The first line of a file. */
async function readPassphrase(path: string): Promise<string> {
  try {
    const [line] = (await Deno.readTextFile(path)).split(/\r?\n/);
    if (line === "") throw new VpnError(`${path} has no passphrase in its first line`);
    return line;
  } catch (error) {
    throw fileError(error, `cannot read ${path}`);
  }
}

/** Where the passphrase of `ca.key` comes from; undefined: from nowhere. */
export function passphraseSource(file: string | undefined): PassphraseSource | undefined {
  if (file !== undefined) return () => readPassphrase(file);
  if (!Deno.stdin.isTerminal() || !Deno.stderr.isTerminal()) return undefined;
  return () => ask("Passphrase of the authority's key: ");
}

/**
 * A passphrase that is chosen now, asked for twice at the terminal.
 *
 * @throws {VpnError} when nobody can be asked, or the two differ.
 */
export async function newPassphrase(file: string | undefined, whose: string): Promise<string> {
  if (file !== undefined) return await readPassphrase(file);
  if (!Deno.stdin.isTerminal() || !Deno.stderr.isTerminal()) {
    throw new VpnError("there is no terminal to ask for a passphrase", "give a file that has it");
  }
  const first = ask(`New passphrase of ${whose}: `);
  if (ask("The same again: ") !== first) {
    throw new VpnError("the two passphrases differ", "run the command again");
  }
  return first;
}

const ENTER = [10, 13];
const CTRL_C = 3;
const CTRL_D = 4;
const ERASE = [8, 127];

/** Reads a line from the terminal that is not shown. */
function ask(question: string): string {
  const say = (text: string) => Deno.stderr.writeSync(new TextEncoder().encode(text));
  say(question);
  Deno.stdin.setRaw(true);
  const typed: number[] = [];
  try {
    for (const buffer = new Uint8Array(1);;) {
      const count = Deno.stdin.readSync(buffer);
      const [byte] = buffer;
      if (count === null || byte === CTRL_C || byte === CTRL_D) {
        throw new VpnError("no passphrase was given");
      }
      if (ENTER.includes(byte)) return new TextDecoder().decode(new Uint8Array(typed));
      if (ERASE.includes(byte)) {
        // A character may be several bytes of UTF-8, of which all but the first are 10xxxxxx.
        while (typed.length > 0 && (typed.pop()! & 0xc0) === 0x80);
      } else typed.push(byte);
    }
  } finally {
    Deno.stdin.setRaw(false);
    typed.fill(0);
    say("\n");
  }
}
