/**
 * Routes added to the main table, and taken away again.
 *
 * @module
 */

import { Errno, type Netlink, type Route, RouteProtocol, RouteTable, SysError } from "deno-tun";
import { PrivilegeError, VpnError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { AppliedChanges } from "./applied_changes.ts";
import { goneErrors, ignoring } from "./kernel_errors.ts";

/** A route as an option or a push describes it. */
export interface NetworkRoute {
  /** First address of the network, IPv4 or IPv6. */
  readonly network: string;
  /** 0 to 32, or 0 to 128. */
  readonly prefixLength: number;
  /** A router that this machine can reach already; absent: into the tunnel. */
  readonly gateway?: string;
  /** The lower wins; absent: the system's default. */
  readonly metric?: number;
  /** Packets are answered with "unreachable" rather than sent (`block-ipv6`). */
  readonly unreachable?: boolean;
}

/** How a route is added. */
export interface AddRouteOptions {
  /** One that is there already is as good, and no warning. */
  readonly mayExist?: boolean;
  /** It does not go with the tunnel's device: it is noted, for the case that we are killed. */
  readonly outlives?: boolean;
}

/** What adding routes needs. */
export interface RouteContext {
  readonly netlink: Netlink;
  readonly changes: AppliedChanges;
  readonly log: Log;
}

/**
 * Adds a route and records its removal.
 *
 * A route to the same network with the same metric that is there already is somebody else's: it
 * stays, now and afterwards, with a warning.
 *
 * @param device The interface's name, for the log.
 * @returns Whether the route is new.
 * @throws {PrivilegeError} without CAP_NET_ADMIN.
 * @throws {VpnError} when the kernel refuses the route.
 */
export function addRoute(
  route: Route,
  device: string | undefined,
  context: RouteContext,
  { mayExist = false, outlives = false }: AddRouteOptions = {},
): boolean {
  const { netlink, changes, log } = context;
  const what = describeRoute(route, device);
  const complete = { protocol: RouteProtocol.STATIC, table: RouteTable.MAIN, ...route };
  try {
    if (outlives) {
      changes.make({ kind: "route-added", route: complete }, () => netlink.addRoute(complete));
    } else netlink.addRoute(complete);
  } catch (error) {
    if (error instanceof SysError && error.errno === Errno.EEXIST) {
      const message = `a route like ${what} exists already and is left alone`;
      if (mayExist) log.at(3, message);
      else log.warn(message);
      return false;
    }
    throw routeError(`cannot add the route ${what}`, error);
  }
  log.at(3, `route added: ${what}`);
  if (outlives) return true;
  changes.record(`route ${what}`, () => {
    ignoring(() => netlink.deleteRoute(complete), goneErrors);
    log.at(3, `route removed: ${what}`);
  });
  return true;
}

/** A failed change of routes or addresses as the user reads it. */
export function routeError(message: string, cause: unknown): VpnError {
  if (!(cause instanceof SysError)) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new VpnError(`${message}: ${reason}`, undefined, { cause });
  }
  if (cause.errno === Errno.EPERM || cause.errno === Errno.EACCES) {
    return new PrivilegeError(`${message}: not allowed`, netAdminRemedy, { cause });
  }
  return new VpnError(`${message}: ${cause.message}`, undefined, { cause });
}

/** What helps against EPERM of the network. */
export const netAdminRemedy =
  "run as root or give the binary CAP_NET_ADMIN (setcap cap_net_admin+ep)";

/** `10.0.0.0/8 via 192.0.2.1 dev eth0 metric 5`, without what it does not have. */
export function describeRoute(route: Route, device?: string): string {
  const words = [`${route.destination}/${route.prefixLength}`];
  if (route.gateway !== undefined) words.push("via", route.gateway);
  if (device !== undefined) words.push("dev", device);
  if (route.metric !== undefined) words.push("metric", String(route.metric));
  return words.join(" ");
}
