/**
 * `crl-verify URL`: the revocation list from its authority, had again before it ends.
 *
 * @module
 */

import { errorLine, VpnError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import {
  type Certificate,
  CertificateError,
  parseRevocationLists,
  type RevocationList,
  sameName,
  verifyRevocationList,
} from "../../pki/mod.ts";
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

  /**
   * @param authorities Whose lists are expected there.
   * @param now Milliseconds since 1970.
   */
  constructor(
    readonly url: string,
    readonly authorities: readonly Certificate[],
    readonly log: Log,
    readonly now: () => number = Date.now,
  ) {}

  /**
   * The lists as they are now. One that is in date is used when there is no newer one.
   *
   * @throws {CertificateError} `crl-missing` when there is none.
   */
  async current(): Promise<readonly RevocationList[]> {
    if (this.#lists !== undefined && this.now() - this.#had < REFRESH && this.#inDate()) {
      return this.#lists;
    }
    this.#pending ??= this.#download().finally(() => this.#pending = undefined);
    return await this.#pending;
  }

  #inDate(): boolean {
    return this.#lists?.every(({ nextUpdate = Infinity }) => nextUpdate > this.now()) ?? false;
  }

  /** Nobody on the way may put another list, or an older one, in the place of the one that is here. */
  async #check(list: RevocationList): Promise<void> {
    const authority = this.authorities.find(({ subject }) => sameName(subject, list.issuer));
    // An intermediate's, which is looked at when its certificates are.
    if (authority === undefined) return;
    await verifyRevocationList(list, authority);
    const former = this.#lists?.find(({ issuer }) => sameName(issuer, list.issuer));
    if (numberOf(list) < numberOf(former)) throw new VpnError(`${this.url} has an older list`);
  }

  async #download(): Promise<readonly RevocationList[]> {
    try {
      const lists = parseRevocationLists(await download(this.url, LIMIT));
      for (const list of lists) await this.#check(list);
      this.#lists = lists;
      this.#had = this.now();
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

function numberOf(list: RevocationList | undefined): bigint {
  return BigInt(`0x${list?.number ?? "0"}`);
}
