/**
 * What the data plane reads of an IP packet: its version and its addresses.
 *
 * @module
 */

// RFC 791, section 3.1.
const ipv4HeaderLength = 20;
/** Offset of the source address in an IPv4 header. */
export const ipv4Source = 12;
/** Offset of the destination address in an IPv4 header. */
export const ipv4Destination = 16;
// RFC 8200, section 3.
const ipv6HeaderLength = 40;
/** Offset of the source address in an IPv6 header. */
export const ipv6Source = 8;
/** Offset of the destination address in an IPv6 header. */
export const ipv6Destination = 24;

/** Whether the destination is a multicast address (RFC 1112, section 4; RFC 4291, section 2.7). */
export function isMulticast(bytes: Uint8Array, offset: number, version: 4 | 6): boolean {
  return version === 4
    ? bytes[offset + ipv4Destination] >>> 4 === 0xe
    : bytes[offset + ipv6Destination] === 0xff;
}

/** 4 or 6; 0 when the bytes are no IP packet or shorter than its fixed header. */
export function ipVersion(bytes: Uint8Array, offset: number, length: number): 0 | 4 | 6 {
  if (length < ipv4HeaderLength) return 0;
  const version = bytes[offset] >>> 4;
  if (version === 4) return 4;
  return version === 6 && length >= ipv6HeaderLength ? 6 : 0;
}
