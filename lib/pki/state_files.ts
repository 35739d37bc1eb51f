/**
 * The files of a state directory.
 *
 * @module
 */

import { join } from "node:path";

/** Absolute paths of the files, in the order they are made. */
export interface StateFiles {
  /** Private key of the authority. Secret. */
  readonly caKey: string;
  /** Certificate of the authority. */
  readonly caCertificate: string;
  /** Private key of the server. Secret. */
  readonly serverKey: string;
  /** Certificate of the server. */
  readonly serverCertificate: string;
  /** What is revoked. */
  readonly revocationList: string;
  /** tls-auth key, shared by all. Secret. */
  readonly tlsAuthKey: string;
  /** Private key of the first client. Secret. */
  readonly clientKey: string;
  /** Certificate of the first client. */
  readonly clientCertificate: string;
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
    serverKey: join(directory, "server.key"),
    serverCertificate: join(directory, "server.crt"),
    revocationList: join(directory, "crl.pem"),
    tlsAuthKey: join(directory, "ta.key"),
    clientKey: join(directory, "client.key"),
    clientCertificate: join(directory, "client.crt"),
    clientProfile: join(directory, "client.ovpn"),
    serverConfiguration: join(directory, "server.conf"),
  });
}

/** The secret ones, which only their owner may read. */
export function secretFiles(files: StateFiles): readonly string[] {
  return [files.caKey, files.serverKey, files.tlsAuthKey, files.clientKey, files.clientProfile];
}
