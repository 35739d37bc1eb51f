/**
 * Why a certificate, a key or a revocation list was refused.
 *
 * @module
 */

import { VpnError } from "../base/errors.ts";

/**
 * The cause of a refusal, one word per check, so that a log line and a test can name it.
 *
 * | reason | refused because |
 * |---|---|
 * | `malformed` | not DER, or not the structure RFC 5280 prescribes |
 * | `no-certificate` | the peer presented none |
 * | `version` | X.509 v1 or v2 |
 * | `weak-key` | RSA under 2048 bits, or a curve or algorithm that is not accepted |
 * | `weak-signature` | signed with MD5, SHA-1 or an algorithm that is not accepted |
 * | `bad-signature` | the issuer's key did not make the signature |
 * | `unknown-authority` | no path leads to a trusted authority |
 * | `not-an-authority` | an issuer lacks `CA:TRUE` or `keyCertSign` |
 * | `path-length` | more intermediates than an authority allows, or more than ten |
 * | `name-constraint` | a name outside what an authority may certify |
 * | `expired`, `not-yet-valid` | outside its validity |
 * | `critical-extension` | a critical extension that is not understood |
 * | `usage` | the (extended) key usage does not allow this role |
 * | `name` | not the name that `verify-x509-name` asks for, or no usable common name |
 * | `fingerprint` | not one of the pinned fingerprints |
 * | `revoked` | on its issuer's revocation list |
 * | `crl-missing` | revocation lists are asked for and none is of this issuer |
 * | `crl-expired`, `crl-not-yet-valid` | the revocation list is outside its validity |
 * | `ocsp` | its authority does not say, or not in a way to rely on, that it is good |
 * | `key-mismatch` | private key and certificate do not belong together |
 */
export type CertificateReason =
  | "malformed"
  | "no-certificate"
  | "version"
  | "weak-key"
  | "weak-signature"
  | "bad-signature"
  | "unknown-authority"
  | "not-an-authority"
  | "path-length"
  | "name-constraint"
  | "expired"
  | "not-yet-valid"
  | "critical-extension"
  | "usage"
  | "name"
  | "fingerprint"
  | "revoked"
  | "crl-missing"
  | "crl-expired"
  | "crl-not-yet-valid"
  | "ocsp"
  | "key-mismatch";

/** A certificate, key or revocation list that is refused; {@linkcode reason} is the machine-readable cause. */
export class CertificateError extends VpnError {
  /** The class's name, for logs. */
  override readonly name = "CertificateError";

  /**
   * A refusal with its cause.
   *
   * @param reason Which check refused it.
   * @param message What went wrong, naming the subject where it is known.
   * @param remedy What the user can do about it.
   * @param options The underlying error.
   */
  constructor(
    readonly reason: CertificateReason,
    message: string,
    remedy?: string,
    options?: ErrorOptions,
  ) {
    super(message, remedy, options);
  }
}
