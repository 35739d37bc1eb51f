/**
 * What goes wrong with the index, as errors for the user.
 *
 * @module
 */

import { VpnError } from "../base/errors.ts";

/** The file is something else. */
export function notAnIndex(path: string): VpnError {
  return new VpnError(`${path} is no index of certificates`, "restore it from a backup");
}

/** The file cannot be read. */
export function damagedIndex(path: string, options?: ErrorOptions): VpnError {
  return new VpnError(`the index ${path} is damaged`, "restore it from a backup", options);
}

/** What SQLite and the file system throw, as an error that names the file and the remedy. */
export function indexError(error: unknown, path: string): VpnError {
  if (error instanceof VpnError) return error;
  const options = { cause: error };
  const reason = error instanceof Error ? error.message : String(error);
  if (/malformed|not a database|file is encrypted/i.test(reason)) {
    return damagedIndex(path, options);
  }
  if (/disk is full|disk I\/O|No space left/i.test(reason)) {
    return new VpnError(
      `cannot write ${path}: ${reason}`,
      "make room on the disk and repeat the command; nothing was changed",
      options,
    );
  }
  if (/locked|busy/i.test(reason)) {
    return new VpnError(`${path} is in use by another command`, "try again", options);
  }
  if (/readonly|unable to open|permission denied/i.test(reason)) {
    return new VpnError(`cannot use ${path}: ${reason}`, "run it as the owner", options);
  }
  return new VpnError(`cannot use ${path}: ${reason}`, "check the disk and the path", options);
}
