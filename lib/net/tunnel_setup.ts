/**
 * A TUN device set up: offloads, MTU, addresses, enabled.
 *
 * @module
 */

import { Errno, SysError, type TunDevice, TunOffload } from "deno-tun";
import { VpnError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { AppliedChanges } from "./applied_changes.ts";
import { goneErrors, ignoring } from "./kernel_errors.ts";
import { describeRoute, routeError } from "./routes.ts";
import type { TunnelAddress, TunnelDescription } from "./tunnel_description.ts";

/** What the kernel made of the description. */
export interface TunnelSetup {
  /** `TunOffload` flags that it took. */
  readonly offloads: number;
  /** Whether the device can have IPv6 addresses and routes. */
  readonly ipv6: boolean;
}

/**
 * Sets the device up and records how to undo it.
 *
 * @throws {VpnError} when an address or the MTU is refused. Where the device has no IPv6, that is a
 *   warning.
 */
export function setUpDevice(
  device: TunDevice,
  { mtu, ipv4, ipv6, setUpElsewhere }: TunnelDescription,
  changes: AppliedChanges,
  log: Log,
): TunnelSetup {
  const { netlink } = device;
  const offloads = device.vnetHeader ? enableOffloads(device, log) : 0;
  // What of it fails then is a matter of each route.
  if (setUpElsewhere) return { offloads, ipv6: true };
  const wasUp = netlink.link(device.index)?.up ?? false;
  try {
    device.setMtu(mtu);
  } catch (error) {
    throw routeError(`cannot set the MTU of ${device.name} to ${mtu} bytes`, error);
  }
  const context = { device, changes, log };
  if (ipv4 !== undefined) addAddress(ipv4, context);
  // Addresses can be set while the device is down, and packets cannot come before they are.
  const hasIpv6 = ipv6 === undefined || addIpv6Address(ipv6, context);
  try {
    device.up();
  } catch (error) {
    throw routeError(`cannot enable ${device.name}`, error);
  }
  if (!wasUp) {
    // For persistent devices; others disappear at close.
    changes.record(`${device.name} being up`, () => {
      ignoring(() => device.down(), [Errno.ENODEV]);
    });
  }
  if (ipv6 !== undefined && "peer" in ipv6 && hasIpv6) addIpv6PeerRoute(ipv6.peer, context);
  return { offloads, ipv6: hasIpv6 };
}

interface SetupContext {
  readonly device: TunDevice;
  readonly changes: AppliedChanges;
  readonly log: Log;
}

function enableOffloads(device: TunDevice, log: Log): number {
  const offloads = device.enableOffloads();
  const has = Object.entries(TunOffload)
    .filter(([, flag]) => (offloads & flag) !== 0).map(([name]) => name);
  log.at(3, `${device.name} offloads: ${has.join(", ") || "none: slower"}`);
  return offloads;
}

/** Whether the device has IPv6. */
function addIpv6Address(address: TunnelAddress, context: SetupContext): boolean {
  try {
    addAddress(address, context);
    return true;
  } catch (error) {
    const cause = error instanceof VpnError ? error.cause : undefined;
    // EACCES: IPv6 is switched off for the device (disable_ipv6), as in most containers.
    const disabled = cause instanceof SysError &&
      [Errno.EACCES, Errno.EAFNOSUPPORT].some((errno) => errno === cause.errno);
    if (!disabled) throw error;
    context.log.warn("IPv6 is switched off on this machine: the tunnel carries IPv4 only");
    return false;
  }
}

function addAddress(given: TunnelAddress, { device, changes, log }: SetupContext): void {
  const { address } = given;
  const hostLength = address.includes(":") ? 128 : 32;
  const prefixLength = "peer" in given ? hostLength : given.prefixLength;
  const options = "peer" in given ? { peer: given.peer } : {};
  try {
    device.addAddress(address, prefixLength, options);
  } catch (error) {
    // A persistent device may have it already; then it is not ours to remove.
    if (error instanceof SysError && error.errno === Errno.EEXIST) return;
    throw routeError(`cannot give ${device.name} the address ${address}`, error);
  }
  changes.record(`address ${address}`, () => {
    const gone = [Errno.EADDRNOTAVAIL, Errno.ENODEV];
    ignoring(() => device.deleteAddress(address, prefixLength, options), gone);
  });
  const suffix = "peer" in given ? ` peer ${given.peer}` : `/${prefixLength}`;
  log.at(3, `${device.name} has the address ${address}${suffix}`);
}

/** The kernel adds this route too, but later, when routes by the peer were refused already. */
function addIpv6PeerRoute(peer: string, { device, changes }: SetupContext): void {
  const { netlink, index, name } = device;
  const route = { destination: peer, prefixLength: 128, interfaceIndex: index };
  try {
    ignoring(() => netlink.addRoute(route), [Errno.EEXIST]);
  } catch (error) {
    throw routeError(`cannot add the route ${describeRoute(route, name)}`, error);
  }
  changes.record(`route ${describeRoute(route, name)}`, () => {
    ignoring(() => netlink.deleteRoute(route), goneErrors);
  });
}
