/**
 * A network of unique local IPv6 addresses.
 *
 * @module
 */

import { formatAddress } from "deno-tun";

/**
 * A network that nobody else has: `fd`, 40 random bits and the first subnet (RFC 4193, section
 * 3.2), as `fd12:3456:789a::/64`.
 */
export function uniqueLocalNetwork(): string {
  const address = new Uint8Array(16);
  address[0] = 0xfd;
  crypto.getRandomValues(address.subarray(1, 6));
  return `${formatAddress(address)}/64`;
}
