/**
 * The virtio_net_hdr in front of a packet of a TUN device with offloads, as `lib/data` reads and
 * writes it; deno-tun has the same for whoever opens devices.
 *
 * Source: `linux/virtio_net.h`; Virtual I/O Device (VIRTIO) 1.2, section 5.1.6. The fields are in
 * the machine's order, which is little-endian wherever Deno runs.
 *
 * @module
 */

/** Bytes of a `struct virtio_net_hdr`. */
export const vnetHeaderLength = 10;

/** Offsets of the fields. */
export const VnetField = {
  flags: 0,
  gsoType: 1,
  headerLength: 2,
  gsoSize: 4,
  checksumStart: 6,
  checksumOffset: 8,
} as const;

/** In `flags`: the checksum field holds the pseudo header's sum, the rest is to be added. */
export const vnetNeedsChecksum = 1;

/** `gsoType` without {@linkcode vnetGsoEcn}. */
export const VnetGso = {
  /** One packet. */
  NONE: 0,
  TCP_IPV4: 1,
  TCP_IPV6: 4,
  /** UDP over either. */
  UDP: 5,
} as const;

/** Or-ed to the TCP types where the CWR flag is set. */
export const vnetGsoEcn = 0x80;
