/**
 * Our own check of a peer's certificate, on top of the TLS stack's.
 *
 * @module
 */

import type { Certificate } from "./certificate.ts";
import type { RevocationList } from "./crl.ts";

/** What a peer's certificate is held against. */
export interface PeerPolicy {
  /** Trusted authorities (`ca`). */
  readonly authorities: readonly Certificate[];
  /**
   * Revocation lists (`crl-verify`); undefined where the option is absent. When given, the
   * list of the peer's own issuer must be among them and in date.
   */
  readonly revocationLists?: readonly RevocationList[];
  /** The role the peer plays in TLS. */
  readonly purpose: "server" | "client";
  /** The time to check validity at, milliseconds since 1970. */
  readonly now: number;
  /** `remote-cert-tls`: key usage and extended key usage must be present and allow the role. */
  readonly remoteCertTls?: "server" | "client";
  /** `remote-cert-ku`: one of these bit sets (0x80 is digitalSignature); empty: must be present. */
  readonly remoteCertKu?: readonly number[];
  /** `remote-cert-eku`: an object identifier or OpenSSL's name for it. */
  readonly remoteCertEku?: string;
  /** `verify-x509-name`. */
  readonly verifyX509Name?: {
    readonly value: string;
    readonly kind: "subject" | "name" | "name-prefix";
  };
  /**
   * `peer-fingerprint`: SHA-256 of acceptable peer certificates (hexadecimal, with or without
   * colons). Without any authority these alone decide whom to trust, as in OpenVPN.
   */
  readonly peerFingerprints?: readonly string[];
}

/** A peer whose certificate passed. Frozen. */
export interface VerifiedPeer {
  /** Its common name, with control characters replaced by `_` as OpenVPN does. */
  readonly commonName: string;
  /** Its subject in OpenVPN's one-line form, for logs. */
  readonly subject: string;
  /** Serial number, hexadecimal (see {@linkcode Certificate.serial}). */
  readonly serial: string;
  /** SHA-256 of the certificate, lower-case hexadecimal. */
  readonly fingerprint: string;
  /** End of validity of the certificate itself, milliseconds since 1970. */
  readonly notAfter: number;
  /** The path that was checked, the peer's own certificate first, the trusted authority last. */
  readonly path: readonly Certificate[];
  /** Things to log that do not refuse the peer (an intermediate without a revocation list). */
  readonly warnings: readonly string[];
}

/**
 * Checks a peer's certificates.
 *
 * @param chain What the peer presented, DER, its own first; intermediates in any order.
 * @throws {CertificateError} with the reason of the first check that fails.
 */
export function verifyPeerCertificate(
  _chain: readonly Uint8Array[],
  _policy: PeerPolicy,
): Promise<VerifiedPeer> {
  return Promise.reject(new Error("not built yet"));
}
