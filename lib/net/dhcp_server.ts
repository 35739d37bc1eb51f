/**
 * The DHCP servers that this machine has its addresses from, as the usual clients note them:
 * systemd-networkd, NetworkManager and ISC's dhclient.
 *
 * @module
 */

import { parseAddress } from "deno-tun";

/** Where leases are kept; each a directory. */
const leaseDirectories = [
  "/run/systemd/netif/leases",
  "/var/lib/NetworkManager",
  "/var/lib/dhcp",
  "/var/lib/dhclient",
] as const;

/** The DHCP servers' IPv4 addresses, each once. */
export function dhcpServers(directories: readonly string[] = leaseDirectories): string[] {
  const servers = new Set<string>();
  for (const directory of directories) {
    for (const text of textsIn(directory)) {
      for (const server of serversInLease(text)) servers.add(server);
    }
  }
  return [...servers];
}

/** `SERVER_ADDRESS=` (networkd, NetworkManager), `option dhcp-server-identifier` (dhclient). */
export function serversInLease(text: string): string[] {
  const pattern =
    /^(?:SERVER_ADDRESS=|\s*option dhcp-server-identifier )(\d{1,3}(?:\.\d{1,3}){3});?\s*$/gm;
  const found = [...text.matchAll(pattern)].map(([, address]) => address);
  // dhclient adds leases at the end of its file.
  return found.slice(-1).filter((address) => parseAddress(address) !== undefined);
}

function textsIn(directory: string): string[] {
  try {
    return [...Deno.readDirSync(directory)].filter(({ name, isFile }) =>
      isFile && (directory.endsWith("/leases") || /\.leases?$/.test(name))
    ).map(({ name }) => Deno.readTextFileSync(`${directory}/${name}`));
  } catch {
    return [];
  }
}
