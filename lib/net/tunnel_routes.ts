/**
 * The routes of a tunnel: into it, and past it for what carries it.
 *
 * @module
 */

import { type Netlink, RouteTable, RouteType } from "deno-tun";
import { errorLine, PrivilegeError, VpnError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { AppliedChanges } from "./applied_changes.ts";
import { HostRoutes } from "./host_routes.ts";
import { routeCovers } from "./outward_route.ts";
import { keepDefaultRoute, redirectGateway, type RedirectOptions } from "./redirect_gateway.ts";
import { addRoute, describeRoute, type NetworkRoute, type RouteContext } from "./routes.ts";
import { findServerPath, type ServerPath } from "./server_route.ts";
import type { TunnelServer } from "./tunnel_description.ts";

/** The device that routes lead into. */
export interface RoutedDevice {
  readonly netlink: Netlink;
  readonly index: number;
  readonly name: string;
}

/** See the module's page. */
export class TunnelRoutes {
  readonly #device: RoutedDevice;
  readonly #ipv6: boolean;
  readonly #log: Log;
  readonly #changes: AppliedChanges;
  readonly #hosts: HostRoutes;
  /** Whose packets stay out of the tunnel by a host route. */
  #server: TunnelServer | undefined;
  #redirect: { readonly options: RedirectOptions; readonly changes: AppliedChanges } | undefined;

  /** @param ipv6 Whether the device can have routes of IPv6. */
  constructor(device: RoutedDevice, ipv6: boolean, log: Log) {
    this.#device = device;
    this.#ipv6 = ipv6;
    this.#log = log;
    this.#changes = new AppliedChanges(log);
    this.#hosts = new HostRoutes(device.netlink, device.index, log);
  }

  /**
   * Adds routes until `undo`. One that the kernel refuses or that exists already is a warning: the
   * others may be of use without it.
   *
   * @param server If one of the routes would take the server's packets into the tunnel, a host
   *   route to it is added first.
   * @throws {PrivilegeError} without CAP_NET_ADMIN.
   * @throws {VpnError} when the server's packets cannot be kept out.
   */
  add(routes: readonly NetworkRoute[], server?: TunnelServer): void {
    const usable = routes.filter((route) =>
      this.#ipv6 || !route.network.includes(":") || route.unreachable
    );
    if (server !== undefined && usable.some((route) => takesIn(route, server.address))) {
      this.#addServer(server);
    }
    for (const route of usable) this.#addOne(route);
  }

  #addOne({ network, prefixLength, gateway, metric, unreachable }: NetworkRoute): void {
    const viaTunnel = gateway === undefined && !unreachable;
    const route = {
      destination: network,
      prefixLength,
      metric,
      ...(unreachable
        ? { type: RouteType.UNREACHABLE }
        : { gateway, interfaceIndex: viaTunnel ? this.#device.index : undefined }),
    };
    try {
      const device = viaTunnel ? this.#device.name : undefined;
      addRoute(route, device, this.#context, { outlives: !viaTunnel });
    } catch (error) {
      if (error instanceof PrivilegeError) throw error;
      this.#log.warn(
        error instanceof VpnError
          ? errorLine(error)
          : `cannot add the route ${describeRoute(route)}: ${errorLine(error)}`,
      );
    }
  }

  /**
   * `redirect-gateway`: sends all traffic into the tunnel until `undo`.
   *
   * @throws {VpnError} when a route is refused or taken: then nothing of it is left.
   */
  async redirect(options: RedirectOptions, server?: TunnelServer): Promise<void> {
    const usable = options.ipv6 && !options.blockIpv6 && !this.#ipv6
      ? this.#withoutIpv6(options)
      : options;
    const changes = new AppliedChanges(this.#log);
    const hadServer = this.#server !== undefined;
    try {
      // Asked for first: afterwards the answer would be the tunnel.
      const path = server &&
        findServerPath(server.address, this.#device.index, this.#context, server.mark);
      const local = options.local || (options.autolocal && path?.gateway === undefined);
      if (server !== undefined && !local) this.#addServer(server);
      redirectGateway(usable, path, {
        ...this.#context,
        changes,
        tunnel: this.#device,
        hosts: this.#hosts,
      });
    } catch (error) {
      await changes.undo();
      if (server !== undefined && !hadServer) this.#removeServer();
      throw error;
    }
    this.#redirect = { options: usable, changes };
  }

  /** IPv6 is switched off for the device: that is no leak if the rest of the machine has none. */
  #withoutIpv6(options: RedirectOptions): RedirectOptions {
    const routes = this.#device.netlink.routes({ family: 6, table: RouteTable.MAIN });
    if (routes.some(({ prefixLength, type }) => prefixLength === 0 && type === RouteType.UNICAST)) {
      throw new VpnError(
        `IPv6 is switched off for ${this.#device.name}, and on for other interfaces: ` +
          "its traffic would go beside the tunnel",
        "set the sysctl net.ipv6.conf.default.disable_ipv6 to 0",
      );
    }
    return { ...options, ipv6: false };
  }

  /** The network around the tunnel has changed: what goes past it takes the new way. */
  follow(): void {
    this.#hosts.follow();
    const redirect = this.#redirect;
    if (redirect === undefined || !redirect.options.ipv4 || redirect.options.def1) return;
    // A new network brings a default route of its own.
    keepDefaultRoute({ ...this.#context, changes: redirect.changes, tunnel: this.#device });
  }

  /** See `HostRoutes.outward`. */
  outward(address: string): ServerPath | undefined {
    return this.#hosts.outward(address);
  }

  /** Keeps another server's packets out of the tunnel, in place of the former one's. */
  changeServer(server: TunnelServer): void {
    const former = this.#server;
    if (former === undefined || former.address === server.address) return;
    const path = this.#hosts.outward(server.address);
    if (path === undefined) {
      throw new VpnError(`there is no route to the server ${server.address} beside the tunnel`);
    }
    this.#removeServer();
    this.#server = server;
    this.#hosts.add(server.address, path);
  }

  /** Removes the routes that were added, and restores those that were removed for them. */
  async undo(): Promise<void> {
    const redirect = this.#redirect;
    this.#redirect = undefined;
    await redirect?.changes.undo();
    await this.#changes.undo();
    this.#hosts.undo();
    this.#server = undefined;
  }

  #addServer(server: TunnelServer): void {
    if (this.#server?.address === server.address) return;
    const path = findServerPath(server.address, this.#device.index, this.#context, server.mark);
    this.#server = server;
    this.#hosts.add(server.address, path);
  }

  #removeServer(): void {
    if (this.#server !== undefined) this.#hosts.remove(this.#server.address);
    this.#server = undefined;
  }

  get #context(): RouteContext {
    return { netlink: this.#device.netlink, changes: this.#changes, log: this.#log };
  }
}

/** Whether a route leads packets to an address into the tunnel, or nowhere. */
function takesIn({ network, prefixLength, gateway }: NetworkRoute, address: string): boolean {
  return gateway === undefined && routeCovers({ destination: network, prefixLength }, address);
}
