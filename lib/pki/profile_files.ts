/**
 * The files that a client gets: its profile, and what it names.
 *
 * @module
 */

import { VpnError } from "../base/errors.ts";
import { clientProfile, type ClientProfileOptions, type ProfileFormat } from "./client_profile.ts";
import { isEncryptedKey } from "./keys.ts";

/** One file of a profile. */
export interface ProfileFile {
  /** Its name, without a directory. */
  readonly name: string;
  /** Its content. */
  readonly content: string | Uint8Array;
  /** Whether only its owner may read it. */
  readonly secret: boolean;
}

/** What files are made of. */
export interface ProfileFilesOptions extends ClientProfileOptions {
  /** Whom it is for: names the files. */
  readonly name: string;
  /** How keys and certificates come with it. */
  readonly format: ProfileFormat;
  /** Encrypts the PKCS#12 file. */
  readonly passphrase?: string;
}

/** A common name as the name of a file that needs no quotes anywhere. */
export function fileNameOf(name: string): string {
  return name.replace(/[^A-Za-z0-9._@-]/g, "_").replace(/^[.-]/, "_") || "_";
}

/**
 * Makes the files; the profile is the first.
 *
 * @throws {VpnError} when the format needs a key that is not here, or a passphrase.
 */
export async function profileFiles(options: ProfileFilesOptions): Promise<ProfileFile[]> {
  const base = fileNameOf(options.name).replace("@", "_");
  const { controlKey, key, format } = options;
  const profile = (content: string): ProfileFile => ({
    name: `${base}.ovpn`,
    content,
    secret: true,
  });
  if (format === "inline") {
    const elsewhere = key === undefined ? { key: `${base}.key` } : {};
    return [profile(clientProfile(options, elsewhere))];
  }
  const control = { "tls-auth": "ta.key", "tls-crypt": "tc.key", "tls-crypt-v2": `${base}-v2.key` };
  const controlFile: ProfileFile[] = controlKey === undefined
    ? []
    : [{ name: control[controlKey.kind], content: controlKey.text, secret: true }];
  if (format === "files") {
    return [
      profile(clientProfile(options, {
        ca: "ca.crt",
        cert: `${base}.crt`,
        key: `${base}.key`,
        controlKey: controlFile[0]?.name,
      })),
      { name: "ca.crt", content: options.ca, secret: false },
      { name: `${base}.crt`, content: options.cert, secret: false },
      ...key === undefined ? [] : [{ name: `${base}.key`, content: key, secret: true }],
      ...controlFile,
    ];
  }
  if (key === undefined) {
    throw new VpnError(
      `the private key of ${options.name} is not here, so it cannot go into a PKCS#12 file`,
      "export with --format inline or files",
    );
  }
  if (isEncryptedKey(key)) {
    throw new VpnError(
      `the private key of ${options.name} has a passphrase of its own`,
      "export with --format inline or files, where it keeps that",
    );
  }
  const { passphrase = "" } = options;
  if (passphrase === "") {
    throw new VpnError("a PKCS#12 file needs a passphrase", "give one with --p12-passphrase-file");
  }
  const { writePkcs12 } = await import("./pkcs12.ts");
  const content = await writePkcs12({
    certificate: options.cert,
    authorities: [options.ca],
    key,
    passphrase,
    friendlyName: options.name,
  });
  // OpenVPN Connect on iOS and apps on Android keep it in the system's store; the extension
  // .ovpn12 is how iOS knows whom to give it to.
  const inStore = options.system === "ios" || options.system === "android";
  const name = options.system === "ios" ? `${base}.ovpn12` : `${base}.p12`;
  return [
    profile(clientProfile(options, inStore ? { inStore } : { pkcs12: name })),
    { name, content, secret: true },
  ];
}
