/**
 * Numbers of the TUN driver: `linux/if_tun.h`, `linux/virtio_net.h`.
 *
 * @module
 */

// _IOW(type, number, size), asm-generic/ioctl.h: direction (2 bits, 1 is write) | size (14)
// | type (8) | number (8).
const write = (number: number, size: number) =>
  BigInt(0x4000_0000 + size * 0x1_0000 + ("T".charCodeAt(0) << 8) + number);

/** `_IOW('T', 202, int)`. */
export const TUNSETIFF: bigint = write(202, 4);
/** `_IOW('T', 203, int)`. */
export const TUNSETPERSIST: bigint = write(203, 4);
/** `_IOW('T', 204, int)`. */
export const TUNSETOWNER: bigint = write(204, 4);
/** `_IOW('T', 206, int)`. */
export const TUNSETGROUP: bigint = write(206, 4);
/** `_IOW('T', 208, unsigned int)`. */
export const TUNSETOFFLOAD: bigint = write(208, 4);
/** `_IOW('T', 216, int)`. */
export const TUNSETVNETHDRSZ: bigint = write(216, 4);

/** Layer 3, no Ethernet header. */
export const IFF_TUN = 0x0001;
/** No `struct tun_pi` in front of packets. */
export const IFF_NO_PI = 0x1000;
/** A `struct virtio_net_hdr` in front of packets. */
export const IFF_VNET_HDR = 0x4000;

/** `IFNAMSIZ`: bytes of an interface name with its final zero. */
export const interfaceNameLength = 16;
/** `sizeof(struct ifreq)` on 64-bit systems. */
export const ifreqLength = 40;
/** Offset of `ifr_flags` (16 bits) in `struct ifreq`. */
export const ifreqFlagsOffset = 16;
