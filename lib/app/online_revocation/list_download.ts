/**
 * `crl-verify URL`: the revocation list from its authority, had again before it ends.
 *
 * @module
 */

import { errorLine } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { CertificateError, parseRevocationLists, type RevocationList } from "../../pki/mod.ts";
import { download } from "./download.ts";

/** Longest list that is taken, octets: some 300,000 revocations. */
const LIMIT = 16 << 20;
/** How long a list is used before a newer one is asked for, ms. */
const REFRESH = 3_600_000;

/** See the module's page. */
export class ListDownload {
  #lists: readonly RevocationList[] | undefined;
  #had = -Infinity;
  #pending: Promise<readonly RevocationList[]> | undefined;

  constructor(readonly url: string, readonly log: Log) {}

  /**
   * The lists as they are now. One that is in date is used when there is no newer one.
   *
   * @throws {CertificateError} `crl-missing` when there is none.
   */
  async current(): Promise<readonly RevocationList[]> {
    if (this.#lists !== undefined && Date.now() - this.#had < REFRESH && this.#inDate()) {
      return this.#lists;
    }
    this.#pending ??= this.#download().finally(() => this.#pending = undefined);
    return await this.#pending;
  }

  #inDate(): boolean {
    return this.#lists?.every(({ nextUpdate = Infinity }) => nextUpdate > Date.now()) ?? false;
  }

  async #download(): Promise<readonly RevocationList[]> {
    try {
      this.#lists = parseRevocationLists(await download(this.url, LIMIT));
      this.#had = Date.now();
      this.log.at(3, `CRL: loaded the revocation list from ${this.url}`);
      return this.#lists;
    } catch (cause) {
      if (this.#lists !== undefined && this.#inDate()) {
        this.log.warn(`the revocation list is not renewed, the former stays: ${errorLine(cause)}`);
        return this.#lists;
      }
      throw new CertificateError(
        "crl-missing",
        `there is no revocation list: ${errorLine(cause)}`,
        "without it nobody can be checked",
        { cause },
      );
    }
  }
}
