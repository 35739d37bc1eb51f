/**
 * The way of an exit node's traffic by one interface, also where this machine's own traffic leaves by
 * another: a table of routes of its own, and rules for what comes out of the tunnel.
 *
 * ```text
 * 32700  from the tunnel: main, without its default route    networks that the machine knows
 * 32701  from the tunnel: our table                          default route by the interface
 * 32766  main
 * ```
 *
 * @module
 */

import { type Netlink, type Route, RouteProtocol, RouteTable, RouteType } from "deno-tun";
import type { Log } from "../base/log.ts";
import type { AppliedChanges } from "./applied_changes.ts";
import { readSysctl } from "./changes/sysctl_file.ts";
import { describeRoute, routeError } from "./routes.ts";
import { holdSysctl } from "./sysctl.ts";

/** Just before the main table's 32766, and behind the rules that others have made. */
const priority = 32700;

/** "vp" and 16 bits for the tunnel: nobody else's table, as tables go. */
const firstTable = 0x76700000;

/** An interface. */
export interface ExitInterface {
  readonly index: number;
  readonly name: string;
}

/** What routing needs. */
export interface ExitRoutingContext {
  readonly netlink: Netlink;
  readonly changes: AppliedChanges;
  readonly log: Log;
}

/**
 * Has what comes out of the tunnel leave by `out`.
 *
 * @throws {VpnError} when a route or rule is refused.
 */
export function routeExit(
  tunnel: ExitInterface,
  out: ExitInterface,
  family: 4 | 6,
  context: ExitRoutingContext,
): void {
  const { netlink, log } = context;
  const defaults = netlink.routes({ family }).filter(isDefault)
    .sort((a, b) => (a.metric ?? 0) - (b.metric ?? 0));
  const [best] = defaults.filter(({ table }) => table === RouteTable.MAIN);
  if (best?.interfaceIndex === out.index) return;
  const route = defaults.find(({ interfaceIndex }) => interfaceIndex === out.index);
  if (route === undefined) {
    const message = `there is no IPv${family} default route by ${out.name}: nothing leaves there`;
    // Many machines have no IPv6 at all, and that is no mistake.
    if (family === 4) log.warn(message);
    else log.at(3, message);
    return;
  }
  addRouting(tunnel, out, route, family, context);
  if (family === 4) acceptAnswers(out.name, context.changes);
}

function isDefault({ prefixLength, type, multipath }: Route): boolean {
  return prefixLength === 0 && type === RouteType.UNICAST && multipath !== true;
}

function addRouting(
  tunnel: ExitInterface,
  out: ExitInterface,
  { destination, gateway }: Route,
  family: 4 | 6,
  { netlink, changes, log }: ExitRoutingContext,
): void {
  const table = firstTable + (tunnel.index & 0xffff);
  const route = {
    destination,
    prefixLength: 0,
    ...gateway === undefined ? {} : { gateway },
    interfaceIndex: out.index,
    table,
    protocol: RouteProtocol.STATIC,
  };
  const common = { family, inputInterface: tunnel.name };
  const known = { ...common, priority, table: RouteTable.MAIN, suppressPrefixLength: 0 };
  const rest = { ...common, priority: priority + 1, table };
  const what = describeRoute(route, out.name);
  try {
    changes.make({ kind: "route-added", route }, () => netlink.addRoute(route));
    for (const rule of [known, rest]) {
      changes.make({ kind: "rule-added", rule }, () => netlink.addRule(rule));
    }
  } catch (error) {
    throw routeError(`cannot send the exit node's traffic by ${what}`, error);
  }
  log.at(3, `exit node: from ${tunnel.name} by ${what}`);
}

/**
 * Answers come in by an interface that the machine itself would not send by: with strict reverse
 * path filtering (RFC 3704; the greater of the two switches counts) they would be dropped.
 */
function acceptAnswers(out: string, changes: AppliedChanges): void {
  const own = `net/ipv4/conf/${out}/rp_filter`;
  const values = [own, "net/ipv4/conf/all/rp_filter"].map((name) => Number(readSysctl(name) ?? 0));
  if (Math.max(...values) === 1) holdSysctl(own, "2", changes);
}
