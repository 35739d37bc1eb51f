/**
 * Whom we trust, from a configuration: our own check of a peer's certificates, with the revocation
 * list read again whenever its file changes (`crl-verify`).
 *
 * @module
 */

import { errorLine, VpnError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { VerifyProgram } from "./programs/verify_program.ts";
import type { TlsOptions } from "../config/config.ts";
import { ListDownload } from "./online_revocation/list_download.ts";
import { checkIssuerHash, checkRevocationDirectory, checkSuiteB } from "../pki/peer_conditions.ts";
import { checkRevocation } from "../pki/revocation.ts";
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
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "url"; readonly url: string }
  /** Files named after serial numbers. */
  | { readonly kind: "directory"; readonly path: string };

/** See the module's page. */
export class PeerTrust {
  readonly #authorities: readonly Certificate[];
  #revocationLists: readonly RevocationList[] | undefined;
  readonly #download: ListDownload | undefined;
  #fileStamp = "";

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
    /** `tls-verify`. */
    readonly program?: VerifyProgram,
  ) {
    this.#authorities = authorities === undefined ? [] : parseCertificates(authorities);
    if (revocation?.kind === "text") {
      this.#revocationLists = parseRevocationLists(revocation.text);
    } else if (revocation?.kind === "file") {
      this.#readRevocationFile(revocation.path);
    } else if (revocation?.kind === "url") {
      this.#download = new ListDownload(revocation.url, this.#authorities, log);
    } else if (revocation?.kind === "directory") {
      this.#fileStamp = fileStamp(revocation.path);
    }
  }

  /**
   * @param chain The peer's certificates, DER, its own first.
   * @param source Where the peer comes from: raw sockaddr.
   * @throws {CertificateError} with the reason why not.
   * @throws {VpnError} when `tls-verify` refuses it.
   */
  async verify(chain: readonly Uint8Array[], source?: Uint8Array): Promise<VerifiedPeer> {
    this.refresh();
    if (this.#download !== undefined) this.#revocationLists = await this.#download.current();
    const peer = await verifyPeerCertificate(chain, this.#policy());
    const { certProfile, issuerHashes } = this.tls;
    if (certProfile === "suiteb") checkSuiteB(peer.path);
    if (issuerHashes.length > 0) checkIssuerHash(peer.path, issuerHashes);
    this.#checkDirectory(peer);
    const { ocsp } = this.tls;
    if (ocsp !== undefined) {
      const { checkByOcsp } = await import("./online_revocation/ocsp_check.ts");
      await checkByOcsp(peer, ocsp, this.log);
    }
    await this.program?.check(peer, source);
    return peer;
  }

  /** Reads the revocation list again if its file changed; whether there is another one now. */
  refresh(): boolean {
    if (this.revocation?.kind === "directory") return this.#directoryChanged(this.revocation.path);
    return this.revocation?.kind === "file" && this.#refreshRevocationFile(this.revocation.path);
  }

  /**
   * Looks a peer that has passed before up in the lists of now.
   *
   * @throws {CertificateError} with the reason `revoked`, or why the lists can't tell.
   */
  async checkRevocation(peer: VerifiedPeer): Promise<void> {
    this.#checkDirectory(peer);
    if (this.#revocationLists === undefined) return;
    await checkRevocation(peer.path, this.#revocationLists, Date.now());
  }

  #checkDirectory({ path }: VerifiedPeer): void {
    if (this.revocation?.kind === "directory") checkRevocationDirectory(path, this.revocation.path);
  }

  /** A file that comes or goes changes the directory. */
  #directoryChanged(path: string): boolean {
    const stamp = fileStamp(path);
    if (stamp === this.#fileStamp) return false;
    this.#fileStamp = stamp;
    return true;
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
    // The stamp first: a change between the two reads is then seen at the next look.
    this.#fileStamp = fileStamp(path);
    try {
      this.#revocationLists = parseRevocationLists(Deno.readFileSync(path));
    } catch (cause) {
      if (cause instanceof VpnError) throw cause;
      throw new VpnError(
        `the revocation list ${path} cannot be read`,
        "check crl-verify and the file's permissions",
        { cause },
      );
    }
  }

  /** As OpenVPN: what cannot be read leaves the lists as they are, and is said, once. */
  #refreshRevocationFile(path: string): boolean {
    if (fileStamp(path) === this.#fileStamp) return false;
    try {
      this.#readRevocationFile(path);
      this.log.at(3, `CRL: loaded the revocation list ${path} again`);
      return true;
    } catch (error) {
      this.log.warn(
        `the revocation list ${path} changed but cannot be used, the former stays: ` +
          errorLine(error),
      );
      return false;
    }
  }
}

/** Changes when the file is written, replaced or taken away. */
function fileStamp(path: string): string {
  try {
    const { mtime, size, ino } = Deno.statSync(path);
    return `${mtime?.getTime()} ${size} ${ino}`;
  } catch {
    return "missing";
  }
}
