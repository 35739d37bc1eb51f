/**
 * A new authority: `ca.key`, then `ca.crt`, then its index.
 *
 * @module
 */

import { resolve } from "node:path";
import { readFileIfThere, writeFileAtomically } from "../base/atomic_file.ts";
import { randomBytes } from "../base/bytes.ts";
import { VpnError } from "../base/errors.ts";
import { Authority, type AuthorityOptions } from "./authority.ts";
import { type Certificate, certificatePem } from "./certificate.ts";
import { hexadecimal } from "./der.ts";
import { fileExists, lockDirectory, prepareDirectory } from "./directory_access.ts";
import { CertificateError } from "./errors.ts";
import { generateKeyPair, importKeyPair, type KeyType, privateKeyPem } from "./keys.ts";
import { PUBLIC, SECRET, type StateFiles, stateFiles } from "./state_files.ts";

/** What a new authority is to be. */
export interface NewAuthority {
  /** Its common name. Default: `VPN CA` and some random digits. */
  readonly commonName?: string;
  /** The kind of its key. Default `rsa:3072`: it has to last ten years. */
  readonly keyType?: KeyType;
  /** Life in days. Default ten years. */
  readonly days?: number;
  /** Encrypts `ca.key`; absent: it lies there unencrypted. */
  readonly passphrase?: string;
}

/**
 * Makes an authority in a state directory that has none.
 *
 * @throws {VpnError} when it has one.
 */
export async function createStateAuthority(
  path: string,
  request: NewAuthority,
  options: AuthorityOptions = {},
): Promise<Authority> {
  const directory = resolve(path);
  await prepareDirectory(directory, true);
  const files = stateFiles(directory);
  {
    using _lock = await lockDirectory(directory, ".lock");
    refusePresentAuthority(directory, files);
    await makeAuthority(files, {
      ...request,
      now: options.now?.() ?? Date.now(),
      keys: () => generateKeyPair(request.keyType ?? "rsa:3072"),
    });
  }
  const { passphrase = options.passphrase } = request;
  const authority = await Authority.open(directory, {
    ...options,
    passphrase: typeof passphrase === "string" ? () => passphrase : passphrase,
  });
  await authority.issueRevocationList();
  return authority;
}

/**
 * Keeps an authority from being overwritten.
 *
 * @throws {VpnError} when the directory has one.
 */
export function refusePresentAuthority(directory: string, files: StateFiles): void {
  const present = [files.caCertificate, files.index, files.serverConfiguration, files.caKey]
    .find(fileExists);
  if (present === undefined) return;
  if (present === files.caKey) {
    throw new VpnError(
      `${files.caKey} is there without ${files.caCertificate}`,
      "restore that, or remove the key if nothing was issued with it",
    );
  }
  throw new VpnError(
    `${directory} has a certification authority already (${present})`,
    "choose another directory with --state",
  );
}

/** Makes `ca.key`, unless a start that was cut off left one, and `ca.crt`. */
export async function makeAuthority(
  files: StateFiles,
  request: Omit<NewAuthority, "keyType"> & {
    readonly now: number;
    readonly keys: () => Promise<CryptoKeyPair>;
  },
): Promise<Certificate> {
  const { createAuthority } = await import("./issue.ts");
  const left = await readFileIfThere(files.caKey);
  let keys: CryptoKeyPair;
  if (left === undefined) {
    keys = await request.keys();
    const pem = request.passphrase === undefined
      ? await privateKeyPem(keys.privateKey)
      : await (await import("./encrypted_key.ts"))
        .encryptedPrivateKeyPem(keys.privateKey, request.passphrase);
    await writeFileAtomically(files.caKey, pem, SECRET);
  } else {
    try {
      keys = await importKeyPair(left, request.passphrase);
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      throw new CertificateError(
        error.reason,
        `${files.caKey}: ${error.message}`,
        "remove it: nothing was issued with it",
        { cause: error },
      );
    }
  }
  const { certificate } = await createAuthority({
    // A name of its own, so that two installations are never taken for each other.
    commonName: request.commonName ?? `VPN CA ${hexadecimal(randomBytes(4)).toLowerCase()}`,
    keys,
    now: request.now,
    days: request.days,
  });
  await writeFileAtomically(files.caCertificate, certificatePem(certificate), PUBLIC);
  return certificate;
}
