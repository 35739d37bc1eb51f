/**
 * Routes to single hosts past the tunnel: the server, and what else is to stay out of it. They
 * follow the network: when the way outward changes, so do they.
 *
 * @module
 */

import type { Netlink, Route } from "deno-tun";
import { parseAddress } from "deno-tun";
import type { Log } from "../base/log.ts";
import { AppliedChanges } from "./applied_changes.ts";
import { outwardRoute } from "./outward_route.ts";
import { addRoute } from "./routes.ts";
import type { ServerPath } from "./server_route.ts";

interface HostRoute {
  readonly path: ServerPath;
  readonly changes: AppliedChanges;
  /** Whether the route is ours; one that was there before is left alone. */
  readonly own: boolean;
}

/** See the module's page. */
export class HostRoutes {
  readonly #netlink: Netlink;
  readonly #tunnelIndex: number;
  readonly #log: Log;
  readonly #routes = new Map<string, HostRoute>();

  constructor(netlink: Netlink, tunnelIndex: number, log: Log) {
    this.#netlink = netlink;
    this.#tunnelIndex = tunnelIndex;
    this.#log = log;
  }

  /**
   * Adds a host route by `path`. An address of this machine needs none: the kernel's table of local
   * addresses comes first. A host route that is there already stays.
   *
   * @throws {VpnError} when the kernel refuses it.
   */
  add(address: string, path: ServerPath): void {
    if (path.local || this.#routes.has(address)) return;
    const changes = new AppliedChanges(this.#log);
    const context = { netlink: this.#netlink, changes, log: this.#log };
    const device = this.#netlink.link(path.interfaceIndex)?.name;
    const route = { ...hostNetwork(address), ...pathOf(path) };
    const own = addRoute(route, device, context, { mayExist: true, outlives: true });
    this.#routes.set(address, { path, changes, own });
  }

  /** Removes the host route to an address. */
  remove(address: string): void {
    const route = this.#routes.get(address);
    if (route === undefined) return;
    this.#routes.delete(address);
    // Synchronous: what is recorded in there takes no time.
    void route.changes.undo();
  }

  /** The way to an address past the tunnel and these routes; undefined when there is none now. */
  outward(address: string): ServerPath | undefined {
    const route = outwardRoute(
      this.#netlink,
      address,
      (candidate) => candidate.interfaceIndex === this.#tunnelIndex || this.#isOwn(candidate),
    );
    return route?.interfaceIndex === undefined
      ? undefined
      : { gateway: route.gateway, interfaceIndex: route.interfaceIndex, local: false };
  }

  /** Puts each route where the way outward is now. One without a way is kept for later. */
  follow(): void {
    for (const [address, { path, own }] of [...this.#routes]) {
      if (!own) continue;
      const way = this.outward(address);
      if (way === undefined) continue;
      if (samePath(way, path) && this.#isThere(address, path)) continue;
      this.remove(address);
      this.add(address, way);
    }
  }

  /** Removes all. */
  undo(): void {
    for (const address of [...this.#routes.keys()]) this.remove(address);
  }

  #isOwn(route: Route): boolean {
    const known = this.#routes.get(route.destination);
    return known !== undefined && known.own &&
      route.prefixLength === hostNetwork(route.destination).prefixLength;
  }

  #isThere(address: string, path: ServerPath): boolean {
    const { destination, prefixLength } = hostNetwork(address);
    const family = prefixLength === 32 ? 4 : 6;
    return this.#netlink.routes({ family }).some((route) =>
      route.destination === destination && route.prefixLength === prefixLength &&
      route.interfaceIndex === path.interfaceIndex && route.gateway === path.gateway
    );
  }
}

function hostNetwork(address: string): Pick<Route, "destination" | "prefixLength"> {
  return { destination: address, prefixLength: parseAddress(address)?.length === 4 ? 32 : 128 };
}

function pathOf({ gateway, interfaceIndex }: ServerPath) {
  return { gateway, interfaceIndex };
}

function samePath(a: ServerPath, b: ServerPath): boolean {
  return a.gateway === b.gateway && a.interfaceIndex === b.interfaceIndex;
}
