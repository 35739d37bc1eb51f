/**
 * Ends the sessions of certificates that are revoked while they last.
 *
 * @module
 */

import { errorLine } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { CertificateError } from "../../pki/errors.ts";
import type { PeerTrust } from "../peer_trust.ts";
import type { ServerClient } from "./server_client.ts";

/** How often the revocation list's file is looked at, ms. */
const interval = 500;

/** See the module's page. */
export class RevocationWatch implements Disposable {
  readonly #timer: ReturnType<typeof setInterval> | undefined;

  /**
   * Watches the list that `trust` has, where it has one in a file or directory.
   *
   * @param clients All clients of the server at a moment.
   */
  constructor(
    readonly trust: PeerTrust,
    readonly clients: () => Iterable<ServerClient>,
    readonly log: Log,
  ) {
    const kind = trust.revocation?.kind;
    if (kind !== "file" && kind !== "directory") return;
    this.#timer = setInterval(() => void this.#look(), interval);
  }

  async #look(): Promise<void> {
    if (!this.trust.refresh()) return;
    for (const client of [...this.clients()]) await this.#check(client);
  }

  async #check(client: ServerClient): Promise<void> {
    const { certificate } = client;
    if (certificate === undefined) return;
    try {
      await this.trust.checkRevocation(certificate);
    } catch (error) {
      // A list that is not good any more keeps new sessions out; it revokes nobody.
      if (!(error instanceof CertificateError) || error.reason !== "revoked") return;
      this.log.error(`${client.commonName}/${client.endpoint} VERIFY ERROR: ${errorLine(error)}`);
      client.dismiss("certificate revoked");
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
