/**
 * The tunnel's network interface: a TUN device with its addresses and routes, all undone at close.
 *
 * @module
 */

import { TunDevice, TunOffload } from "deno-tun";
import { VpnError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { AppliedChanges } from "./applied_changes.ts";
import { deviceError } from "./device_errors.ts";
import type { RedirectOptions } from "./redirect_gateway.ts";
import type { NetworkRoute } from "./routes.ts";
import type { ServerPath } from "./server_route.ts";
import { ipv6MinimumMtu, type TunnelDescription, type TunnelServer } from "./tunnel_description.ts";
import { TunnelRoutes } from "./tunnel_routes.ts";
import { setUpDevice, type TunnelSetup } from "./tunnel_setup.ts";

export type { TunnelAddress, TunnelDescription, TunnelServer } from "./tunnel_description.ts";
export { ipv6MinimumMtu } from "./tunnel_description.ts";

/** A TUN device that is up. Close it, or the routes beside it stay. */
export class TunnelInterface {
  readonly #device: TunDevice;
  readonly #configuration: AppliedChanges;
  readonly #setup: TunnelSetup;
  readonly #routes: TunnelRoutes;

  private constructor(
    device: TunDevice,
    setup: TunnelSetup,
    readonly mtu: number,
    configuration: AppliedChanges,
    log: Log,
  ) {
    this.#device = device;
    this.#setup = setup;
    this.#configuration = configuration;
    this.#routes = new TunnelRoutes(device, setup.ipv6, log);
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
    return (this.#setup.offloads & uso) === uso;
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
    if (description.ipv6 !== undefined && !description.setUpElsewhere && mtu < ipv6MinimumMtu) {
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
    const changes = new AppliedChanges(log);
    let tunnel: TunnelInterface | undefined;
    try {
      const setup = setUpDevice(device, description, changes, log);
      tunnel = new TunnelInterface(device, setup, mtu, changes, log);
      log.at(1, `TUN/TAP device ${device.name} opened`);
      tunnel.addRoutes(description.routes ?? []);
      return tunnel;
    } catch (error) {
      if (tunnel !== undefined) await tunnel.close();
      else {
        await changes.undo();
        device.close();
      }
      throw error;
    }
  }

  /** See `TunnelRoutes.add`. */
  addRoutes(routes: readonly NetworkRoute[], server?: TunnelServer): void {
    this.#routes.add(routes, server);
  }

  /** See `TunnelRoutes.redirect`. */
  redirectGateway(options: RedirectOptions, server?: TunnelServer): Promise<void> {
    return this.#routes.redirect(options, server);
  }

  /** The network around the tunnel has changed: see `TunnelRoutes.follow`. */
  followNetwork(): void {
    this.#routes.follow();
  }

  /** See `HostRoutes.outward`. */
  outward(address: string): ServerPath | undefined {
    return this.#routes.outward(address);
  }

  /** The server is another one from now on: see `TunnelRoutes.changeServer`. */
  changeServer(server: TunnelServer): void {
    this.#routes.changeServer(server);
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
}
