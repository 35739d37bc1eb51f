/**
 * Lines of OpenVPN's configuration files, from values that must not bring in options of their own.
 *
 * @module
 */

import { VpnError } from "../base/errors.ts";

/**
 * OpenVPN 2.6's default ciphers. A CBC cipher among them would make OpenVPN clients give up the
 * kernel's data channel offload.
 */
export const defaultDataCiphers: readonly string[] = [
  "AES-256-GCM",
  "AES-128-GCM",
  "CHACHA20-POLY1305",
];

/** What client and server must agree on. */
export interface TunnelOptions {
  /** Port of the server. Default 1194. */
  readonly port?: number;
  /** Transport, as OpenVPN's `proto`. Default `udp`. */
  readonly proto?: string;
  /** `data-ciphers`. Default {@linkcode defaultDataCiphers}. */
  readonly dataCiphers?: readonly string[];
  /** `auth`, the digest of tls-auth and of CBC ciphers. Default SHA256. */
  readonly auth?: string;
}

/** The lines `auth` and `data-ciphers`. */
export function cryptography(
  { dataCiphers = defaultDataCiphers, auth = "SHA256" }: TunnelOptions,
): string[] {
  return [`auth ${word(auth, "auth")}`, `data-ciphers ${word(dataCiphers.join(":"), "cipher")}`];
}

/** @throws {VpnError} when it is no port. */
export function checkedPort(port: number): number {
  if (Number.isInteger(port) && port >= 1 && port <= 65535) return port;
  throw new VpnError(`${port} is no port`, "use a number from 1 to 65535");
}

/** A parameter that needs no quotes; anything else could add options of its own. */
export function word(text: string, option: string): string {
  if (/^[A-Za-z0-9._:%?+/-]+$/.test(text)) return text;
  throw new VpnError(
    `the ${option} has a character that cannot stand in a configuration file`,
    "use letters, digits, dots, colons and dashes",
  );
}

/** A parameter in double quotes, with OpenVPN's escapes. */
export function quoted(text: string): string {
  if (/[\r\n\0]/.test(text)) {
    throw new VpnError("the state directory has a line end in its name", "rename it");
  }
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** A block with a file inside. */
export function inline(option: string, text: string): string[] {
  // A closing tag inside would end the block early.
  if (/^\s*</m.test(text)) throw new VpnError(`the ${option} file is damaged`, "restore it");
  return [`<${option}>`, text.trim(), `</${option}>`];
}
