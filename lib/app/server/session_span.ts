/**
 * What a server's spans say of a client.
 *
 * @module
 */

import { decodeSockaddr } from "deno-tun";
import type { Attributes } from "../../base/tracing.ts";
import type { Transport } from "../../config/config.ts";
import { addressAttributes } from "../telemetry/address_attributes.ts";
import type { ServerClient } from "./server_client.ts";

/** What is known at its first packet. */
export function clientAttributes(
  id: number,
  address: Uint8Array,
  transport: Transport,
): Attributes {
  return {
    "vpn.client.id": id,
    ...addressAttributes("client", decodeSockaddr(address), transport),
  };
}

/** What is known once it is in. */
export function admittedAttributes(
  { commonName = "", username, cipher = "", lease }: ServerClient,
): Attributes {
  return {
    "vpn.common_name": commonName,
    ...username !== undefined && { "user.name": username },
    "vpn.cipher": cipher,
    ...lease !== undefined && { "vpn.peer_id": lease.peerId },
    ...lease?.address !== undefined && { "vpn.address": lease.address },
  };
}
