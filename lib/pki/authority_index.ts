/**
 * Opens the index of an authority, and fills one that was just made with what the state directory
 * shows to have been issued and revoked before.
 *
 * @module
 */

import { join } from "node:path";
import { readFileIfThere } from "../base/atomic_file.ts";
import { sameBytes } from "../base/bytes.ts";
import { VpnError } from "../base/errors.ts";
import { newEntry } from "./authority_entries.ts";
import { type Certificate, parseCertificates } from "./certificate.ts";
import type { CertificateIndex, NewEntry, RevocationState } from "./certificate_index.ts";
import { parseRevocationLists, verifyRevocationList } from "./crl.ts";
import { formatName, sameName } from "./distinguished_name.ts";
import { fileExists } from "./directory_access.ts";
import { CertificateError } from "./errors.ts";
import { checkKeyPair } from "./keys.ts";
import { verifySignature } from "./signature.ts";
import { SqliteIndex } from "./sqlite_index.ts";
import type { StateFiles } from "./state_files.ts";
import type { Purpose } from "./usage.ts";

/**
 * Opens the index, made from the other files where it is not there.
 *
 * @param authority From `ca.crt`.
 * @param now Milliseconds since 1970.
 * @returns `adopted`: how many certificates were found, where the index had to be made for an
 * authority that has issued before; otherwise undefined.
 * @throws {VpnError} naming the file and the remedy.
 */
export async function openIndex(
  files: StateFiles,
  authority: Certificate,
  now: number,
): Promise<{ index: CertificateIndex; adopted: number | undefined }> {
  const index = SqliteIndex.open(files.index);
  try {
    let stored = await index.authority();
    let adopted: number | undefined;
    if (stored === undefined) {
      const entries = await existingCertificates(files, authority, now);
      const revocations = await existingRevocations(files, authority);
      await index.setAuthority(authority.raw, entries, revocations);
      if (revocations.list !== undefined || entries.length > 0) adopted = entries.length;
      stored = await index.authority();
    }
    if (stored === undefined || !sameBytes(stored, authority.raw)) {
      throw new VpnError(
        `${files.index} is the index of another authority than ` +
          `"${formatName(authority.subject)}" in ${files.caCertificate}`,
        "restore both from one backup",
      );
    }
    return { index, adopted };
  } catch (error) {
    index[Symbol.dispose]();
    throw error;
  }
}

/** Certificates that lie in the directory under the names that a first start gives them. */
async function existingCertificates(
  files: StateFiles,
  authority: Certificate,
  now: number,
): Promise<NewEntry[]> {
  const { serverCertificate, serverKey } = files;
  const directory = join(serverCertificate, "..");
  const pairs: [Purpose, string, string][] = [
    ["server", serverCertificate, serverKey],
    // Where a first start put the first client's before there was an index.
    ["client", join(directory, "client.crt"), join(directory, "client.key")],
  ];
  const entries: NewEntry[] = [];
  for (const [purpose, certificateFile, keyFile] of pairs) {
    const text = await readFileIfThere(certificateFile);
    if (text === undefined) continue;
    try {
      const [certificate] = parseCertificates(text);
      if (!sameName(certificate.issuer, authority.subject)) continue;
      await verifySignature(certificate, authority.publicKey, certificateFile);
      const key = await readFileIfThere(keyFile);
      if (key !== undefined) checkKeyPair(certificate, key);
      entries.push(newEntry(certificate, purpose, now, key));
    } catch (error) {
      // Whoever uses the file says what is wrong with it.
      if (!(error instanceof CertificateError)) throw error;
    }
  }
  return entries;
}

/** What `crl.pem` says. */
async function existingRevocations(
  files: StateFiles,
  authority: Certificate,
): Promise<RevocationState> {
  const file = files.revocationList;
  const text = await readFileIfThere(file);
  if (text === undefined && fileExists(files.serverConfiguration)) {
    // A list made anew would let the revoked ones in again.
    throw new VpnError(
      `${file} is missing, and so is the index ${files.index}`,
      "restore one of them from a backup of the state directory",
    );
  }
  if (text === undefined) return { revoked: new Map(), number: 0n, list: undefined };
  try {
    const [list] = parseRevocationLists(text);
    await verifyRevocationList(list, authority);
    const number = BigInt(`0x${list.number ?? "0"}`);
    return { revoked: list.revoked, number, list: list.raw };
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    throw new CertificateError(
      error.reason,
      `${file}: ${error.message}`,
      "restore it from a backup of the state directory",
      { cause: error },
    );
  }
}
