/**
 * The authority's private key, `ca.key`: read when something is to be signed, and not before.
 *
 * @module
 */

import { readFileIfThere } from "../base/atomic_file.ts";
import { VpnError } from "../base/errors.ts";
import type { Certificate } from "./certificate.ts";
import { CertificateError } from "./errors.ts";
import type { SigningAuthority } from "./issue.ts";
import { checkKeyPair, importKeyPair, isEncryptedKey } from "./keys.ts";

/** Gives the passphrase of `ca.key`; called at most once, and only when it has one. */
export type PassphraseSource = () => string | Promise<string>;

/** See the module's page. */
export class AuthorityKey {
  #signer: Promise<SigningAuthority> | undefined;

  /** @param path Of `ca.key`. */
  constructor(
    readonly path: string,
    readonly certificate: Certificate,
    readonly passphrase: PassphraseSource | undefined,
  ) {}

  /**
   * The authority, ready to sign.
   *
   * @throws {VpnError} naming the file: it is missing, another's, or its passphrase is.
   */
  signer(): Promise<SigningAuthority> {
    if (this.#signer === undefined) {
      this.#signer = this.#open();
      // What failed may be mended: the file comes back, the next passphrase is right.
      this.#signer.catch(() => this.#signer = undefined);
    }
    return this.#signer;
  }

  /** Whether it is here, with its passphrase where it has one. */
  async usable(): Promise<boolean> {
    const pem = await readFileIfThere(this.path);
    return pem !== undefined && (!isEncryptedKey(pem) || this.passphrase !== undefined);
  }

  async #open(): Promise<SigningAuthority> {
    const pem = await readFileIfThere(this.path);
    if (pem === undefined) {
      throw new VpnError(
        `${this.path} is missing`,
        "bring the authority's key back: signing needs it",
      );
    }
    return await openSigner(this.path, pem, this.certificate, this.passphrase);
  }
}

/**
 * An authority with its key, ready to sign.
 *
 * @param path Of the key, for messages.
 * @throws {VpnError} naming the file: it is another authority's, or its passphrase is missing.
 */
export async function openSigner(
  path: string,
  pem: string,
  certificate: Certificate,
  passphrase: PassphraseSource | undefined,
): Promise<SigningAuthority> {
  let given: string | undefined;
  if (isEncryptedKey(pem)) {
    if (passphrase === undefined) {
      throw new VpnError(
        `${path} is encrypted`,
        "give a file with its passphrase: --passphrase-file, or --ca-passphrase-file of vpn serve",
      );
    }
    given = await passphrase();
  }
  try {
    checkKeyPair(certificate, pem, given);
    const { privateKey: key } = await importKeyPair(pem, given);
    return { certificate, key };
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    const [what, remedy] =
      error.reason === "malformed" && given !== undefined && !/not supported/.test(error.message)
        ? ["the passphrase is wrong, or the key is damaged", "try again, or restore it"]
        : [error.message, error.remedy];
    throw new CertificateError(error.reason, `${path}: ${what}`, remedy, { cause: error });
  }
}
