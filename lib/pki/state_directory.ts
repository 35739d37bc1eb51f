/**
 * The state directory of a server (`--state DIR`, default `./vpn-data`).
 *
 * @module
 */

import type { Certificate } from "./certificate.ts";
import type { KeyType } from "./keys.ts";

/** How to open, and if need be make, a state directory. */
export interface StateDirectoryOptions {
  /** Make what is missing; otherwise a missing directory is an error. */
  readonly createIfMissing: boolean;
  /** Makes the tls-auth key's text (OpenVPN static key file); called only when it is needed. */
  readonly tlsAuthKey: () => string;
  /** The address clients should use, for `client.ovpn`. */
  readonly remote: string;
  /** UDP port. Default 1194. */
  readonly port?: number;
  /** Key type of server and client certificates. Default `rsa:2048`. */
  readonly keyType?: KeyType;
  /** The present, milliseconds since 1970. Default: the clock. */
  readonly now?: number;
}

/** An open state directory: every path is absolute. */
export interface StateDirectory {
  /** The directory. */
  readonly path: string;
  /** Whether this call made it (first start). */
  readonly created: boolean;
  /** Absolute paths of the files. */
  readonly files: {
    readonly caCertificate: string;
    readonly caKey: string;
    readonly serverCertificate: string;
    readonly serverKey: string;
    readonly revocationList: string;
    readonly tlsAuthKey: string;
    readonly clientCertificate: string;
    readonly clientKey: string;
    readonly clientProfile: string;
    readonly serverConfiguration: string;
  };
  /** The CA's certificate. */
  readonly authority: Certificate;
  /** The server's certificate. */
  readonly server: Certificate;
  /** What was mended, renewed, or should be looked at: a line each, to be logged. */
  readonly notices: readonly string[];
}

/**
 * Opens a state directory.
 *
 * @throws {VpnError} naming the file and the remedy.
 */
export function openStateDirectory(
  _path: string,
  _options: StateDirectoryOptions,
): Promise<StateDirectory> {
  return Promise.reject(new Error("not built yet"));
}
