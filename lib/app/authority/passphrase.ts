/**
 * Passphrases: from a file, or from whoever sits at the terminal. Never from the command line or
 * the environment, which other programs can read.
 *
 * @module
 */

import { fileError } from "../../base/atomic_file.ts";
import { VpnError } from "../../base/errors.ts";
import type { PassphraseSource } from "../../pki/authority_key.ts";
import { ask, canAsk } from "../terminal.ts";

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
  if (!canAsk()) return undefined;
  return () => ask({ prompt: "Passphrase of the authority's key:", echo: false });
}

/**
 * A passphrase that is chosen now, asked for twice at the terminal.
 *
 * @param whose As in "the passphrase of …".
 * @param option The option that names a file, for the remedy.
 * @throws {VpnError} when nobody can be asked, or the two differ.
 */
export async function newPassphrase(
  file: string | undefined,
  whose: string,
  option: string,
): Promise<string> {
  if (file !== undefined) return await readPassphrase(file);
  if (!canAsk()) {
    throw new VpnError(
      "there is no terminal to ask for a passphrase",
      `give a file whose first line it is, with ${option} FILE`,
    );
  }
  const first = await ask({ prompt: `New passphrase of ${whose}:`, echo: false });
  if (await ask({ prompt: "The same again:", echo: false }) !== first) {
    throw new VpnError("the two passphrases differ", "run the command again");
  }
  return first;
}
