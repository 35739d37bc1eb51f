/**
 * The file that says the process's number (`writepid`); gone when the program ends.
 *
 * @module
 */

import { errorLine, VpnError } from "../../base/errors.ts";

/** See the module's page. */
export class PidFile implements Disposable {
  /** @throws {VpnError} when it can't be written. */
  constructor(readonly path: string) {
    try {
      Deno.writeTextFileSync(path, `${Deno.pid}\n`);
    } catch (cause) {
      throw new VpnError(
        `cannot write the process id to ${path}: ${errorLine(cause)}`,
        "mend the option writepid",
        { cause },
      );
    }
  }

  [Symbol.dispose](): void {
    try {
      // A program that was started meanwhile may have written it anew.
      if (Deno.readTextFileSync(this.path).trim() === `${Deno.pid}`) Deno.removeSync(this.path);
    } catch {
      // Gone already, or in a directory of root's, whom we are not any more.
    }
  }
}
