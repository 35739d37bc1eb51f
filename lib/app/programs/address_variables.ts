/**
 * Where a peer comes from, as programs see it: `trusted_ip`, `trusted_ip6` and `trusted_port` once
 * it is let in, `untrusted_…` before.
 *
 * Source: OpenVPN's `socket.c` (`setenv_sockaddr`).
 *
 * @module
 */

import { decodeSockaddr } from "deno-tun";

/** @param sockaddr Raw. */
export function addressVariables(
  prefix: "trusted" | "untrusted",
  sockaddr: Uint8Array,
): Record<string, string> {
  const { hostname, port } = decodeSockaddr(sockaddr);
  const name = hostname.includes(":") ? `${prefix}_ip6` : `${prefix}_ip`;
  return { [name]: hostname, [`${prefix}_port`]: String(port) };
}
