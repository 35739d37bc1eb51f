/**
 * The server's address as users write it.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";

/** Where a server is. */
export interface Remote {
  /** Host name or address. */
  readonly host: string;
  /** UDP or TCP port; undefined: as the server has it. */
  readonly port: number | undefined;
}

/**
 * Reads `HOST[:PORT]`; an IPv6 address with a port stands in brackets.
 *
 * @throws {VpnError} when it is neither.
 */
export function parseRemote(text: string): Remote {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:\s]+)|([0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*))$/
    .exec(text);
  if (match !== null) return { host: match[1] ?? match[2] ?? match[3], port: undefined };
  const withPort = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text);
  const port = Number(withPort?.[3]);
  if (withPort === null || port < 1 || port > 65535) {
    throw new VpnError(
      `"${text}" is no server's address`,
      "give HOST, HOST:PORT or [ADDRESS]:PORT",
    );
  }
  return { host: withPort[1] ?? withPort[2], port };
}
