/**
 * `ifconfig-pool-persist`: which client had which addresses, in OpenVPN's file: one line
 * `NAME,IPV4,IPV6` for each place of the pool that is or was somebody's.
 *
 * With an interval of 0 the file is never written, and nobody but its owner gets an address that is
 * in it.
 *
 * Source: OpenVPN's pool.c (`ifconfig_pool_read`, `ifconfig_pool_list`).
 *
 * @module
 */

import { writeFileAtomically } from "../../base/atomic_file.ts";
import { errorLine, PrivilegeError, VpnError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { AddressPool } from "../../control/address_pool.ts";

const mode = 0o600;

/** Largest file that is read, in bytes: a pool has at most 65,536 places. */
const maximumSize = 16 << 20;

/** See the module's page. */
export class PoolFile {
  readonly #path: string;
  readonly #readOnly: boolean;
  readonly #pool: AddressPool;
  readonly #log: Log;
  readonly #replaceFile: typeof writeFileAtomically;
  #timer: ReturnType<typeof setInterval> | undefined;
  #written = "";
  /** Open for writing while the program may still do so. */
  readonly #file: Deno.FsFile | undefined;
  #writing: Promise<void> = Promise.resolve();

  /**
   * Reads the file, if it is there, into the pool, and keeps it up to date from there on.
   *
   * @throws {VpnError} when it cannot be read, or written where it should be.
   */
  constructor(
    { path, interval }: { readonly path: string; readonly interval: number },
    pool: AddressPool,
    log: Log,
    replaceFile = writeFileAtomically,
  ) {
    this.#path = path;
    this.#readOnly = interval === 0;
    this.#pool = pool;
    this.#log = log;
    this.#replaceFile = replaceFile;
    this.#read();
    this.#written = this.#text();
    if (this.#readOnly) return;
    this.#file = this.#open();
    this.#timer = setInterval(() => this.write(), interval * 1000);
  }

  #read(): void {
    let text: string;
    try {
      if (Deno.statSync(this.#path).size > maximumSize) throw new Error("it is too large");
      text = Deno.readTextFileSync(this.#path);
    } catch (cause) {
      if (cause instanceof Deno.errors.NotFound) return;
      throw new VpnError(
        `cannot read ${this.#path}: ${errorLine(cause)}`,
        "mend ifconfig-pool-persist, or remove the file",
        { cause },
      );
    }
    for (const line of text.split(/\r?\n/)) this.#readLine(line);
  }

  #open(): Deno.FsFile {
    try {
      return Deno.openSync(this.#path, { write: true, create: true, mode });
    } catch (cause) {
      throw new VpnError(
        `cannot write ${this.#path}: ${errorLine(cause)}`,
        "mend ifconfig-pool-persist",
        { cause },
      );
    }
  }

  #readLine(line: string): void {
    if (line === "" || /^[#;]/.test(line)) return;
    const [name, ...addresses] = line.split(",").map((field) => field.trim());
    const places = addresses.filter((address) => address !== "")
      .map((address) => this.#pool.placeOf(address));
    const [number] = places.filter((place) => place !== undefined);
    if (name === "" || number === undefined) {
      return this.#log.warn(`${this.#path}: no address of the pool: ${line}`);
    }
    if (places.some((place) => place !== number)) {
      this.#log.warn(
        `${this.#path}: the addresses of ${name} don't belong together, the first counts`,
      );
    }
    this.#pool.remember(name, number, this.#readOnly);
  }

  #text(): string {
    const lines: string[] = [];
    for (const { name, number } of this.#pool.named()) {
      // The format has no way to write it.
      if (name.includes(",")) continue;
      const { ipv4 = "", ipv6 = "" } = this.#pool.addresses(number);
      lines.push(`${name},${ipv4},${ipv6}\n`);
    }
    return lines.join("");
  }

  /** Writes the file, if something has changed. What goes wrong is in the log. */
  write(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    if (this.#readOnly) return;
    const text = this.#text();
    if (text === this.#written) return;
    try {
      await this.#replace(text);
      this.#written = text;
    } catch (error) {
      this.#log.warn(`the addresses of clients are not kept: ${errorLine(error)}`);
    }
  }

  async #replace(text: string): Promise<void> {
    try {
      await this.#replaceFile(this.#path, text, mode);
    } catch (error) {
      if (!(error instanceof PrivilegeError) || this.#file === undefined) throw error;
      // With `user` the directory is somebody else's by now; the file was opened before.
      await this.#file.seek(0, Deno.SeekMode.Start);
      await this.#file.truncate();
      const bytes = new TextEncoder().encode(text);
      for (let sent = 0; sent < bytes.length;) {
        sent += await this.#file.write(bytes.subarray(sent));
      }
    }
  }

  /** Writes it for the last time. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.write();
    this.#file?.close();
  }
}
