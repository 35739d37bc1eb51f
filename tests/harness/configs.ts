/**
 * The configurations of most tests, as lines of OpenVPN's configuration files.
 *
 * @module
 */

import type { Certificate, Credentials } from "./certificates.ts";

/** UDP port of the servers. */
export const serverPort = 1194;

/** Address of the server within the tunnel. */
export const tunnelServerAddress = "10.8.0.1";

/** What a server's or client's configuration depends on. */
export interface ConfigOptions {
  readonly credentials: Credentials;
  /** In place of the credentials' own. */
  readonly certificate?: Certificate;
  /** No certificate of its own: for clients with a password. */
  readonly withoutCertificate?: boolean;
  /** In place of the credentials' authority: path of the file for `ca`. */
  readonly ca?: string;
  /** False: no `tls-auth`. */
  readonly tlsAuth?: boolean;
  /** Digest of data channel (CBC) and tls-auth; SHA256 by default. */
  readonly auth?: string;
  /** `data-ciphers`; without it the program's default. */
  readonly cipher?: string;
  /** More lines, or lines that override. */
  readonly extra?: readonly string[];
  /** Lines that are left out. */
  readonly without?: readonly string[];
}

function commonLines(options: ConfigOptions, certificate: Certificate): string[] {
  const lines = [
    "dev tun",
    "proto udp",
    "persist-key",
    "persist-tun",
    // OpenVPN would move its data channel into the kernel where the module is there.
    "disable-dco",
    `ca ${options.ca ?? options.credentials.authority.certificate}`,
    ...options.withoutCertificate
      ? []
      : [`cert ${certificate.certificate}`, `key ${certificate.key}`],
    `auth ${options.auth ?? "SHA256"}`,
    "verb 4",
  ];
  if (options.cipher !== undefined) lines.push(`data-ciphers ${options.cipher}`);
  return lines.filter((line) => !options.without?.includes(line));
}

function tlsAuthLines(options: ConfigOptions, direction: 0 | 1): string[] {
  return options.tlsAuth === false ? [] : [`tls-auth ${options.credentials.tlsAuth} ${direction}`];
}

/** A server on 10.8.0.0/24 with tls-auth. */
export function serverConfig(options: ConfigOptions): string[] {
  return [
    ...commonLines(options, options.certificate ?? options.credentials.server),
    `port ${serverPort}`,
    "server 10.8.0.0 255.255.255.0",
    "topology subnet",
    "dh none",
    ...tlsAuthLines(options, 0),
    "keepalive 1 10",
    ...options.extra ?? [],
  ];
}

/** A client; `remote` is what stands after that word: address and port. */
export function clientConfig(remote: string, options: ConfigOptions): string[] {
  const lines = [
    ...commonLines(options, options.certificate ?? options.credentials.client),
    "client",
    "nobind",
    `remote ${remote}`,
    "remote-cert-tls server",
    ...tlsAuthLines(options, 1),
    // The default waits up to 5 s between attempts, and longer each time.
    "connect-retry 1 1",
    ...options.extra ?? [],
  ];
  return lines.filter((line) => !options.without?.includes(line));
}
