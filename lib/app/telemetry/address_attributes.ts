/**
 * Addresses by OpenTelemetry's semantic conventions (registry/attributes: client, server, network).
 *
 * @module
 */

import type { Attributes } from "../../base/tracing.ts";
import type { Transport } from "../../config/config.ts";

/** Of the peer: a client where we serve, a server where we are a client. */
export function addressAttributes(
  peer: "client" | "server",
  { hostname, port }: { readonly hostname: string; readonly port: number },
  transport: Transport,
): Attributes {
  // What a socket for both families says of an IPv4 client (RFC 4291, section 2.5.5.2).
  const address = hostname.replace(/^::ffff:(?=\d+\.)/i, "");
  return {
    [`${peer}.address`]: address,
    [`${peer}.port`]: port,
    "network.transport": transport,
    "network.type": address.includes(":") ? "ipv6" : "ipv4",
  };
}
