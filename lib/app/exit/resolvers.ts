/**
 * The resolvers that this machine uses, for clients whose traffic all comes through it: their own
 * ones often answer their own network only.
 *
 * @module
 */

import { isIPv4 } from "node:net";

/** systemd-resolved's list, where /etc/resolv.conf names itself (127.0.0.53). */
const files = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"];

/** IPv4 addresses of resolvers that other hosts can ask too, the first file that has some. */
export function resolversForClients(
  read: (path: string) => string | undefined = readIfThere,
): string[] {
  for (const file of files) {
    const found = parseResolvers(read(file) ?? "")
      .filter((address) => isIPv4(address) && !/^(127|0|169\.254)\./.test(address));
    if (found.length > 0) return found;
  }
  return [];
}

/** The addresses of `nameserver` lines (resolv.conf(5)). */
export function parseResolvers(text: string): string[] {
  return [...text.matchAll(/^nameserver[ \t]+(\S+)/gm)].map(([, address]) => address);
}

function readIfThere(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}
