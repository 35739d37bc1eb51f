/**
 * `vpn pki settings`: what goes into certificates and profiles.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import { checkedAuthorityUrl } from "../../pki/authority_url.ts";
import type { PkiOperation } from "../commands/pki_options.ts";
import { openAuthorityOf } from "./opened.ts";
import { print, printJson } from "./terminal.ts";

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

/** Shows or changes the settings. */
export async function settings(given: PkiOperation<"settings">): Promise<void> {
  const url = given.url && checkedAuthorityUrl(given.url);
  const remote = given.remote === undefined ? undefined : parseRemote(given.remote);
  using authority = await openAuthorityOf(given);
  const { index } = authority;
  if (url !== undefined) await index.setSetting("url", url || undefined);
  if (remote !== undefined) {
    await index.setSetting("remote", remote.host);
    if (remote.port !== undefined) await index.setSetting("port", String(remote.port));
  }
  if (given.proto !== undefined) await index.setSetting("proto", given.proto);
  const shown = {
    url: await index.setting("url"),
    remote: await index.setting("remote"),
    port: Number(await index.setting("port") ?? 1194),
    proto: await index.setting("proto") ?? "udp",
  };
  if (given.json) return printJson(shown);
  for (const [key, value] of Object.entries(shown)) {
    print(`${key.padEnd(8)}${value ?? "(none)"}`);
  }
}
