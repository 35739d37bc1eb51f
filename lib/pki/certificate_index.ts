/**
 * The authority's index: what was issued, to whom, until when, and what of it was revoked.
 *
 * The interface is all that {@linkcode Authority} knows of its storage. Every method is one
 * transaction, and none of them holds one open over a signature, so that several programs, or
 * several machines with one database, can work at once: who loses a race is told so and tries
 * again.
 *
 * @module
 */

import type { Revocation } from "./crl.ts";
import type { Purpose } from "./usage.ts";

/** What a certificate is for; `ocsp` is the responder's own. */
export type IssuedPurpose = Purpose | "ocsp";

/** One certificate of the index. */
export interface IndexEntry {
  /** As {@linkcode Certificate.serial}. */
  readonly serial: string;
  /** Common name. */
  readonly name: string;
  /** What it is for. */
  readonly purpose: IssuedPurpose;
  /** The kind of its key, as `rsa:2048`. */
  readonly key: string;
  /** Validity, milliseconds since 1970. */
  readonly notBefore: number;
  /** End of validity (inclusive), milliseconds since 1970. */
  readonly notAfter: number;
  /** When it was issued, or taken into the index, milliseconds since 1970. */
  readonly issuedAt: number;
  /** Whether the index holds its private key. */
  readonly holdsKey: boolean;
  /** When and why it was revoked. */
  readonly revocation: Revocation | undefined;
}

/** A certificate that is taken into the index. */
export interface NewEntry extends Omit<IndexEntry, "holdsKey" | "revocation"> {
  /** DER. */
  readonly certificate: Uint8Array;
  /** PKCS#8 PEM; undefined when the key never was here. */
  readonly privateKey: string | undefined;
}

/** Everything that is revoked, and the list that says so. */
export interface RevocationState {
  /** By serial number; certificates that the index does not hold are among them. */
  readonly revoked: ReadonlyMap<string, Revocation>;
  /** The number of the newest list; 0 before the first. */
  readonly number: bigint;
  /** The newest list, DER; undefined before the first. */
  readonly list: Uint8Array | undefined;
}

/** A link that gives a client its profile once. */
export interface DownloadLink {
  /** SHA-256 of the link's secret, hexadecimal: who reads the index cannot use the link. */
  readonly tokenDigest: string;
  /** What is downloaded. */
  readonly serial: string;
  /** The file's name. */
  readonly fileName: string;
  /** The file. */
  readonly content: Uint8Array;
  /** When the link ends, milliseconds since 1970. */
  readonly expiresAt: number;
}

/** What the index remembers beside certificates. */
export type Setting = "url" | "remote" | "port" | "proto" | "link-url";

/** See the module's page. */
export interface CertificateIndex extends Disposable {
  /** The authority's certificate, DER; undefined in an index that was just made. */
  authority(): Promise<Uint8Array | undefined>;
  /**
   * Says whose index this is, unless that was said before, with what this authority issued and
   * revoked until now.
   */
  setAuthority(
    certificate: Uint8Array,
    entries: readonly NewEntry[],
    revocations: RevocationState,
  ): Promise<void>;

  /** All certificates, the oldest first. */
  list(): Promise<IndexEntry[]>;
  /** The certificates of that name, the oldest first. */
  byName(name: string): Promise<IndexEntry[]>;
  /** The certificate with that serial number. */
  bySerial(serial: string): Promise<IndexEntry | undefined>;
  /** DER; undefined for an unknown serial number. */
  certificate(serial: string): Promise<Uint8Array | undefined>;
  /** PKCS#8 PEM; undefined where the index holds none. */
  privateKey(serial: string): Promise<string | undefined>;
  /**
   * Takes certificates in.
   *
   * @param exclusive A name that may have no other valid certificate at `now`.
   * @returns False, and nothing is taken in, when it has.
   */
  add(entries: readonly NewEntry[], exclusive?: { name: string; now: number }): Promise<boolean>;

  /** Whether and why a certificate is revoked, also one that the index does not hold. */
  revocation(serial: string): Promise<Revocation | undefined>;
  /** The newest revocation list, DER; undefined before the first. */
  revocationList(): Promise<Uint8Array | undefined>;
  /** What is revoked. */
  revocations(): Promise<RevocationState>;
  /**
   * Revokes, and keeps the list that says so.
   *
   * @param formerNumber The number of the list that the new one was made from.
   * @returns False, and nothing is changed, when there is a newer one by now.
   */
  revoke(
    revoked: ReadonlyMap<string, Revocation>,
    list: Uint8Array,
    number: bigint,
    formerNumber: bigint,
  ): Promise<boolean>;

  /** A setting; undefined where there is none. */
  setting(key: Setting): Promise<string | undefined>;
  /** Keeps a setting, or forgets it. */
  setSetting(key: Setting, value: string | undefined): Promise<void>;

  /** Keeps a download link; links that have ended by `now` go. */
  addLink(link: DownloadLink, now: number): Promise<void>;
  /** Whether a link is there and has not ended. */
  hasLink(tokenDigest: string, now: number): Promise<boolean>;
  /** Takes a link's file out of the index: nobody gets it a second time. */
  takeLink(tokenDigest: string, now: number): Promise<DownloadLink | undefined>;
}
