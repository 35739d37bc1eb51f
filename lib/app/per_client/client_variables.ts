/**
 * What programs are told of a client that is let in.
 *
 * Source: openvpn(8), "Environmental Variables"; OpenVPN's `multi.c` (`multi_client_connect_setenv`,
 * `multi_set_virtual_addr_env`, `multi_client_disconnect_setenv`).
 *
 * @module
 */

import { timestamp } from "../../base/log.ts";
import { addressVariables } from "../programs/address_variables.ts";
import { certificateVariables } from "../programs/certificate_variables.ts";
import type { ScriptVariables } from "../programs/script_variables.ts";
import type { Candidate } from "../server/admission.ts";

/** The variables of a client as it is now. */
export function clientVariables(candidate: Candidate): ScriptVariables {
  const { certificate, peerInfo, address, commonName, createdAt, settings } = candidate;
  const { ipv4, ipv6 } = settings.addresses;
  const announced: Record<string, string> = {};
  for (const [name, value] of peerInfo) if (/^[IU]V_/.test(name)) announced[name] = value;
  return {
    ...announced,
    ...(certificate !== undefined && certificateVariables(certificate.path)),
    ...candidate.variables,
    ...addressVariables("untrusted", address),
    ...addressVariables("trusted", address),
    common_name: commonName,
    time_ascii: timestamp(createdAt),
    time_unix: String(Math.floor(createdAt / 1000)),
    ...(ipv4 !== undefined && {
      ifconfig_pool_remote_ip: ipv4.address,
      ifconfig_pool_netmask: ipv4.netmask,
    }),
    ...(ipv6 !== undefined && {
      ifconfig_pool_remote_ip6: ipv6.address,
      ifconfig_pool_local_ip6: ipv6.remote,
      ifconfig_pool_ip6_netbits: String(ipv6.prefixLength),
    }),
  };
}
