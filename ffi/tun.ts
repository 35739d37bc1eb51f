/**
 * TUN devices: opened and configured here; `TunPort` moves the packets. Source: the kernel's
 * `Documentation/networking/tuntap.rst`, `linux/if_tun.h`.
 *
 * @module
 */

import { Errno, SysError } from "./errors.ts";
import {
  IFF_NO_PI,
  IFF_TUN,
  IFF_VNET_HDR,
  ifreqFlagsOffset,
  ifreqLength,
  interfaceNameLength,
  TUNSETGROUP,
  TUNSETIFF,
  TUNSETOFFLOAD,
  TUNSETOWNER,
  TUNSETPERSIST,
  TUNSETVNETHDRSZ,
} from "./ioctl.ts";
import { check, closeFd, cString, libc } from "./libc.ts";
import { Netlink } from "./netlink.ts";
import { TunOffload } from "./offload.ts";
import { interfaceIndex } from "./sockaddr.ts";

const O_RDWR = 0o2;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const devicePath = "/dev/net/tun";

/** How to open a device. */
export interface TunOptions {
  /**
   * Up to 15 bytes. `tun` (the default) or a name with `%d`: the next free number; any other name:
   * that device, which is made unless it exists already and is persistent.
   */
  readonly name?: string;
  /** Each packet has a `struct virtio_net_hdr` in front; needed for offloads. Default: no. */
  readonly vnetHeader?: boolean;
}

/** What an address may have besides its prefix. */
export interface TunAddressOptions {
  /** The address at the other end (point-to-point). */
  readonly peer?: string;
  /** IPv4 only. */
  readonly broadcast?: string;
}

/**
 * A TUN device. It disappears with its addresses and routes when it is closed or the process ends,
 * unless it was persistent before.
 */
export class TunDevice {
  #fd: number;

  private constructor(
    fd: number,
    /** The name that the kernel gave it. */
    readonly name: string,
    /** The number that the kernel knows the interface by. */
    readonly index: number,
    /** Whether packets have a `struct virtio_net_hdr` in front. */
    readonly vnetHeader: boolean,
    /** The device's own socket to rtnetlink. */
    readonly netlink: Netlink,
  ) {
    this.#fd = fd;
  }

  /** Its file descriptor, non-blocking; -1 after `close`. */
  get fd(): number {
    return this.#fd;
  }

  /**
   * Opens a device; it is down and has no address yet.
   *
   * @throws {SysError} `open /dev/net/tun`: ENOENT (no such file: the module is not loaded), EACCES
   *   (not root), ENODEV; `ioctl TUNSETIFF`: EPERM (no CAP_NET_ADMIN), EBUSY (the device is in
   *   use), EINVAL (a device of that name exists and is no TUN device).
   * @throws {RangeError} when the name is empty, too long, or has characters that the kernel
   *   refuses.
   */
  static open(options: TunOptions = {}): TunDevice {
    const request = interfaceRequest(options);
    const fd = check(
      libc().open(cString(devicePath), O_RDWR | O_NONBLOCK | O_CLOEXEC),
      `open ${devicePath}`,
    );
    let netlink: Netlink | undefined;
    try {
      check(libc().ioctlPointer(fd, TUNSETIFF, request), "ioctl TUNSETIFF");
      const name = new TextDecoder().decode(request.subarray(0, request.indexOf(0)));
      netlink = Netlink.open();
      return new TunDevice(fd, name, interfaceIndex(name), options.vnetHeader ?? false, netlink);
    } catch (error) {
      netlink?.close();
      closeFd(fd);
      throw error;
    }
  }

  /** Sets the MTU, in bytes: 68 to 65535. @throws {SysError} EINVAL when out of range. */
  setMtu(mtu: number): void {
    this.netlink.setLinkMtu(this.index, mtu);
  }

  /** Enables the device. */
  up(): void {
    this.netlink.setLinkUp(this.index, true);
  }

  /** Disables the device; its routes go. */
  down(): void {
    this.netlink.setLinkUp(this.index, false);
  }

  /**
   * Adds an IPv4 or IPv6 address.
   *
   * @param prefixLength Of the network on the link; with a peer, of the peer's.
   * @throws {SysError} EEXIST when the device has it already.
   * @throws {TypeError | RangeError} when an address or the prefix length is malformed.
   */
  addAddress(address: string, prefixLength: number, options: TunAddressOptions = {}): void {
    const { index } = this;
    this.netlink.addAddress({
      ...{ index, address, prefixLength, noDuplicateDetection: true },
      ...options,
    });
  }

  /** Takes an address away. @throws {SysError} EADDRNOTAVAIL when the device has it not. */
  deleteAddress(address: string, prefixLength: number, options: TunAddressOptions = {}): void {
    this.netlink.deleteAddress({ index: this.index, address, prefixLength, ...options });
  }

  /**
   * Tells the kernel which packets the reader can take.
   *
   * @param flags `TunOffload`s, or-ed.
   * @throws {SysError} EINVAL when the kernel does not know one.
   */
  setOffload(flags: number): void {
    check(libc().ioctlValue(this.fd, TUNSETOFFLOAD, BigInt(flags)), "ioctl TUNSETOFFLOAD");
  }

  /**
   * Sets the largest part of `wanted` that the kernel knows, and returns it; 0 without
   * `vnetHeader`, for then the kernel would take the flags and the reader could not tell packets.
   */
  enableOffloads(wanted: number = allOffloads): number {
    if (!this.vnetHeader) return 0;
    // USO came with Linux 6.2; both flags or none.
    const uso = TunOffload.USO4 | TunOffload.USO6;
    for (const flags of [wanted, wanted & ~uso, wanted & TunOffload.CSUM, 0]) {
      try {
        this.setOffload(flags);
        return flags;
      } catch (error) {
        if (!(error instanceof SysError) || error.errno !== Errno.EINVAL) throw error;
      }
    }
    return 0;
  }

  /** Sets the size of the virtio_net_hdr: 10 or more bytes. @throws {SysError} EINVAL. */
  setVnetHeaderSize(size: number): void {
    const value = new Uint8Array(new Int32Array([size]).buffer);
    check(libc().ioctlPointer(this.fd, TUNSETVNETHDRSZ, value), "ioctl TUNSETVNETHDRSZ");
  }

  /** Whether the device stays when nobody has it open. */
  setPersistent(persistent: boolean): void {
    const value = persistent ? 1n : 0n;
    check(libc().ioctlValue(this.fd, TUNSETPERSIST, value), "ioctl TUNSETPERSIST");
  }

  /** Lets a user without CAP_NET_ADMIN open the device, once it is persistent. */
  setOwner(userId: number): void {
    check(libc().ioctlValue(this.fd, TUNSETOWNER, BigInt(userId)), "ioctl TUNSETOWNER");
  }

  /** The same for a group. */
  setGroup(groupId: number): void {
    check(libc().ioctlValue(this.fd, TUNSETGROUP, BigInt(groupId)), "ioctl TUNSETGROUP");
  }

  /** Closes the device; a second call does nothing. */
  close(): void {
    if (this.#fd < 0) return;
    this.netlink.close();
    closeFd(this.#fd);
    this.#fd = -1; // the number may be somebody else's from now on
  }
}

const allOffloads = Object.values(TunOffload).reduce((all, flag) => all | flag, 0);

/** The `struct ifreq` for TUNSETIFF. */
function interfaceRequest(options: TunOptions): Uint8Array<ArrayBuffer> {
  const name = options.name === undefined || options.name === "tun" ? "tun%d" : options.name;
  const bytes = new TextEncoder().encode(name);
  // dev_valid_name() in the kernel's net/core/dev.c; a zero byte would cut the name short.
  const refused = name === "" || name === "." || name === ".." || /[\0/:\s]/.test(name);
  if (refused || bytes.length >= interfaceNameLength) {
    throw new RangeError(`"${name}" cannot be the name of a network interface`);
  }
  const request = new Uint8Array(ifreqLength);
  request.set(bytes);
  const flags = IFF_TUN | IFF_NO_PI | (options.vnetHeader ? IFF_VNET_HDR : 0);
  new DataView(request.buffer).setUint16(ifreqFlagsOffset, flags, true);
  return request;
}
