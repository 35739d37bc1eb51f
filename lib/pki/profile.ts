/**
 * OpenVPN configuration texts: the client's inline profile and the server's `server.conf`.
 *
 * @module
 */

/** What goes into a client profile. */
export interface ClientProfileOptions {
  /** Address or host name of the server. */
  readonly remote: string;
  /** Server's port. Default 1194. */
  readonly port?: number;
  /** Transport. Default `udp`. */
  readonly proto?: string;
  /** CA certificate, PEM. */
  readonly ca: string;
  /** Client certificate, PEM. */
  readonly cert: string;
  /** Client's private key, PEM. */
  readonly key: string;
  /** tls-auth key file's text; absent: no tls-auth. */
  readonly tlsAuthKey?: string;
  /** `data-ciphers`. Default AES-256-GCM:AES-128-GCM:CHACHA20-POLY1305. */
  readonly dataCiphers?: readonly string[];
  /** `auth`. Default SHA256. */
  readonly auth?: string;
}

/** The inline `.ovpn` profile. */
export function clientProfile(_options: ClientProfileOptions): string {
  throw new Error("not built yet");
}

/** What goes into `server.conf`. */
export interface ServerConfigurationOptions {
  /** The state directory, absolute; the file's `cd`. */
  readonly directory: string;
  /** Port. Default 1194. */
  readonly port?: number;
  /** Transport. Default `udp`. */
  readonly proto?: string;
  /** `server` network and mask. Default 10.8.0.0 255.255.255.0. */
  readonly network?: string;
  readonly mask?: string;
  /** `data-ciphers`. Default as for the client. */
  readonly dataCiphers?: readonly string[];
  /** `auth`. Default SHA256. */
  readonly auth?: string;
}

/** The text of `server.conf`, with comments for the user. */
export function serverConfiguration(_options: ServerConfigurationOptions): string {
  throw new Error("not built yet");
}
