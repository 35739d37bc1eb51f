/**
 * The files that a configuration names: reads them all, so that nothing is half-started when one
 * is missing, and warns where others may read a secret (OpenVPN's
 * `options_postprocess_filechecks`).
 *
 * @module
 */

import type { Config, FileReference, Notice } from "./config.ts";
import { MissingFileError, place } from "./errors.ts";
import { denoHost, type NamedFileHost, systemReason } from "./host.ts";
import { notice } from "./option.ts";

/** Largest file that an option may name, in bytes: far above any bundle of CAs or CRL. */
export const maximumFileSize = 64 << 20;

/** Contents of the files, by the reference in the configuration. */
export class LoadedFiles {
  readonly #contents: ReadonlyMap<FileReference, Uint8Array>;

  /** Made by {@link inspectFiles}. */
  constructor(
    contents: ReadonlyMap<FileReference, Uint8Array>,
    /** Files that couldn't be read; empty from {@link loadFiles}. */
    readonly missing: readonly MissingFileError[],
    readonly notices: readonly Notice[],
  ) {
    this.#contents = contents;
  }

  /** Whether it was read. */
  has(reference: FileReference): boolean {
    return this.#contents.has(reference);
  }

  /** The bytes of a file that the configuration names. */
  bytes(reference: FileReference): Uint8Array {
    const bytes = this.#contents.get(reference);
    // A reference that isn't the configuration's own is a mistake in the program.
    if (bytes === undefined) throw new TypeError(`${place(reference.position)} wasn't loaded`);
    return bytes;
  }

  /** The same as text. */
  text(reference: FileReference): string {
    return new TextDecoder().decode(this.bytes(reference));
  }
}

/**
 * Reads what the configuration names.
 *
 * @throws {MissingFileError} for the first file that can't be read.
 */
export function loadFiles(config: Config, host: NamedFileHost = denoHost): LoadedFiles {
  const files = inspectFiles(config, host);
  if (files.missing.length > 0) throw files.missing[0];
  return files;
}

/** Reads what the configuration names, and collects what can't be read (`vpn check`). */
export function inspectFiles(config: Config, host: NamedFileHost = denoHost): LoadedFiles {
  const contents = new Map<FileReference, Uint8Array>();
  const missing: MissingFileError[] = [];
  const notices: Notice[] = [];
  for (const { reference, secret } of namedFiles(config)) {
    const { position } = reference;
    if (contents.has(reference)) continue;
    if (reference.source === "inline") {
      contents.set(reference, new TextEncoder().encode(reference.text));
      continue;
    }
    const { path } = reference;
    try {
      const bytes = host.readFile(path);
      if (bytes.length > maximumFileSize) throw new Error(`more than ${maximumFileSize} bytes`);
      contents.set(reference, bytes);
      const mode = secret ? host.mode(path) : undefined;
      if (mode !== undefined && (mode & 0o077) !== 0) {
        const message = `group or others may use the secret file "${path}": chmod 600`;
        notices.push(notice("warning", 1, position, message));
      }
    } catch (error) {
      missing.push(
        new MissingFileError(
          `can't read "${path}" of "${position.option}" (${systemReason(error)})`,
          "create it or correct the path",
          position,
        ),
      );
    }
  }
  return new LoadedFiles(contents, missing, notices);
}

interface NamedFile {
  readonly reference: FileReference;
  /** Others must not read it. */
  readonly secret: boolean;
}

function namedFiles(config: Config): NamedFile[] {
  const { tls } = config;
  const files: NamedFile[] = [];
  const add = (reference: FileReference | { source: "prompt" } | undefined, secret: boolean) => {
    if (reference !== undefined && reference.source !== "prompt") files.push({ reference, secret });
  };
  add(tls.ca, false);
  add(tls.cert, false);
  add(tls.extraCerts, false);
  add(tls.key, true);
  add(tls.pkcs12, true);
  add(tls.askpass, true);
  add(tls.crlVerify, false);
  if (config.role === "server") {
    add(config.controlKey?.key, true);
    add(config.groupControlKey?.key, true);
    add(config.tlsCryptV2.revoked, false);
    add(config.login.users, true);
    add(config.login.token?.secret, true);
    add(config.authority?.httpsCert, false);
    add(config.authority?.httpsKey, true);
    add(config.authority?.passphraseFile, true);
    add(config.portal?.certificate, false);
    add(config.portal?.key, true);
  } else {
    for (const connection of config.connections) add(connection.controlKey?.key, true);
    add(config.authUserPass, true);
  }
  return files;
}

/**
 * User name and password from the contents of `auth-user-pass`: the first two lines. Without a
 * second line the password is to be asked for.
 */
export function parseUserPass(text: string): { username: string; password?: string } {
  const [username = "", password = ""] = text.split("\n").map((line) => line.replace(/\r$/, ""));
  return password === "" ? { username } : { username, password };
}
