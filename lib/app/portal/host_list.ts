/**
 * The names by which a portal is reached: those that it may be called by, and that its certificate
 * is for.
 *
 * @module
 */

import type { PortalOptions } from "../../config/config.ts";
import { isWildcard } from "../listen_address.ts";

/**
 * The names, the best for others to use first.
 *
 * @param publicAddress The address that clients of the VPN use.
 */
export function portalHosts(
  { address: { host }, hosts }: PortalOptions,
  publicAddress: string | undefined,
): string[] {
  const local = ["localhost", "127.0.0.1", "::1"];
  if (host !== undefined && local.includes(host)) return unique([...hosts, host, ...local]);
  if (!isWildcard(host)) return unique([...hosts, host!]);
  const own = Deno.networkInterfaces()
    .map(({ address }) => address)
    // An address that is good on one link only is none for a browser.
    .filter((address) => !/^fe[89ab]/i.test(address));
  const known = publicAddress === undefined ? [] : [publicAddress];
  return unique([...hosts, ...known, ...own, Deno.hostname(), ...local]);
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names.map((name) => name.toLowerCase()))].filter((name) => name !== "");
}
