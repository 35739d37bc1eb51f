/**
 * The tunnel's network interface: a TUN device with its addresses and routes, all undone at close.
 *
 * @module
 */

import {
  Errno,
  parseAddress,
  RouteTable,
  RouteType,
  SysError,
  TunDevice,
  TunOffload,
} from "deno-tun";
import { errorLine, PrivilegeError, VpnError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { AppliedChanges } from "./applied_changes.ts";
import { deviceError } from "./device_errors.ts";
import { goneErrors, ignoring } from "./kernel_errors.ts";
import { redirectGateway, type RedirectOptions } from "./redirect_gateway.ts";
import {
  addRoute,
  describeRoute,
  type NetworkRoute,
  type RouteContext,
  routeError,
} from "./routes.ts";
import { addHostRoute, findServerPath } from "./server_route.ts";

/** The smallest MTU that IPv6 works with (RFC 8200, section 5), in bytes. */
export const ipv6MinimumMtu = 1280;

/** An address of our end: in a network, or with the address of the other end. */
export type TunnelAddress =
  | { readonly address: string; readonly prefixLength: number }
  | { readonly address: string; readonly peer: string };

/** What the interface is to be. */
export interface TunnelDescription {
  /** `tun`: the next free one; `tun5`, `office`: that one. */
  readonly name: string;
  /** In bytes. */
  readonly mtu: number;
  /** Packets have a virtio_net_hdr in front, and the device's offloads are on. Default: no. */
  readonly vnetHeader?: boolean;
  /** Our IPv4 address. */
  readonly ipv4?: TunnelAddress;
  /** Our IPv6 address. */
  readonly ipv6?: TunnelAddress;
  /** Routes to add once the interface is up. */
  readonly routes?: readonly NetworkRoute[];
}

/** The server that the tunnel leads to, whose packets must stay out of it. */
export interface TunnelServer {
  /** Its IP address. */
  readonly address: string;
  /** Firewall mark of the socket that carries the tunnel. */
  readonly mark?: number;
}

/** A TUN device that is up. Close it, or the routes beside it stay. */
export class TunnelInterface {
  readonly #device: TunDevice;
  readonly #log: Log;
  readonly #configuration: AppliedChanges;
  readonly #routes: AppliedChanges;
  /** Whether the device can have IPv6 addresses and routes. */
  #ipv6 = true;
  /** `TunOffload` flags that the kernel took. */
  #offloads = 0;

  private constructor(device: TunDevice, readonly mtu: number, log: Log) {
    this.#device = device;
    this.#log = log;
    this.#configuration = new AppliedChanges(log);
    this.#routes = new AppliedChanges(log);
  }

  /** The file descriptor that packets are read from and written to. */
  get fd(): number {
    return this.#device.fd;
  }

  /** The name that the kernel gave the device. */
  get name(): string {
    return this.#device.name;
  }

  /** The number that the kernel knows the device by. */
  get index(): number {
    return this.#device.index;
  }

  /** Whether packets have a virtio_net_hdr in front. */
  get vnetHeader(): boolean {
    return this.#device.vnetHeader;
  }

  /** Whether the kernel takes runs of UDP datagrams, over IPv4 and IPv6. */
  get udpSegmentation(): boolean {
    const uso = TunOffload.USO4 | TunOffload.USO6;
    return (this.#offloads & uso) === uso;
  }

  /**
   * Opens the device and sets it up; if that fails, nothing of it is left.
   *
   * @throws {PrivilegeError} when this process may not.
   * @throws {VpnError} when there is no TUN driver, the device is in use, or an address or the MTU
   *   is refused. A route that is refused is a warning.
   */
  static async open(description: TunnelDescription, log: Log): Promise<TunnelInterface> {
    const { name, mtu, vnetHeader } = description;
    if (description.ipv6 !== undefined && mtu < ipv6MinimumMtu) {
      throw new VpnError(
        `an MTU of ${mtu} bytes is too small for IPv6`,
        `set tun-mtu to ${ipv6MinimumMtu} or more, or leave out ifconfig-ipv6`,
      );
    }
    let device: TunDevice;
    try {
      device = TunDevice.open({ name, vnetHeader });
    } catch (error) {
      throw deviceError(name, error);
    }
    const tunnel = new TunnelInterface(device, mtu, log);
    try {
      tunnel.#configure(description);
      log.at(1, `TUN/TAP device ${device.name} opened`);
      tunnel.addRoutes(description.routes ?? []);
    } catch (error) {
      await tunnel.close();
      throw error;
    }
    return tunnel;
  }

  #configure({ mtu, ipv4, ipv6 }: TunnelDescription): void {
    const device = this.#device;
    const { netlink } = device;
    if (device.vnetHeader) this.#enableOffloads();
    const wasUp = netlink.link(device.index)?.up ?? false;
    try {
      device.setMtu(mtu);
    } catch (error) {
      throw routeError(`cannot set the MTU of ${device.name} to ${mtu} bytes`, error);
    }
    if (ipv4 !== undefined) this.#addAddress(ipv4);
    // Addresses can be set while the device is down, and packets cannot come before they are.
    if (ipv6 !== undefined) this.#addIpv6Address(ipv6);
    try {
      device.up();
    } catch (error) {
      throw routeError(`cannot enable ${device.name}`, error);
    }
    if (!wasUp) {
      // For persistent devices; others disappear at close.
      this.#configuration.record(`${device.name} being up`, () => {
        ignoring(() => device.down(), [Errno.ENODEV]);
      });
    }
    if (ipv6 !== undefined && "peer" in ipv6 && this.#ipv6) this.#addIpv6PeerRoute(ipv6.peer);
  }

  /** The kernel adds this route too, but later, when routes by the peer were refused already. */
  #addIpv6PeerRoute(peer: string): void {
    const { netlink, index, name } = this.#device;
    const route = { destination: peer, prefixLength: 128, interfaceIndex: index };
    try {
      ignoring(() => netlink.addRoute(route), [Errno.EEXIST]);
    } catch (error) {
      throw routeError(`cannot add the route ${describeRoute(route, name)}`, error);
    }
    this.#configuration.record(`route ${describeRoute(route, name)}`, () => {
      ignoring(() => netlink.deleteRoute(route), goneErrors);
    });
  }

  #enableOffloads(): void {
    this.#offloads = this.#device.enableOffloads();
    const has = Object.entries(TunOffload)
      .filter(([, flag]) => (this.#offloads & flag) !== 0).map(([name]) => name);
    this.#log.at(3, `${this.#device.name} offloads: ${has.join(", ") || "none: slower"}`);
  }

  #addIpv6Address(address: TunnelAddress): void {
    try {
      this.#addAddress(address);
    } catch (error) {
      const cause = error instanceof VpnError ? error.cause : undefined;
      // EACCES: IPv6 is switched off for the device (disable_ipv6), as in most containers.
      const disabled = cause instanceof SysError &&
        [Errno.EACCES, Errno.EAFNOSUPPORT].some((errno) => errno === cause.errno);
      if (!disabled) throw error;
      this.#ipv6 = false;
      this.#log.warn("IPv6 is switched off on this machine: the tunnel carries IPv4 only");
    }
  }

  #addAddress(given: TunnelAddress): void {
    const device = this.#device;
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
    this.#configuration.record(`address ${address}`, () => {
      const gone = [Errno.EADDRNOTAVAIL, Errno.ENODEV];
      ignoring(() => device.deleteAddress(address, prefixLength, options), gone);
    });
    const suffix = "peer" in given ? ` peer ${given.peer}` : `/${prefixLength}`;
    this.#log.at(3, `${device.name} has the address ${address}${suffix}`);
  }

  /**
   * Adds routes until `removeRoutes` or `close`. One that the kernel refuses or that exists already
   * is a warning: the others may be of use without it.
   *
   * @param server If one of the routes would take the server's packets into the tunnel, a host
   *   route to it is added first.
   * @throws {PrivilegeError} without CAP_NET_ADMIN.
   * @throws {VpnError} when the server's packets cannot be kept out.
   */
  addRoutes(routes: readonly NetworkRoute[], server?: TunnelServer): void {
    const usable = routes.filter((route) => this.#ipv6 || !route.network.includes(":"));
    const covering = (route: NetworkRoute) =>
      route.gateway === undefined && server !== undefined && contains(route, server.address);
    if (server !== undefined && usable.some(covering)) {
      const path = findServerPath(server.address, this.index, this.#context, server.mark);
      addHostRoute(server.address, path, this.#context);
    }
    for (const { network, prefixLength, gateway, metric } of usable) {
      const viaTunnel = gateway === undefined;
      const route = {
        destination: network,
        prefixLength,
        gateway,
        metric,
        interfaceIndex: viaTunnel ? this.index : undefined,
      };
      try {
        addRoute(route, viaTunnel ? this.name : undefined, this.#context);
      } catch (error) {
        if (error instanceof PrivilegeError) throw error;
        this.#log.warn(
          error instanceof VpnError
            ? errorLine(error)
            : `cannot add the route ${describeRoute(route)}: ${errorLine(error)}`,
        );
      }
    }
  }

  /**
   * `redirect-gateway`: sends all traffic into the tunnel until `removeRoutes` or `close`.
   *
   * @throws {VpnError} when a route is refused or taken: then nothing of it is left.
   */
  async redirectGateway(options: RedirectOptions, server?: TunnelServer): Promise<void> {
    const usable = options.ipv6 && !this.#ipv6 ? this.#withoutIpv6(options) : options;
    const changes = new AppliedChanges(this.#log);
    const context = { ...this.#context, changes, tunnel: { index: this.index, name: this.name } };
    try {
      // Asked for first: afterwards the answer would be the tunnel.
      const path = server && findServerPath(server.address, this.index, context, server.mark);
      const target = server && path && { address: server.address, path };
      redirectGateway(usable, target, context);
    } catch (error) {
      await changes.undo();
      throw error;
    }
    this.#routes.record("redirect-gateway", () => changes.undo());
  }

  /** IPv6 is switched off for the device: that is no leak if the rest of the machine has none. */
  #withoutIpv6(options: RedirectOptions): RedirectOptions {
    const routes = this.#device.netlink.routes({ family: 6, table: RouteTable.MAIN });
    if (routes.some(({ prefixLength, type }) => prefixLength === 0 && type === RouteType.UNICAST)) {
      throw new VpnError(
        `IPv6 is switched off for ${this.name}, and on for other interfaces: ` +
          "its traffic would go beside the tunnel",
        "set the sysctl net.ipv6.conf.default.disable_ipv6 to 0",
      );
    }
    return { ...options, ipv6: false };
  }

  /** Removes the routes that were added, and restores those that were removed for them. */
  removeRoutes(): Promise<void> {
    return this.#routes.undo();
  }

  /** Undoes all and closes the device. A second call does nothing. */
  async close(): Promise<void> {
    await this.#routes.undo();
    await this.#configuration.undo();
    this.#device.close();
  }

  get #context(): RouteContext {
    return { netlink: this.#device.netlink, changes: this.#routes, log: this.#log };
  }
}

/** Whether an address is in a route's network. */
function contains({ network, prefixLength }: NetworkRoute, address: string): boolean {
  const [a, b] = [parseAddress(network), parseAddress(address)];
  if (a === undefined || b === undefined || a.length !== b.length) return false;
  for (let bit = 0; bit < prefixLength && bit < a.length * 8; bit++) {
    const mask = 0x80 >>> (bit & 7);
    if (((a[bit >>> 3] ^ b[bit >>> 3]) & mask) !== 0) return false;
  }
  return true;
}
