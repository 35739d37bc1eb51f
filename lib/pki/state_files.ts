/**
 * The files of a state directory.
 *
 * @module
 */

import { join } from "node:path";

/** Where a server keeps its keys unless told otherwise (`--state`). */
export const defaultStateDirectory = "vpn-data";

/** Absolute paths of the files, in the order they are made. */
export interface StateFiles {
  /** Private key of the authority. Secret. */
  readonly caKey: string;
  /** Certificate of the authority. */
  readonly caCertificate: string;
  /** The authority's index, with the private keys that were made here. Secret. */
  readonly index: string;
  /** Private key of the server. Secret. */
  readonly serverKey: string;
  /** Certificate of the server. */
  readonly serverCertificate: string;
  /** What is revoked. */
  readonly revocationList: string;
  /** tls-auth key, shared by all. Secret. */
  readonly tlsAuthKey: string;
  /** Profile of the first client, with its key inside. Secret. */
  readonly clientProfile: string;
  /** The server's configuration; made last. */
  readonly serverConfiguration: string;
}

/** The files of `directory`. */
export function stateFiles(directory: string): StateFiles {
  return Object.freeze({
    caKey: join(directory, "ca.key"),
    caCertificate: join(directory, "ca.crt"),
    index: join(directory, "pki.db"),
    serverKey: join(directory, "server.key"),
    serverCertificate: join(directory, "server.crt"),
    revocationList: join(directory, "crl.pem"),
    tlsAuthKey: join(directory, "ta.key"),
    clientProfile: join(directory, "client.ovpn"),
    serverConfiguration: join(directory, "server.conf"),
  });
}

/** The secret ones, which only their owner may read. */
export function secretFiles(files: StateFiles): readonly string[] {
  return [files.caKey, files.index, files.serverKey, files.tlsAuthKey, files.clientProfile];
}

/** Mode of files that hold a secret. */
export const SECRET = 0o600;
/** Mode of the others. */
export const PUBLIC = 0o644;
