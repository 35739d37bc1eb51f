/**
 * The state directory of a server (`--state DIR`, default `./vpn-data`): its authority, its keys,
 * its revocation list, its configuration, and a first client's profile.
 *
 * Everything is written under a lock, each file whole or not at all, and in the order of
 * {@linkcode StateFiles}: a key before the certificate made for it, `server.conf` last. So
 * `server.conf` says that the directory is complete, and a start that was cut off before that is
 * taken up where it ended. Afterwards a file that is missing is an error, except those of the
 * server's own certificate, which the authority can always make again.
 *
 * @module
 */

import { resolve } from "node:path";
import { readFileIfThere, removeTemporaryFiles } from "../base/atomic_file.ts";
import { VpnError } from "../base/errors.ts";
import type { Certificate } from "./certificate.ts";
import { lockDirectory, prepareDirectory } from "./directory_access.ts";
import { StateBuilder, type StateBuilderOptions } from "./state_builder.ts";
import { type StateFiles, stateFiles } from "./state_files.ts";

/** How to open, and if need be make, a state directory. */
export interface StateDirectoryOptions extends StateBuilderOptions {
  /** Make what is missing; otherwise a missing or unfinished directory is an error. */
  readonly createIfMissing: boolean;
}

/** An open state directory. */
export interface StateDirectory {
  /** The directory, absolute. */
  readonly path: string;
  /** Whether this call finished making it (first start). */
  readonly created: boolean;
  /** Absolute paths of the files. */
  readonly files: StateFiles;
  /** The CA's certificate. */
  readonly authority: Certificate;
  /** The server's certificate. */
  readonly server: Certificate;
  /** What was mended, renewed, or should be looked at: a line each, to be logged. */
  readonly notices: readonly string[];
}

/**
 * Opens a state directory. The first time takes about two seconds, for the keys.
 *
 * @throws {VpnError} naming the file and the remedy.
 */
export async function openStateDirectory(
  path: string,
  options: StateDirectoryOptions,
): Promise<StateDirectory> {
  const directory = resolve(path);
  const notices: string[] = [];
  await prepareDirectory(directory, options.createIfMissing, notices);
  using _lock = await lockDirectory(directory, ".lock");
  await removeTemporaryFiles(directory);
  const files = stateFiles(directory);
  const complete = await readFileIfThere(files.serverConfiguration) !== undefined;
  if (!complete && !options.createIfMissing) {
    throw new VpnError(`${directory} is no finished state directory`, "start with vpn serve");
  }
  const builder = new StateBuilder(directory, files, complete, options, notices);
  const { authority, server } = await builder.build();
  return Object.freeze({
    path: directory,
    created: !complete,
    files,
    authority,
    server,
    notices: Object.freeze(notices),
  });
}
