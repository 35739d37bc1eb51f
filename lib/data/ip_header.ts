/**
 * Where the fields of IP headers are that segmentation and coalescing work on.
 *
 * @module
 */

/** Offsets in an IPv4 header, RFC 791, section 3.1. */
export const Ipv4Field = {
  typeOfService: 1,
  totalLength: 2,
  identification: 4,
  /** 16 bits: a reserved one, DF, MF, and the offset in 13. */
  fragment: 6,
  timeToLive: 8,
  protocol: 9,
  checksum: 10,
} as const;

/** In `Ipv4Field.fragment`: don't fragment. */
export const ipv4DontFragment = 0x4000;
/** In `Ipv4Field.fragment`: MF and offset; 0 where the packet is whole. */
export const ipv4FragmentMask = 0x3fff;

/** Offsets in an IPv6 header, RFC 8200, section 3. */
export const Ipv6Field = { payloadLength: 4, nextHeader: 6, hopLimit: 7 } as const;

/** An IPv4 header without options. */
export const ipv4HeaderLength = 20;
/** An IPv6 header without extensions. */
export const ipv6HeaderLength = 40;
