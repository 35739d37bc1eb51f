/**
 * An authority's revocation list: made from the index, published as `crl.pem`.
 *
 * The index decides. The file follows it, so a command that was killed between the two is made
 * good by the next one. A list that another program of the same authority has put there is taken
 * over, what it revokes included.
 *
 * @module
 */

import { readFileIfThere, writeFileAtomically } from "../base/atomic_file.ts";
import { sameBytes } from "../base/bytes.ts";
import { errorLine, VpnError } from "../base/errors.ts";
import { traced } from "../base/tracing.ts";
import type { AuthorityKey } from "./authority_key.ts";
import type { Certificate } from "./certificate.ts";
import type { CertificateIndex, RevocationState } from "./certificate_index.ts";
import {
  parseRevocationList,
  parseRevocationLists,
  type Revocation,
  type RevocationList,
  revocationListPem,
  verifyRevocationList,
} from "./crl.ts";
import { lockDirectory } from "./directory_access.ts";
import { CertificateError } from "./errors.ts";
import { PUBLIC, type StateFiles } from "./state_files.ts";

const DAY = 86_400_000;
/** A list with less left is issued again, in milliseconds. */
const RENEW_LIST = 90 * DAY;

const nothing: ReadonlyMap<string, Revocation> = new Map();

/** See the module's page. */
export class AuthorityRevocations {
  constructor(
    readonly directory: string,
    readonly files: StateFiles,
    readonly certificate: Certificate,
    readonly index: CertificateIndex,
    readonly key: AuthorityKey,
  ) {}

  /** The newest list; undefined before the first. */
  async current(): Promise<RevocationList | undefined> {
    const list = await this.index.revocationList();
    return list && parseRevocationList(list);
  }

  /**
   * Revokes, and publishes the list that says so.
   *
   * @param revoked What is added; empty to have the same list with new dates.
   */
  async issue(
    revoked: ReadonlyMap<string, Revocation>,
    validity: { readonly now: number; readonly days?: number },
  ): Promise<RevocationList> {
    const about = { "vpn.revoked": revoked.size };
    return await traced(
      "vpn.authority.revocation_list",
      about,
      () => this.#issue(revoked, validity),
    );
  }

  async #issue(
    revoked: ReadonlyMap<string, Revocation>,
    { now, days }: { readonly now: number; readonly days?: number },
  ): Promise<RevocationList> {
    const signer = await this.key.signer();
    const { issueRevocationList } = await import("./crl_writer.ts");
    for (;;) {
      const former = await this.index.revocations();
      const foreign = await this.#foreign(former);
      const added = new Map([...foreign?.revoked ?? nothing, ...revoked]);
      // What was revoked before stays as it was.
      for (const serial of former.revoked.keys()) added.delete(serial);
      const foreignNumber = BigInt(`0x${foreign?.number ?? "0"}`);
      const number = (foreignNumber > former.number ? foreignNumber : former.number) + 1n;
      const list = await issueRevocationList(signer, {
        revoked: new Map([...former.revoked, ...added]),
        number,
        now,
        days,
      });
      // Somebody else may have revoked meanwhile: then from the beginning.
      if (await this.index.revoke(added, list.raw, number, former.number)) {
        await this.#publishConfirmed();
        return list;
      }
    }
  }

  /**
   * Makes `crl.pem` what the index says, and issues the list again when it is due.
   *
   * @returns A line for the log when something was done or should be.
   * @throws {VpnError} naming the file and the remedy.
   */
  async maintain(now: number): Promise<string[]> {
    const { revocationList: file, caKey } = this.files;
    const state = await this.index.revocations();
    if (state.list === undefined) {
      await this.issue(nothing, { now });
      return [];
    }
    if (await this.#foreign(state) !== undefined) {
      await this.issue(nothing, { now });
      return [`${file} was changed by another program: taken over and issued again`];
    }
    const { nextUpdate = Infinity } = parseRevocationList(state.list);
    if (nextUpdate - now > RENEW_LIST) {
      return await this.publish() ? [`${file} was not the newest list: published again`] : [];
    }
    const end = new Date(nextUpdate).toISOString().slice(0, 10);
    if (await this.key.usable()) {
      await this.issue(nothing, { now });
      return [`${file} would have ended on ${end}: issued again`];
    }
    await this.publish();
    return [
      `WARNING: ${file} ends on ${end}, then no client can connect: ` +
      `bring ${caKey} or its passphrase, and restart`,
    ];
  }

  /** What is revoked stays so if the file can't be written: whoever asked has to know that. */
  async #publishConfirmed(): Promise<void> {
    try {
      await this.publish();
    } catch (cause) {
      throw new VpnError(
        `the index has the new revocation list, but ${errorLine(cause)}`,
        "then run vpn pki crl",
        { cause },
      );
    }
  }

  /** Writes the index's newest list to `crl.pem`; whether that was necessary. */
  async publish(): Promise<boolean> {
    // Two commands at once: the one that comes second here must not write the older list.
    using _lock = await lockDirectory(this.directory, ".crl.lock");
    const list = await this.index.revocationList();
    if (list === undefined) return false;
    const text = revocationListPem({ raw: list });
    if (await readFileIfThere(this.files.revocationList) === text) return false;
    await writeFileAtomically(this.files.revocationList, text, PUBLIC);
    return true;
  }

  /**
   * The list in `crl.pem`, where it is this authority's and knows more than the index.
   *
   * @throws {CertificateError} naming the file when it is damaged or another authority's.
   */
  async #foreign(state: RevocationState): Promise<RevocationList | undefined> {
    const file = this.files.revocationList;
    const text = await readFileIfThere(file);
    if (text === undefined) return undefined;
    try {
      const [list] = parseRevocationLists(text);
      if (state.list !== undefined && sameBytes(list.raw, state.list)) return undefined;
      await verifyRevocationList(list, this.certificate);
      const newer = BigInt(`0x${list.number ?? "0"}`) > state.number;
      const more = [...list.revoked.keys()].some((serial) => !state.revoked.has(serial));
      return newer || more ? list : undefined;
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      throw new CertificateError(
        error.reason,
        `${file}: ${error.message}`,
        "delete it: the index has the right one, and vpn pki crl writes it again",
        { cause: error },
      );
    }
  }
}
