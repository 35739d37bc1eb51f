/**
 * Says in time that certificates of our own will end: nobody notices before nobody can connect.
 *
 * @module
 */

import type { Log } from "../base/log.ts";
import type { FileReference, LoadedFiles, TlsOptions } from "../config/mod.ts";
import { parseCertificates, parseRevocationLists } from "../pki/mod.ts";

const DAY = 86_400_000;
/** With less left it is said, ms. */
const SOON = 30 * DAY;
/** How often it is looked at, ms. */
const INTERVAL = DAY / 2;

/** See the module's page. */
export class CertificateEnds implements Disposable {
  readonly #timer: ReturnType<typeof setInterval>;

  /** @param now Milliseconds since 1970. */
  constructor(
    readonly tls: TlsOptions,
    readonly files: LoadedFiles,
    readonly log: Log,
    readonly now: () => number = Date.now,
  ) {
    this.look();
    this.#timer = setInterval(() => this.look(), INTERVAL);
  }

  /** Says what ends soon. */
  look(): void {
    const { ca, cert, crlVerify } = this.tls;
    const inCertificates = (text: string) => {
      const [{ notAfter }] = parseCertificates(text);
      return notAfter;
    };
    this.#say(ca, "the authority's certificate", inCertificates);
    this.#say(cert, "this server's certificate", inCertificates);
    this.#say(crlVerify, "the revocation list", (text) => {
      const ends = parseRevocationLists(text).map(({ nextUpdate = Infinity }) => nextUpdate);
      return Math.min(...ends);
    });
  }

  #say(
    reference: FileReference | undefined,
    what: string,
    endOf: (text: string) => number,
  ): void {
    if (reference === undefined) return;
    let end: number;
    try {
      end = endOf(this.#current(reference));
    } catch {
      return; // Whoever uses it says what is wrong with it.
    }
    const left = end - this.now();
    if (left >= SOON) return;
    const where = reference.source === "file" ? ` (${reference.path})` : "";
    const date = new Date(end).toISOString().slice(0, 10);
    this.log.warn(`${what}${where} ${left < 0 ? "ended" : "ends"} on ${date}: renew it in time`);
  }

  /** A revocation list is replaced while the server runs. */
  #current(reference: FileReference): string {
    if (reference === this.tls.crlVerify && reference.source === "file") {
      return Deno.readTextFileSync(reference.path);
    }
    return this.files.text(reference);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
