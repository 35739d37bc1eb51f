/**
 * What a server makes of one client while it is let in: collected by the admission's steps.
 *
 * @module
 */

import type {
  AccessRuleOption,
  ClientNetwork,
  ClientOptions,
  InactiveOptions,
  ServerConfig,
} from "../../config/config.ts";
import { formatIpv4, parseIpv4, prefixLengthNetmask } from "../../base/ipv4.ts";
import { formatIpv6, ipv6NetworkOf, parseIpv6 } from "../../base/ipv6.ts";
import type { PushList } from "../server/push_list.ts";
import type { ClientAddresses } from "./address_book.ts";

/** See the module's page. */
export interface ClientSettings {
  addresses: ClientAddresses;
  /** Gives the addresses back. */
  releaseAddresses: () => void;
  /** Networks behind the client. */
  networks: readonly ClientNetwork[];
  /** With whom it may talk; undefined: with everybody. */
  access: readonly AccessRuleOption[] | undefined;
  /** Whether that is its own list, and not the one of all clients. */
  ownAccess: boolean;
  /** End when there is little traffic. */
  inactive: InactiveOptions | undefined;
  /** Seconds; 0: no end. */
  sessionTimeout: number;
  /** `ifconfig-push` and `ifconfig-ipv6-push`, the last ones. */
  push: Pick<ClientOptions, "ifconfigPush" | "ifconfigIpv6Push">;
}

/** What holds for clients of which nothing else is said. */
export function noSettings(
  { inactive, sessionTimeout, access }: Pick<
    ServerConfig,
    "inactive" | "sessionTimeout" | "access"
  >,
): ClientSettings {
  return {
    addresses: {},
    releaseAddresses: () => {},
    networks: [],
    access: access.length > 0 ? access : undefined,
    ownAccess: false,
    inactive,
    sessionTimeout,
    push: {},
  };
}

/** Adds what a client's file, or its program, says. */
export function applyClientOptions(
  options: ClientOptions,
  settings: ClientSettings,
  push: PushList,
): void {
  for (const change of options.pushes) {
    if (change.kind === "add") push.add(change.option);
    else if (change.kind === "reset") push.reset();
    else push.remove(change.prefix);
  }
  const { ifconfigPush, ifconfigIpv6Push } = options;
  settings.push = {
    ifconfigPush: ifconfigPush ?? settings.push.ifconfigPush,
    ifconfigIpv6Push: ifconfigIpv6Push ?? settings.push.ifconfigIpv6Push,
  };
  settings.networks = [...settings.networks, ...options.iroutes];
  if (options.access.length > 0) {
    const before = settings.ownAccess ? settings.access ?? [] : [];
    settings.access = [...before, ...options.access];
    settings.ownAccess = true;
  }
  settings.inactive = options.inactive ?? settings.inactive;
  settings.sessionTimeout = options.sessionTimeout ?? settings.sessionTimeout;
}

/** The pushed options without routes to the client's own networks (`remove_iroutes_from_push…`). */
export function withoutOwnNetworks(
  options: readonly string[],
  networks: readonly ClientNetwork[],
): string[] {
  const own = new Set(networks.map(networkKey));
  return options.filter((option) => {
    const network = routeNetwork(option);
    return network === undefined || !own.has(networkKey(network));
  });
}

/** The network of a pushed `route` or `route-ipv6`; undefined for any other option. */
function routeNetwork(option: string): ClientNetwork | undefined {
  const [name, first = "", mask = "255.255.255.255"] = option.trim().split(/\s+/);
  if (name === "route-ipv6") {
    const [network, bits = "128"] = first.split("/");
    if (parseIpv6(network) === undefined || !/^\d{1,3}$/.test(bits)) return undefined;
    return { network, prefixLength: Math.min(Number(bits), 128) };
  }
  if (name !== "route" || parseIpv4(first) === undefined) return undefined;
  const netmask = mask === "default" ? 0xffffffff : parseIpv4(mask);
  for (let bits = 0; bits <= 32; bits++) {
    if (netmask === prefixLengthNetmask(bits)) return { network: first, prefixLength: bits };
  }
  return undefined;
}

/** The same for the same network, whichever address in it is named. */
function networkKey({ network, prefixLength }: ClientNetwork): string {
  const ipv4 = parseIpv4(network);
  if (ipv4 === undefined) {
    return `${formatIpv6(ipv6NetworkOf(parseIpv6(network) ?? 0n, prefixLength))}/${prefixLength}`;
  }
  const size = 2 ** (32 - prefixLength);
  return `${formatIpv4(ipv4 - ipv4 % size)}/${prefixLength}`;
}
