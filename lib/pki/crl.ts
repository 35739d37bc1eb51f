/**
 * Certificate revocation lists (RFC 5280 section 5): parsed, checked, made.
 *
 * @module
 */

import type { Certificate } from "./certificate.ts";
import type { DistinguishedName } from "./distinguished_name.ts";

/** A parsed revocation list. Frozen. */
export interface RevocationList {
  /** The whole list, DER. */
  readonly raw: Uint8Array;
  /** Whose certificates it revokes. */
  readonly issuer: DistinguishedName;
  /** When it was made, milliseconds since 1970. */
  readonly thisUpdate: number;
  /** When the next one is due, milliseconds since 1970; undefined when it does not say. */
  readonly nextUpdate: number | undefined;
  /** CRL number in upper-case hexadecimal, when present. */
  readonly number: string | undefined;
  /** Revoked serial numbers (as {@linkcode Certificate.serial}) with the date in milliseconds. */
  readonly revoked: ReadonlyMap<string, number>;
  /** Object identifier of the signature algorithm. */
  readonly signatureAlgorithm: string;
}

/**
 * Parses one revocation list from DER.
 *
 * @throws {CertificateError} `malformed`.
 */
export function parseRevocationList(_der: Uint8Array): RevocationList {
  throw new Error("not built yet");
}

/**
 * Parses every revocation list in a file's bytes, PEM or DER.
 *
 * @throws {CertificateError} `malformed` when a list is damaged or there is none.
 */
export function parseRevocationLists(_file: Uint8Array | string): RevocationList[] {
  throw new Error("not built yet");
}

/**
 * Checks that `authority` made the list.
 *
 * @throws {CertificateError} `unknown-authority`, `not-an-authority`, `weak-signature` or `bad-signature`.
 */
export function verifyRevocationList(
  _list: RevocationList,
  _authority: Certificate,
): Promise<void> {
  return Promise.reject(new Error("not built yet"));
}
