/**
 * The addresses of a server and its clients: `server`, `server-ipv6`, `ifconfig-pool`,
 * `ifconfig-ipv6-pool`.
 *
 * Source: OpenVPN's helper.c (`helper_client_server`), pool.c (`ifconfig_pool_init`).
 *
 * @module
 */

import { formatIpv4, parseIpv4 } from "../base/ipv4.ts";
import { formatIpv6, ipv6NetworkOf, parseIpv6 } from "../base/ipv6.ts";
import type { AddressPool, AddressPoolIpv6 } from "./config.ts";
import type { Draft } from "./draft.ts";
import { ConfigError } from "./errors.ts";
import { exclude } from "./finish_common.ts";
import { prefixLengthOf } from "./parameters.ts";

/** Addresses of a pool at most (IFCONFIG_POOL_MAX of pool.h). */
const maximumPoolSize = 65536;

/** What `server` and `server-ipv6` stand for (helper_client_server() with topology subnet). */
export function expandServer(draft: Draft): Draft {
  return expandIpv4(expandIpv6(draft));
}

function expandIpv6(draft: Draft): Draft {
  if (draft.serverIpv6 === undefined) return draft;
  if (draft.poolIpv6 !== undefined) exclude(draft, "server-ipv6", "ifconfig-ipv6-pool");
  const position = draft.positions.get("server-ipv6");
  if (draft.server?.pool === false) {
    throw new ConfigError(
      `"server-ipv6" and "server … nopool" exclude each other`,
      `write "ifconfig-ipv6" in place of "server-ipv6"`,
      position,
    );
  }
  const { network, prefixLength } = draft.serverIpv6;
  checkIpv6Prefix(draft, "server-ipv6", prefixLength);
  const base = ipv6NetworkOf(parseIpv6(network)!, prefixLength);
  if (base !== parseIpv6(network)) {
    throw new ConfigError(
      `"server-ipv6": ${network} isn't the first address of a network with /${prefixLength}`,
      `write "server-ipv6 ${formatIpv6(base)}/${prefixLength}"`,
      position,
    );
  }
  return {
    ...draft,
    ifconfigIpv6: { local: formatIpv6(base + 1n), prefixLength, remote: formatIpv6(base + 2n) },
    // Large networks leave room for static addresses in front of the pool.
    poolIpv6: { network: formatIpv6(base + (prefixLength < 112 ? 0x1000n : 2n)), prefixLength },
  };
}

// The bounds of OpenVPN's options.c.
function checkIpv6Prefix(draft: Draft, option: string, prefixLength: number): void {
  if (prefixLength >= 64 && prefixLength <= 124) return;
  throw new ConfigError(
    `"${option}": the network is a /${prefixLength}, it must be a /64 to /124`,
    `write "${option} fd00:8::/64", or another /64 of yours`,
    draft.positions.get(option),
  );
}

function expandIpv4(draft: Draft): Draft {
  if (draft.server === undefined) {
    if (draft.ifconfig === undefined && draft.ifconfigIpv6 === undefined) {
      throw new ConfigError(
        `"server" is missing, so there are no addresses`,
        `write "server 10.8.0.0 255.255.255.0"`,
        draft.positions.get("mode"),
      );
    }
    return draft;
  }
  const { network, netmask, pool } = draft.server;
  const position = draft.positions.get("server");
  if (pool && draft.pool !== undefined) exclude(draft, "server", "ifconfig-pool");
  const bits = prefixLengthOf(netmask) ?? 0;
  // IFCONFIG_POOL_MIN_NETBITS, and the most that leaves room for clients.
  if (bits < 16 || bits > 29) {
    throw new ConfigError(
      `"server": the netmask ${netmask} is /${bits}, it must be /16 to /29`,
      `write "server ${network} 255.255.255.0"`,
      position,
    );
  }
  const base = parseIpv4(network)!;
  const size = 2 ** (32 - bits);
  if (base % size !== 0) {
    throw new ConfigError(
      `"server": ${network} isn't the first address of a network with the netmask ${netmask}`,
      `write "server ${formatIpv4(base - base % size)} ${netmask}"`,
      position,
    );
  }
  const own = formatIpv4(base + 1);
  return {
    ...draft,
    ifconfig: { local: own, remoteOrNetmask: netmask },
    ...(pool && {
      pool: { start: formatIpv4(base + 2), end: formatIpv4(base + size - 2), netmask },
    }),
    routeGateway: draft.routeGateway ?? formatIpv4(base + 2),
  };
}

/** What `server` and `server-ipv6` add to what every client is pushed. */
export function serverPushes(expanded: Draft): string[] {
  const ipv6 = expanded.serverIpv6 === undefined ? [] : ["tun-ipv6"];
  if (expanded.server === undefined || expanded.ifconfig === undefined) return ipv6;
  return [...ipv6, `route-gateway ${expanded.ifconfig.local}`, "topology subnet"];
}

/** IPv4 addresses for clients. */
export function addressPool(draft: Draft): AddressPool | undefined {
  const { pool, ifconfig } = draft;
  if (pool === undefined) return undefined;
  const netmask = pool.netmask ?? ifconfig?.remoteOrNetmask ?? "";
  if (prefixLengthOf(netmask) === undefined) {
    throw new ConfigError(
      `"ifconfig-pool" has no netmask, and "ifconfig" neither`,
      `write "ifconfig-pool ${pool.start} ${pool.end} 255.255.255.0"`,
      draft.positions.get("ifconfig-pool"),
    );
  }
  return { start: pool.start, end: pool.end, netmask };
}

/** IPv6 addresses for clients. */
export function addressPoolIpv6(draft: Draft): AddressPoolIpv6 | undefined {
  const { poolIpv6 } = draft;
  if (poolIpv6 === undefined) return undefined;
  const { network, prefixLength } = poolIpv6;
  checkIpv6Prefix(draft, "ifconfig-ipv6-pool", prefixLength);
  if (draft.ifconfigIpv6 === undefined) {
    throw new ConfigError(
      `"ifconfig-ipv6-pool" without "ifconfig-ipv6": clients would have no other end`,
      `add "ifconfig-ipv6 ADDRESS/BITS ADDRESS", or write "server-ipv6"`,
      draft.positions.get("ifconfig-ipv6-pool"),
    );
  }
  let start = parseIpv6(network)!;
  // The first address of a network is every router's (RFC 4291, section 2.6.1).
  if (start === ipv6NetworkOf(start, prefixLength)) start++;
  const end = ipv6NetworkOf(start, prefixLength) + (1n << BigInt(128 - prefixLength));
  const room = end - start;
  return {
    start: formatIpv6(start),
    size: room > maximumPoolSize ? maximumPoolSize : Number(room),
    prefixLength,
  };
}
