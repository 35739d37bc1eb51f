/**
 * Where a listener is, in words that people can use.
 *
 * @module
 */

import type { ListenAddress } from "../config/config.ts";

/** Hosts that stand for all addresses of this machine. */
const wildcards: readonly (string | undefined)[] = [undefined, "", "0.0.0.0", "::", "*"];

/** Whether a listener there is at every address of this machine. */
export function isWildcard(host: string | undefined): boolean {
  return wildcards.includes(host);
}

/** An address as users write it; IPv6 in brackets (RFC 3986, section 3.2.2). */
export function addressText({ host = "", port }: ListenAddress): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/**
 * A URL by which others reach a listener.
 *
 * @param publicAddress What others call this machine, where that is known.
 */
export function reachableUrl(
  scheme: "http" | "https",
  { host, port }: ListenAddress,
  publicAddress?: string,
): string {
  const named = isWildcard(host) ? publicAddress ?? ownAddresses()[0] ?? "localhost" : host;
  return `${scheme}://${addressText({ host: named, port })}`;
}

/** The same for a log, with what the listener was told where that is more than the URL says. */
export function reachableText(
  scheme: "http" | "https",
  address: ListenAddress,
  path = "",
  publicAddress?: string,
): string {
  const url = `${reachableUrl(scheme, address, publicAddress)}${path}`;
  return isWildcard(address.host) ? `${url} (port ${address.port} of every address)` : url;
}

/** Addresses of this machine that others may know: neither its own alone nor a link's. */
function ownAddresses(): string[] {
  return Deno.networkInterfaces()
    .map(({ address }) => address)
    .filter((address) => !/^(127\.|::1$|169\.254\.|fe[89ab])/i.test(address))
    .sort((a, b) => Number(a.includes(":")) - Number(b.includes(":")));
}
