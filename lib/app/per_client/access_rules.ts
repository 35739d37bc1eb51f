/**
 * A client's access list as the data plane takes it.
 *
 * @module
 */

import { parseAddress } from "deno-tun";
import type { AccessRuleOption } from "../../config/config.ts";
import type { AccessRule } from "../../data/access_list.ts";
import { Protocol } from "../../data/transport_header.ts";

const protocols = { tcp: Protocol.TCP, udp: Protocol.UDP, icmp: Protocol.ICMP } as const;

/** The rules, in their order. */
export function accessRules(options: readonly AccessRuleOption[]): AccessRule[] {
  return options.map(({ allow, network, prefixLength, protocol, ports }) => ({
    allow,
    network: parseAddress(network)!,
    prefixLength,
    protocol: protocol === undefined ? 0 : protocols[protocol],
    firstPort: ports?.first ?? 0,
    lastPort: ports?.last ?? 0xffff,
  }));
}
