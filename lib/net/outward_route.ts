/**
 * The way beside the tunnel: which route of the main table leads to an address when those into the
 * tunnel are left out.
 *
 * @module
 */

import { type Netlink, parseAddress, type Route, RouteTable, RouteType } from "deno-tun";

/**
 * The route that packets to `address` would take.
 *
 * @param leftOut Routes that do not count.
 */
export function outwardRoute(
  netlink: Netlink,
  address: string,
  leftOut: (route: Route) => boolean,
): Route | undefined {
  const family = parseAddress(address)?.length === 4 ? 4 : 6;
  let best: Route | undefined;
  for (const route of netlink.routes({ family, table: RouteTable.MAIN })) {
    if (route.type !== RouteType.UNICAST || route.interfaceIndex === undefined) continue;
    if (leftOut(route) || !routeCovers(route, address)) continue;
    const longer = best === undefined || route.prefixLength > best.prefixLength;
    const preferred = best !== undefined && route.prefixLength === best.prefixLength &&
      (route.metric ?? 0) < (best.metric ?? 0);
    if (longer || preferred) best = route;
  }
  return best;
}

/** Whether an address is in a route's network. */
export function routeCovers(
  { destination, prefixLength }: Pick<Route, "destination" | "prefixLength">,
  address: string,
): boolean {
  const [a, b] = [parseAddress(destination), parseAddress(address)];
  if (a === undefined || b === undefined || a.length !== b.length) return false;
  for (let bit = 0; bit < prefixLength && bit < a.length * 8; bit++) {
    const mask = 0x80 >>> (bit & 7);
    if (((a[bit >>> 3] ^ b[bit >>> 3]) & mask) !== 0) return false;
  }
  return true;
}
