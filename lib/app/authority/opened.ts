/**
 * The authority that a command works with.
 *
 * @module
 */

import { Authority } from "../../pki/authority.ts";
import { defaultStateDirectory } from "../../pki/state_files.ts";
import { passphraseSource } from "./passphrase.ts";

/** What every command of `vpn pki` takes. */
export interface CommonArguments {
  /** `--state DIR`. */
  readonly state?: string;
  /** `--passphrase-file FILE`. */
  readonly passphraseFile?: string;
}

/** The state directory that is meant. */
export function stateOf({ state }: CommonArguments): string {
  return state ?? defaultStateDirectory;
}

/**
 * Opens the authority of `--state`.
 *
 * @throws {VpnError} naming the file and the remedy.
 */
export async function openAuthorityOf(given: CommonArguments): Promise<Authority> {
  return await Authority.open(stateOf(given), {
    passphrase: passphraseSource(given.passphraseFile),
  });
}
