/**
 * Our own certificate and key, and the authorities, wherever the configuration has them: in files
 * of their own, in a PKCS#12 file, under a passphrase, in a directory.
 *
 * @module
 */

import { join } from "node:path";
import { errorLine, VpnError } from "../base/errors.ts";
import type { FileReference, LoadedFiles, TlsOptions } from "../config/mod.ts";
import { isEncryptedKey, privateKeyBlock } from "../pki/mod.ts";
import { PassphraseError } from "../pki/password_encryption.ts";

/** Asks for the passphrase of the private key. */
export type Passphrase = () => Promise<string>;

/** All as PEM. */
export interface Identity {
  /** Empty when there are none. */
  readonly authorities: string;
  /** With those to send along behind it. */
  readonly certificate?: string;
  /** Without a passphrase. */
  readonly key?: string;
}

/**
 * Reads what the configuration names.
 *
 * @throws {VpnError} when something can't be read, or a passphrase is wrong.
 */
export async function loadIdentity(
  tls: TlsOptions,
  files: LoadedFiles,
  passphrase: Passphrase,
): Promise<Identity> {
  const ask = () => passphraseOf(tls, files, passphrase);
  const authorities = [tls.ca && files.text(tls.ca), tls.caPath && authoritiesIn(tls.caPath)]
    .filter((text) => text !== undefined && text !== "").join("\n");
  const extra = tls.extraCerts && files.text(tls.extraCerts);
  if (tls.pkcs12 !== undefined) {
    const { readPkcs12 } = await import("../pki/pkcs12_reader.ts");
    const file = pkcs12Bytes(tls.pkcs12, files);
    const contents = await withPassphrase((text) => readPkcs12(file, text), ask);
    // As OpenVPN: authorities in the file are trusted where there is no `ca`, else sent along.
    const trusted = authorities === "";
    return {
      authorities: trusted ? contents.others : authorities,
      certificate: joined(contents.certificate, trusted ? undefined : contents.others, extra),
      key: contents.privateKey,
    };
  }
  const certificate = tls.cert && files.text(tls.cert);
  return {
    authorities,
    ...(certificate !== undefined && { certificate: joined(certificate, extra) }),
    ...(tls.key !== undefined && { key: await plainKey(files.text(tls.key), ask) }),
  };
}

async function plainKey(pem: string, ask: Passphrase): Promise<string> {
  if (!isEncryptedKey(pem)) return privateKeyBlock(pem);
  const { withoutPassphrase } = await import("../pki/private_key.ts");
  return withoutPassphrase(pem, await ask());
}

/** Many files have no passphrase at all, and nobody is to be asked for it. */
async function withPassphrase<T>(read: (passphrase: string) => T, ask: Passphrase): Promise<T> {
  try {
    return read("");
  } catch (error) {
    if (!(error instanceof PassphraseError)) throw error;
  }
  return read(await ask());
}

async function passphraseOf(
  { askpass }: TlsOptions,
  files: LoadedFiles,
  passphrase: Passphrase,
): Promise<string> {
  if (askpass === undefined || askpass.source === "prompt") return await passphrase();
  const [line = ""] = files.text(askpass).split("\n");
  return line.replace(/\r$/, "");
}

function pkcs12Bytes(reference: FileReference, files: LoadedFiles): Uint8Array {
  if (reference.source === "file") return files.bytes(reference);
  try {
    return Uint8Array.fromBase64(reference.text);
  } catch {
    throw new VpnError("<pkcs12> is not base64", "encode the file, as with the program base64");
  }
}

/** What a directory holds that is PEM; other files, such as links to nowhere, mean nothing. */
function authoritiesIn(directory: string): string {
  try {
    const found: string[] = [];
    for (const { name } of Deno.readDirSync(directory)) {
      const path = join(directory, name);
      if (!Deno.statSync(path).isFile) continue;
      const text = Deno.readTextFileSync(path);
      if (text.includes("-----BEGIN CERTIFICATE-----")) found.push(text);
    }
    if (found.length === 0) throw new Error("there is no certificate in it");
    return found.join("\n");
  } catch (cause) {
    throw new VpnError(
      `the directory ${directory} of capath can't be used (${errorLine(cause)})`,
      "put certificates into it, in PEM",
      { cause },
    );
  }
}

function joined(...texts: readonly (string | undefined)[]): string {
  return texts.filter((text) => text !== undefined && text !== "").join("\n");
}
