/**
 * The file of `status FILE SECONDS`: written every so often, read by other programs at any moment.
 *
 * It is replaced as a whole, so that no reader sees half of it. Where that can't be done (a pipe, a
 * directory that a user without privileges may not write to) it is rewritten in place, by the
 * descriptor that was opened at the start.
 *
 * @module
 */

import { basename, dirname, join } from "node:path";
import { errorLine, VpnError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";

/** See the module's page. */
export class StatusFile implements Disposable {
  readonly #path: string;
  /** The file that readers see at present. */
  #file: Deno.FsFile;
  readonly #lines: () => readonly string[];
  readonly #log: Log;
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  #complained = false;

  /**
   * Opens it, writes it and keeps it up to date.
   *
   * @param interval Seconds; 0: it is written once.
   * @throws {VpnError} when it can't be written.
   */
  constructor(path: string, interval: number, lines: () => readonly string[], log: Log) {
    try {
      this.#file = Deno.openSync(path, { write: true, create: true, mode: 0o600 });
      // A symbolic link is not replaced: what it points to is.
      this.#path = Deno.realPathSync(path);
    } catch (cause) {
      throw new VpnError(
        `cannot write the status file ${path}: ${errorLine(cause)}`,
        "mend the option status",
        { cause },
      );
    }
    this.#lines = lines;
    this.#log = log;
    this.write();
    if (interval > 0) this.#timer = setInterval(() => this.write(), interval * 1000);
  }

  /** Writes it now. */
  write(): void {
    const bytes = new TextEncoder().encode(this.#lines().join("\n") + "\n");
    try {
      if (!this.#replace(bytes)) this.#rewrite(bytes);
      this.#complained = false;
    } catch (error) {
      if (!this.#complained) this.#log.warn(`cannot write the status file: ${errorLine(error)}`);
      this.#complained = true;
    }
  }

  /** No further writing; the file stays. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#file.close();
  }

  #replace(bytes: Uint8Array): boolean {
    const draft = join(dirname(this.#path), `.${basename(this.#path)}.${Deno.pid}.tmp`);
    let file: Deno.FsFile | undefined;
    try {
      const former = Deno.statSync(this.#path);
      if (!former.isFile) return false;
      file = Deno.openSync(draft, { write: true, createNew: true, mode: 0o600 });
      // The same readers as before may read the new one.
      if (former.mode !== null) Deno.chmodSync(draft, former.mode & 0o777);
      if (former.uid !== Deno.uid() || former.gid !== Deno.gid()) {
        Deno.chownSync(draft, former.uid, former.gid);
      }
      writeAll(file, bytes);
      Deno.renameSync(draft, this.#path);
    } catch {
      if (file === undefined) return false;
      file.close();
      Deno.removeSync(draft);
      return false;
    }
    this.#file.close();
    this.#file = file;
    return true;
  }

  #rewrite(bytes: Uint8Array): void {
    const { isFile } = this.#file.statSync();
    if (isFile) {
      this.#file.seekSync(0, Deno.SeekMode.Start);
      this.#file.truncateSync(0);
    }
    writeAll(this.#file, bytes);
  }
}

function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) {
    written += file.writeSync(bytes.subarray(written));
  }
}
