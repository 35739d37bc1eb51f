/**
 * Whom we trust, from a configuration: our own check of a peer's certificates, with the revocation
 * list read again whenever its file changes (`crl-verify`).
 *
 * @module
 */

import { VpnError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { TlsOptions } from "../config/config.ts";
import {
  type Certificate,
  parseCertificates,
  parseRevocationLists,
  type PeerPolicy,
  type RevocationList,
  type VerifiedPeer,
  verifyPeerCertificate,
} from "../pki/mod.ts";

/** Where the revocation lists come from. */
export type RevocationSource =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "file"; readonly path: string };

/** See the module's page. */
export class PeerTrust {
  readonly #authorities: readonly Certificate[];
  #revocationLists: readonly RevocationList[] | undefined;
  #revocationFileStamp = "";

  /**
   * @param authorities `ca`, PEM.
   * @throws {VpnError} when the authorities or the revocation lists cannot be read.
   */
  constructor(
    readonly purpose: "server" | "client",
    authorities: string | undefined,
    readonly tls: TlsOptions,
    readonly revocation: RevocationSource | undefined,
    readonly log: Log,
  ) {
    this.#authorities = authorities === undefined ? [] : parseCertificates(authorities);
    if (revocation?.kind === "text") {
      this.#revocationLists = parseRevocationLists(revocation.text);
    } else if (revocation?.kind === "file") {
      this.#readRevocationFile(revocation.path);
    }
  }

  /**
   * @param chain The peer's certificates, DER, its own first.
   * @throws {CertificateError} with the reason why not.
   */
  verify(chain: readonly Uint8Array[]): Promise<VerifiedPeer> {
    if (this.revocation?.kind === "file") this.#refreshRevocationFile(this.revocation.path);
    return verifyPeerCertificate(chain, this.#policy());
  }

  #policy(): PeerPolicy {
    const { tls } = this;
    return {
      authorities: this.#authorities,
      revocationLists: this.#revocationLists,
      purpose: this.purpose,
      now: Date.now(),
      remoteCertKu: tls.remoteCertKu === "present" ? [] : tls.remoteCertKu,
      remoteCertEku: tls.remoteCertEku,
      verifyX509Name: tls.verifyX509Name &&
        { value: tls.verifyX509Name.name, kind: tls.verifyX509Name.type },
      peerFingerprints: tls.peerFingerprints.length > 0 ? tls.peerFingerprints : undefined,
    };
  }

  #readRevocationFile(path: string): void {
    try {
      // The stamp first: a change between the two reads is then seen at the next check.
      const stamp = fileStamp(path);
      this.#revocationLists = parseRevocationLists(Deno.readFileSync(path));
      this.#revocationFileStamp = stamp;
    } catch (cause) {
      if (cause instanceof VpnError) throw cause;
      throw new VpnError(
        `the revocation list ${path} cannot be read`,
        "check crl-verify and the file's permissions",
        { cause },
      );
    }
  }

  /** As OpenVPN: what cannot be read leaves the lists as they are, and is said. */
  #refreshRevocationFile(path: string): void {
    try {
      if (fileStamp(path) === this.#revocationFileStamp) return;
      this.#readRevocationFile(path);
      this.log.at(3, `CRL: loaded the revocation list ${path} again`);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.log.warn(
        `the revocation list ${path} changed but cannot be used, the former stays: ${reason}`,
      );
    }
  }
}

/** Changes when the file is written or replaced. */
function fileStamp(path: string): string {
  const { mtime, size, ino } = Deno.statSync(path);
  return `${mtime?.getTime()} ${size} ${ino}`;
}
