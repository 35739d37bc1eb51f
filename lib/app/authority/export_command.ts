/**
 * `vpn pki export`.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import { fileNameOf } from "../../pki/profile_files.ts";
import type { PkiOperation } from "../commands/pki_options.ts";
import { exportProfile } from "./exporting.ts";
import { openAuthorityOf } from "./opened.ts";
import { inDirectory, makeOutputDirectory, writeOutputFiles } from "./output_files.ts";
import { newPassphrase } from "./passphrase.ts";
import { parseRemote } from "./remote.ts";
import { print, write } from "./terminal.ts";

/** Makes a client's profile. */
export async function exportFiles(given: PkiOperation<"export">): Promise<void> {
  const { nameOrSerial, format = "inline", system, out, force } = given;
  using authority = await openAuthorityOf(given);
  const { name } = await authority.find(nameOrSerial);
  const files = await exportProfile(authority, {
    nameOrSerial,
    system,
    format,
    remote: given.remote === undefined ? undefined : parseRemote(given.remote),
    passphrase: format !== "p12"
      ? undefined
      : await newPassphrase(given.p12PassphraseFile, "the file", "--p12-passphrase-file"),
  });
  const [profile] = files;
  if (format === "inline") {
    if (out === "-") return write(profile.content);
    const path = out ?? profile.name;
    await writeOutputFiles([{ ...profile, path }], force);
    return print(
      `Wrote ${path}: the profile of ${name}, a secret for one device.`,
    );
  }
  if (out === "-") {
    throw new VpnError("several files do not go to standard output", "name a directory with --out");
  }
  const directory = out ?? fileNameOf(name);
  await makeOutputDirectory(directory);
  const written = inDirectory(directory, files);
  await writeOutputFiles(written, force);
  print(`Wrote the profile of ${name}, a secret for one device:`);
  for (const { path } of written) print(`  ${path}`);
}
