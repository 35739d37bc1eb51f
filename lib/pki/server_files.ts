/**
 * `server.crt` and `server.key`: what the index has for the server, where its configuration wants
 * it.
 *
 * @module
 */

import { writeFileAtomically } from "../base/atomic_file.ts";
import { VpnError } from "../base/errors.ts";
import type { Authority } from "./authority.ts";
import { type Certificate, certificatePem } from "./certificate.ts";
import type { IndexEntry } from "./certificate_index.ts";
import { PUBLIC, SECRET } from "./state_files.ts";

/** The name of the certificate that a state directory's own server uses. */
export const SERVER_NAME = "server";

/** The server's newest certificate that is valid and has its key in the index. */
export async function newestServerEntry(authority: Authority): Promise<IndexEntry | undefined> {
  return (await authority.index.byName(SERVER_NAME)).findLast((entry) =>
    entry.purpose === "server" && entry.holdsKey && entry.revocation === undefined &&
    entry.notAfter >= authority.now
  );
}

/** Writes them. A write that is cut off between the two is made good by the next start. */
export async function writeServerFiles(
  authority: Authority,
  entry: IndexEntry,
): Promise<Certificate> {
  const certificate = await authority.certificateOf(entry);
  const key = await authority.privateKeyOf(entry);
  if (key === undefined) {
    throw new VpnError(
      `the index has no private key for the certificate of ${entry.name}`,
      "put it into server.key yourself, or issue the certificate anew",
    );
  }
  await writeFileAtomically(authority.files.serverKey, key, SECRET);
  await writeFileAtomically(authority.files.serverCertificate, certificatePem(certificate), PUBLIC);
  return certificate;
}
