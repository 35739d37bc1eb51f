/**
 * A client's certificate over the negotiations of its session: checked in each, and the same in all.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { VerifiedPeer } from "../../pki/mod.ts";
import type { PeerTrust } from "../peer_trust.ts";

/** See the module's page. */
export class ClientCertificate {
  readonly #trust: PeerTrust;
  readonly #mayBeAbsent: boolean;
  #verified: VerifiedPeer | undefined;
  #seen = false;

  /** @param mayBeAbsent Whether a client may be without (`verify-client-cert`). */
  constructor(trust: PeerTrust, mayBeAbsent: boolean) {
    this.#trust = trust;
    this.#mayBeAbsent = mayBeAbsent;
  }

  /** The certificate; undefined where there is none, or not yet. */
  get verified(): VerifiedPeer | undefined {
    return this.#verified;
  }

  /**
   * Takes the certificates of a negotiation.
   *
   * @param chain DER, the client's own first; empty where it has shown none.
   * @param source Where the client comes from: raw sockaddr.
   * @throws {VpnError} with the reason why not.
   */
  async verify(chain: readonly Uint8Array[], source: Uint8Array, log: Log): Promise<void> {
    const absent = chain.length === 0 && this.#mayBeAbsent;
    const peer = absent ? undefined : await this.#trust.verify(chain, source);
    for (const warning of peer?.warnings ?? []) log.warn(warning);
    const former = this.#verified?.commonName;
    if (this.#seen && peer?.commonName !== former) {
      throw new VpnError(
        `TLS Auth Error: the common name changed from ${former ?? "none"} to ${
          peer?.commonName ?? "none"
        }`,
      );
    }
    log.at(1, peer === undefined ? "no client certificate" : `VERIFY OK: ${peer.subject}`);
    this.#verified = peer;
    this.#seen = true;
  }
}
