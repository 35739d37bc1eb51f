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

/** A certificate or list that ends. */
export interface CertificateEnd {
  readonly kind: "authority" | "server" | "crl";
  /** In words. */
  readonly name: string;
  /** ms since 1970. */
  readonly ends: number;
  /** Where it is kept, unless it stands in the configuration. */
  readonly path?: string;
}

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
    for (const { name, ends, path } of this.ends()) {
      const left = ends - this.now();
      if (left >= SOON) continue;
      const where = path === undefined ? "" : ` (${path})`;
      const date = new Date(ends).toISOString().slice(0, 10);
      this.log.warn(`${name}${where} ${left < 0 ? "ended" : "ends"} on ${date}: renew it in time`);
    }
  }

  /** What ends, and when. */
  ends(): CertificateEnd[] {
    const { ca, cert, crlVerify } = this.tls;
    const inCertificates = (text: string) => {
      const [{ notAfter }] = parseCertificates(text);
      return notAfter;
    };
    return [
      ...this.#end("authority", "the authority's certificate", ca, inCertificates),
      ...this.#end("server", "this server's certificate", cert, inCertificates),
      ...this.#end("crl", "the revocation list", crlVerify, (text) => {
        const ends = parseRevocationLists(text).map(({ nextUpdate = Infinity }) => nextUpdate);
        return Math.min(...ends);
      }),
    ];
  }

  #end(
    kind: CertificateEnd["kind"],
    name: string,
    reference: FileReference | undefined,
    endOf: (text: string) => number,
  ): CertificateEnd[] {
    if (reference === undefined) return [];
    try {
      const ends = endOf(this.#current(reference));
      if (!Number.isFinite(ends)) return [];
      const path = reference.source === "file" ? reference.path : undefined;
      return [{ kind, name, ends, path }];
    } catch {
      return []; // Whoever uses it says what is wrong with it.
    }
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
