/**
 * `vpn pki import`.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import {
  type ForeignAuthority,
  importStateAuthority,
  readImportFile,
} from "../../pki/authority_import.ts";
import { formatName } from "../../pki/distinguished_name.ts";
import { readEasyrsaDirectory } from "../../pki/easyrsa.ts";
import type { PkiOperation } from "../commands/pki_options.ts";
import { stateOf } from "./opened.ts";
import { passphraseSource } from "./passphrase.ts";
import { print } from "./terminal.ts";

/** Goes on with another program's authority. */
export async function importAuthority(given: PkiOperation<"import">): Promise<void> {
  const foreign = await foreignAuthority(given);
  const { authority: opened, entries, revoked } = await importStateAuthority(
    stateOf(given),
    foreign,
    { passphrase: passphraseSource(given.passphraseFile) },
  );
  using authority = opened;
  print(
    `Imported the certification authority "${formatName(authority.certificate.subject)}" into ` +
      `${authority.directory}: ${entries} certificates, ${revoked} revoked.`,
  );
  if (foreign.tlsAuthKey !== undefined) print("Took its ta.key over, so that its clients go on.");
  print(
    "",
    "From now on use vpn pki for it: what the other program revokes or issues is not known here.",
    "Next: vpn pki list, or vpn serve.",
  );
}

async function foreignAuthority(given: PkiOperation<"import">): Promise<ForeignAuthority> {
  const { directory, caCertificate, caKey, crl } = given;
  if (directory !== undefined) {
    if (caCertificate !== undefined || caKey !== undefined || crl !== undefined) {
      throw new VpnError("either a directory is imported or single files", "leave one of them out");
    }
    return await readEasyrsaDirectory(directory, Date.now());
  }
  if (caCertificate === undefined || caKey === undefined) {
    throw new VpnError(
      "there is nothing to import",
      "name easy-rsa's directory, or give --ca-cert FILE and --ca-key FILE",
    );
  }
  return {
    certificateFile: caCertificate,
    keyFile: caKey,
    revocationListFile: crl ?? "",
    certificate: await readImportFile(caCertificate),
    key: await readImportFile(caKey),
    revocationList: crl === undefined ? undefined : await readImportFile(crl),
    entries: [],
    revoked: new Map(),
    tlsAuthKey: undefined,
  };
}
