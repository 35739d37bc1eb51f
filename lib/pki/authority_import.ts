/**
 * Going on with an authority that another program made.
 *
 * @module
 */

import { resolve } from "node:path";
import { readFileIfThere, writeFileAtomically } from "../base/atomic_file.ts";
import { Authority, type AuthorityOptions } from "./authority.ts";
import { readAuthorityCertificate } from "./authority_entries.ts";
import { openSigner } from "./authority_key.ts";
import { refusePresentAuthority } from "./authority_maker.ts";
import { VpnError } from "../base/errors.ts";
import { type Certificate, certificatePem, parseCertificate } from "./certificate.ts";
import type { NewEntry } from "./certificate_index.ts";
import {
  parseRevocationLists,
  type Revocation,
  type RevocationList,
  verifyRevocationList,
} from "./crl.ts";
import { lockDirectory, prepareDirectory } from "./directory_access.ts";
import { CertificateError } from "./errors.ts";
import { sameName } from "./distinguished_name.ts";
import { verifySignature } from "./signature.ts";
import { SqliteIndex } from "./sqlite_index.ts";
import { PUBLIC, SECRET, stateFiles } from "./state_files.ts";

/** An authority as it is found. */
export interface ForeignAuthority {
  /** Where its certificate is, for messages. */
  readonly certificateFile: string;
  /** Where its key is. */
  readonly keyFile: string;
  /** Where its revocation list is, or would be. */
  readonly revocationListFile: string;
  /** Its certificate, PEM. */
  readonly certificate: string;
  /** Its private key, PEM; it stays encrypted if it is. */
  readonly key: string;
  /** Its newest revocation list, PEM. */
  readonly revocationList: string | undefined;
  /** What it issued, as far as it is known. */
  readonly entries: readonly NewEntry[];
  /** What is revoked besides what the list says. */
  readonly revoked: ReadonlyMap<string, Revocation>;
  /** The tls-auth key of its servers and clients. */
  readonly tlsAuthKey: string | undefined;
}

/** What was imported. */
export interface ImportedAuthority {
  /** The authority, open. */
  readonly authority: Authority;
  /** Certificates that it issued. */
  readonly entries: number;
  /** Those revoked. */
  readonly revoked: number;
}

/**
 * Makes a state directory of an authority.
 *
 * @throws {VpnError} naming the file: it is damaged, or another authority's.
 */
export async function importStateAuthority(
  path: string,
  foreign: ForeignAuthority,
  options: AuthorityOptions = {},
): Promise<ImportedAuthority> {
  const certificate = readAuthorityCertificate(foreign.certificate, foreign.certificateFile);
  // Also says that the key belongs to the certificate.
  await openSigner(foreign.keyFile, foreign.key, certificate, options.passphrase);
  const list = await readForeignList(foreign, certificate);
  const entries: NewEntry[] = [];
  for (const entry of foreign.entries) {
    if (await isIssuedBy(entry, certificate)) entries.push(entry);
  }
  const directory = resolve(path);
  await prepareDirectory(directory, true);
  const files = stateFiles(directory);
  {
    using _lock = await lockDirectory(directory, ".lock");
    refusePresentAuthority(directory, files);
    await writeFileAtomically(files.caKey, foreign.key, SECRET);
    await writeFileAtomically(files.caCertificate, certificatePem(certificate), PUBLIC);
    if (foreign.tlsAuthKey !== undefined && await readFileIfThere(files.tlsAuthKey) === undefined) {
      await writeFileAtomically(files.tlsAuthKey, foreign.tlsAuthKey, SECRET);
    }
    using index = SqliteIndex.open(files.index);
    await index.setAuthority(certificate.raw, entries, {
      revoked: new Map([...foreign.revoked, ...list?.revoked ?? []]),
      number: BigInt(`0x${list?.number ?? "0"}`),
      list: list?.raw,
    });
  }
  const authority = await Authority.open(directory, options);
  const { revoked } = await authority.issueRevocationList();
  return { authority, entries: entries.length, revoked: revoked.size };
}

async function readForeignList(
  { revocationList, revocationListFile: file }: ForeignAuthority,
  authority: Certificate,
): Promise<RevocationList | undefined> {
  if (revocationList === undefined) return undefined;
  try {
    const [list] = parseRevocationLists(revocationList);
    await verifyRevocationList(list, authority);
    return list;
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    throw new CertificateError(
      error.reason,
      `${file}: ${error.message}`,
      "give the newest list of this authority",
      { cause: error },
    );
  }
}

/** Whether the authority signed it: a directory may hold more than one authority's. */
async function isIssuedBy(entry: NewEntry, authority: Certificate): Promise<boolean> {
  const certificate = parseCertificate(entry.certificate);
  if (!sameName(certificate.issuer, authority.subject)) return false;
  try {
    await verifySignature(certificate, authority.publicKey, entry.name);
    return true;
  } catch (error) {
    // What was signed with SHA-1 long ago may still have to be revoked.
    if (error instanceof CertificateError) return error.reason === "weak-signature";
    throw error;
  }
}

/**
 * Reads a file that has to be there.
 *
 * @throws {VpnError} naming it.
 */
export async function readImportFile(path: string): Promise<string> {
  const text = await readFileIfThere(path);
  if (text === undefined) throw new VpnError(`${path} is missing`, "check the path");
  return text;
}
