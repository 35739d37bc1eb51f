/**
 * A listener's certificate in files that somebody else renews: read again when they change.
 *
 * @module
 */

import { readFile, stat } from "node:fs/promises";
import { errorLine, VpnError } from "../../base/errors.ts";
import type { FileReference, LoadedFiles } from "../../config/mod.ts";
import { parseCertificates } from "../../pki/certificate.ts";
import { checkKeyPair } from "../../pki/keys.ts";
import type { CertificateSource, ExpiringCertificate } from "./certificate_renewal.ts";
import type { ListenerCertificate } from "./http_listener.ts";

/** How often the files are looked at, ms. */
const interval = 5000;

/** See the module's page. */
export class CertificateFiles implements CertificateSource {
  readonly interval = interval;
  #stamp = "";
  #current: ExpiringCertificate;

  /**
   * @param chain Paths of the certificates, the listener's own first.
   * @param key Path of its key.
   * @param first What was read of them already.
   */
  constructor(
    readonly chain: readonly string[],
    readonly key: string,
    first: ListenerCertificate,
  ) {
    this.#current = { ...first, serial: "", renewAt: Infinity };
  }

  /** What was read last. */
  get current(): ExpiringCertificate {
    return this.#current;
  }

  /**
   * What the files hold now.
   *
   * @throws {VpnError} when they cannot be read, or are no certificate and its key.
   */
  async newest(): Promise<ExpiringCertificate> {
    try {
      // The stamp first: a change between the two reads is then seen at the next look.
      const stamp = (await Promise.all([...this.chain, this.key].map(stampOf))).join();
      if (stamp === this.#stamp) return this.#current;
      const texts = await Promise.all(this.chain.map((path) => readFile(path, "utf8")));
      const key = await readFile(this.key, "utf8");
      const certificate = texts.join("");
      // What the listener has taken needs no check of ours.
      const same = certificate === this.#current.certificate && key === this.#current.key;
      if (!same) this.#current = checked({ certificate, key });
      this.#stamp = stamp;
      return this.#current;
    } catch (cause) {
      throw new VpnError(
        `${this.chain[0]} and ${this.key} cannot be used: ${errorLine(cause)}`,
        "mend them, or start the server again",
        { cause },
      );
    }
  }
}

/** The files that options name, as they were read with the configuration. */
export function configuredCertificates(
  certificate: FileReference,
  key: FileReference,
  files: LoadedFiles,
): CertificateSource {
  const given = { certificate: files.text(certificate), key: files.text(key) };
  return new CertificateFiles([pathOf(certificate)], pathOf(key), given);
}

function pathOf(reference: FileReference): string {
  // These options take no inline block.
  if (reference.source !== "file") throw new TypeError("the certificate is in no file");
  return reference.path;
}

async function stampOf(path: string): Promise<string> {
  const { mtimeMs, size, ino } = await stat(path);
  return `${mtimeMs} ${size} ${ino}`;
}

/** A pair that is being replaced does not fit for a moment. */
function checked({ certificate, key }: ListenerCertificate): ExpiringCertificate {
  const [own] = parseCertificates(certificate);
  checkKeyPair(own, key);
  return { certificate, key, serial: own.serial, renewAt: Infinity };
}
