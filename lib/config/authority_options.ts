/**
 * What a configuration says of the authority inside of a server, and of asking a peer's authority.
 *
 * @module
 */

import type { FileReference } from "./position.ts";

/** Where to listen for TCP connections. */
export interface ListenAddress {
  /** Host name or address; undefined: all addresses. */
  readonly host: string | undefined;
  /** 0: any free one. */
  readonly port: number;
}

/** The authority's service: `http`, `https` and what goes with them. */
export interface AuthorityOptions {
  /** `http`: revocation list, OCSP and the authority's certificate. */
  readonly http?: ListenAddress;
  /** `https`: the same, and downloads of profiles. */
  readonly https?: ListenAddress;
  /** `https-cert`; absent: `server.crt` of the state directory. */
  readonly httpsCert?: FileReference;
  /** `https-key`. */
  readonly httpsKey?: FileReference;
  /** `ca-passphrase-file`: its first line opens `ca.key`. */
  readonly passphraseFile?: FileReference;
}

/** `ocsp`: whether the peer's authority is asked about its certificate. */
export interface OcspOptions {
  /** `try`: an authority that can't be asked refuses nobody. */
  readonly mode: "try" | "require";
  /** In place of what the certificate names. */
  readonly url?: string;
}
