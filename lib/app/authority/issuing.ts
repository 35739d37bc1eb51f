/**
 * `vpn pki init|issue|renew`.
 *
 * @module
 */

import { join } from "node:path";
import { fileError } from "../../base/atomic_file.ts";
import { checkedAuthorityUrl } from "../../pki/authority_url.ts";
import { certificatePem } from "../../pki/certificate.ts";
import type { IndexEntry } from "../../pki/certificate_index.ts";
import { createStateAuthority } from "../../pki/authority_maker.ts";
import { formatName } from "../../pki/distinguished_name.ts";
import { fileNameOf } from "../../pki/profile_files.ts";
import { SERVER_NAME, writeServerFiles } from "../../pki/server_files.ts";
import type { PkiOperation } from "../commands/pki_options.ts";
import { dayAndDistance } from "./entry_state.ts";
import { openAuthorityOf, stateOf } from "./opened.ts";
import { writeOutputFiles } from "./output_files.ts";
import { newPassphrase } from "./passphrase.ts";
import { print, write } from "./terminal.ts";

/** Makes an authority. */
export async function init(given: PkiOperation<"init">): Promise<void> {
  const url = given.url === undefined ? undefined : checkedAuthorityUrl(given.url);
  using authority = await createStateAuthority(stateOf(given), {
    commonName: given.commonName,
    keyType: given.keyType,
    days: given.days,
    passphrase: given.encrypt
      ? await newPassphrase(given.passphraseFile, "the authority's key", "--passphrase-file")
      : undefined,
  });
  if (url !== undefined) await authority.index.setSetting("url", url);
  const { certificate, files } = authority;
  const shown = (path: string) => join(stateOf(given), path.slice(authority.directory.length));
  print(
    `Made the certification authority "${formatName(certificate.subject)}", valid until ` +
      `${dayAndDistance(certificate.notAfter, Date.now())}.`,
    "",
    `  ${shown(files.caCertificate)}   its certificate, for everybody`,
    `  ${shown(files.caKey)}   its key, a secret; keep a copy in a safe place`,
    `  ${shown(files.index)}   what it issues; keep copies of this file too`,
    "",
    "Next: vpn pki issue NAME, or vpn serve, which makes what a server needs.",
  );
}

/** Makes a key and a certificate. */
export async function issue(given: PkiOperation<"issue">): Promise<void> {
  using authority = await openAuthorityOf(given);
  const entry = await authority.issue({
    name: given.name,
    purpose: given.server ? "server" : "client",
    keyType: given.keyType,
    days: given.days,
    alternativeNames: given.alternativeNames,
  });
  printIssued("Issued", entry);
  if (entry.purpose === "server" && entry.name === SERVER_NAME) {
    await writeServerFiles(authority, entry);
    print(`Wrote ${authority.files.serverCertificate} and its key.`);
  } else print(`Next: vpn pki export ${entry.name}`);
}

/** Issues a certificate for a key that stays on its device. */
export async function sign(given: PkiOperation<"sign">): Promise<void> {
  const request = await readRequest(given.request);
  using authority = await openAuthorityOf(given);
  const entry = await authority.sign(request, {
    name: given.commonName,
    purpose: given.server ? "server" : "client",
    days: given.days,
    alternativeNames: given.alternativeNames,
  });
  const content = certificatePem(await authority.certificateOf(entry));
  if (given.out === "-") return write(content);
  const path = given.out ?? `${fileNameOf(entry.name)}.crt`;
  printIssued("Issued", entry);
  await writeOutputFiles([{ path, content, secret: false }], given.force);
  print(`Wrote ${path}.`);
}

async function readRequest(path: string): Promise<Uint8Array> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    throw fileError(error, `cannot read ${path}`);
  }
}

/** Issues a certificate again. */
export async function renew(given: PkiOperation<"renew">): Promise<void> {
  using authority = await openAuthorityOf(given);
  const entry = await authority.renew(given.nameOrSerial, {
    days: given.days,
    keyType: given.keyType,
  });
  printIssued("Renewed", entry);
  if (entry.purpose === "server" && entry.name === SERVER_NAME && entry.holdsKey) {
    await writeServerFiles(authority, entry);
    print(
      `Wrote ${authority.files.serverCertificate}; a running server takes it for its tunnel when it ` +
        "gets SIGHUP, and for --https by itself.",
    );
  } else print(`The former one stays good until it ends. Next: vpn pki export ${entry.name}`);
}

/** What is said of every certificate that was made. */
export function printIssued(done: string, entry: IndexEntry): void {
  print(
    `${done} the ${entry.purpose} certificate of ${entry.name} (${entry.key}), serial number ` +
      `${entry.serial}, valid until ${dayAndDistance(entry.notAfter, Date.now())}.`,
  );
}
