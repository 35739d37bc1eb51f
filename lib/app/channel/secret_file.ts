/**
 * Files that hold a secret: read only when nobody else can.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import { fileError } from "../../base/atomic_file.ts";

/** The longest file that may hold a secret, in bytes. */
const longest = 4096;

/**
 * The text of a file, without the line end at its end.
 *
 * @param what For the message, as `the shared secret`.
 * @throws {VpnError} when there is none, or others than its owner may read or write it.
 */
export function readSecretFile(path: string, what: string): string {
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path);
  } catch (error) {
    throw fileError(error, `cannot read ${what} from ${path}`);
  }
  using _ = file;
  // Of the file that is open, so that nobody can exchange it in between.
  const { mode, size, isFile } = file.statSync();
  if (isFile && mode !== null && (mode & 0o077) !== 0) {
    const octal = (mode & 0o777).toString(8).padStart(4, "0");
    throw new VpnError(`${path} is open to others (mode ${octal})`, `chmod 600 ${path}`);
  }
  if (size > longest) throw new VpnError(`${path} is too long to hold ${what}`);
  const bytes = new Uint8Array(longest);
  let length = 0;
  for (;;) {
    const more = file.readSync(bytes.subarray(length));
    if (more === null || more === 0) break;
    length += more;
  }
  const text = new TextDecoder().decode(bytes.subarray(0, length)).replace(/\r?\n$/, "");
  bytes.fill(0);
  return text;
}
