/**
 * Offloads of the TUN driver and what a `struct virtio_net_hdr` says.
 *
 * @module
 */

/** Flags of `TUNSETOFFLOAD`: what the reader of the device can take. `linux/if_tun.h`. */
export const TunOffload = {
  /** Packets whose TCP or UDP checksum is still to be made. The others need it. */
  CSUM: 0x01,
  /** TCP over IPv4 in packets larger than the MTU. */
  TSO4: 0x02,
  /** TCP over IPv6 in packets larger than the MTU. */
  TSO6: 0x04,
  /** UDP over IPv4 in packets larger than the MTU; since Linux 6.2, with `USO6` only. */
  USO4: 0x20,
  /** UDP over IPv6 in packets larger than the MTU; since Linux 6.2, with `USO4` only. */
  USO6: 0x40,
} as const;

/** Bytes of a `struct virtio_net_hdr`, the header's size unless `setVnetHeaderSize` changes it. */
export const vnetHeaderLength = 10;

/** Offsets in `struct virtio_net_hdr`; 16-bit fields are in native order. `linux/virtio_net.h`. */
export const VnetHeaderOffset = {
  /** 8 bits of `VnetHeaderFlag`. */
  flags: 0,
  /** 8 bits, one of `VnetGsoType`. */
  gsoType: 1,
  /** 16 bits: length of all headers, in bytes. A hint. */
  headerLength: 2,
  /** 16 bits: payload bytes of each segment. */
  gsoSize: 4,
  /** 16 bits: where the checksummed part starts, in bytes from the IP header. */
  checksumStart: 6,
  /** 16 bits: where the checksum is, in bytes from `checksumStart`. */
  checksumOffset: 8,
} as const;

/** Bits of `virtio_net_hdr.flags`. */
export const VnetHeaderFlag = {
  /** The checksum is to be completed: the field holds the pseudo header's sum. */
  NEEDS_CSUM: 1,
  /** The checksum has been checked. */
  DATA_VALID: 2,
} as const;

/** `virtio_net_hdr.gso_type`. */
export const VnetGsoType = {
  /** Not a packet to be segmented. */
  NONE: 0,
  /** TCP over IPv4. */
  TCPV4: 1,
  /** TCP over IPv6. */
  TCPV6: 4,
  /** UDP in segments, over either. */
  UDP_L4: 5,
  /** Or-ed with the TCP types: the TCP segment has the CWR bit. */
  ECN: 0x80,
} as const;
