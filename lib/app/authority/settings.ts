/**
 * `vpn pki settings`: what goes into certificates and profiles.
 *
 * @module
 */

import { checkedAuthorityUrl, checkedLinkUrl } from "../../pki/authority_url.ts";
import type { PkiOperation } from "../commands/pki_options.ts";
import { openAuthorityOf } from "./opened.ts";
import { parseRemote } from "./remote.ts";
import { print, printJson } from "./terminal.ts";

/** Shows or changes the settings. */
export async function settings(given: PkiOperation<"settings">): Promise<void> {
  const url = given.url && checkedAuthorityUrl(given.url);
  const linkUrl = given.linkUrl && checkedLinkUrl(given.linkUrl);
  const remote = given.remote === undefined ? undefined : parseRemote(given.remote);
  using authority = await openAuthorityOf(given);
  const { index } = authority;
  if (url !== undefined) await index.setSetting("url", url || undefined);
  if (linkUrl !== undefined) await index.setSetting("link-url", linkUrl || undefined);
  if (remote !== undefined) {
    await index.setSetting("remote", remote.host);
    if (remote.port !== undefined) await index.setSetting("port", String(remote.port));
  }
  if (given.proto !== undefined) await index.setSetting("proto", given.proto);
  const shown = {
    url: await index.setting("url"),
    "link-url": await index.setting("link-url"),
    remote: await index.setting("remote"),
    port: Number(await index.setting("port") ?? 1194),
    proto: await index.setting("proto") ?? "udp",
  };
  if (given.json) return printJson(shown);
  for (const [key, value] of Object.entries(shown)) {
    print(`${key.padEnd(10)}${value ?? "(none)"}`);
  }
}
