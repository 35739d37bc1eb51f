/**
 * Our own options string, from a configuration.
 *
 * @module
 */

import type { ClientConfig, Connection, ServerConfig, Transport } from "../config/config.ts";
import { cipherInfo, digestInfo } from "../crypto/cipher_table.ts";
import {
  buildOptionsString,
  compareOptionsStrings,
  expectedOptionsString,
  type OptionsStringValues,
  unconfiguredCipher,
} from "../wire/options_string.ts";

/** What the options string says of a server to a client that came in by that transport. */
export function serverOptionValues(
  config: ServerConfig,
  transport: Transport,
): OptionsStringValues {
  return values(config, "server", transport, config.mtu.tunMtu, config.controlKey);
}

/** What the options string says of a client that uses this connection. */
export function clientOptionValues(
  config: ClientConfig,
  connection: Connection,
): OptionsStringValues {
  const { transport, mtu, controlKey } = connection;
  return values(config, "client", transport, mtu.tunMtu, controlKey);
}

/** Our options string. */
export function localOptionsString(local: OptionsStringValues): string {
  return buildOptionsString(local);
}

/** A warning for each option in which the peer differs from what fits ours. */
export function optionWarnings(local: OptionsStringValues, remote: string): string[] {
  return compareOptionsStrings(remote, expectedOptionsString(local)).map(({ option, ...sides }) =>
    `'${option}' is used inconsistently, local='${sides.local ?? ""}', ` +
    `remote='${sides.remote ?? ""}'`
  );
}

function values(
  config: ClientConfig | ServerConfig,
  role: "client" | "server",
  protocol: "udp" | "tcp",
  tunMtu: number,
  controlKey: Connection["controlKey"],
): OptionsStringValues {
  const { data } = config;
  const name = data.cipher ?? data.fallbackCipher;
  const cipher = name === undefined ? undefined : cipherInfo(name);
  const tlsAuth = controlKey?.kind === "tls-auth";
  return {
    role,
    protocol,
    tunMtu,
    cipher: cipher ?? unconfiguredCipher,
    nameCipher: cipher !== undefined && data.ciphers.includes(cipher.name),
    auth: digestInfo(data.auth),
    keyDirection: tlsAuth ? controlKey.direction : undefined,
    tlsAuth,
    compression: data.framing,
  };
}
