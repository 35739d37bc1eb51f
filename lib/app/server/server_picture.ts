/**
 * What a server's status says, taken from its instances and counters.
 *
 * @module
 */

import type { SharedCounters } from "../../loop/counters.ts";
import type { ClientStatus, RouteStatus, ServerStatus } from "../status/server_status.ts";
import type { PeerInfo } from "../../wire/peer_info.ts";
import type { ServerClient } from "./server_client.ts";

/** The clients that are let in, by peer-id, and what goes to them. */
export function serverStatus(
  instances: readonly ServerClient[],
  counters: SharedCounters,
): ServerStatus {
  const clients: ClientStatus[] = [];
  const routes: RouteStatus[] = [];
  for (const instance of instances) {
    if (instance.lease === undefined) continue;
    const { lease, commonName, endpoint: realAddress, createdAt } = instance;
    const { username, peerInfo, roundTrip } = instance;
    const { bytesIn, bytesOut, lastReceived } = counters.peer(lease.peerId);
    clients.push({
      commonName,
      realAddress,
      virtualAddress: lease.address,
      virtualIpv6Address: lease.ipv6?.address,
      bytesReceived: bytesIn,
      bytesSent: bytesOut,
      connectedSince: createdAt,
      clientId: instance.id,
      peerId: lease.peerId,
      cipher: instance.cipher ?? "",
      username,
      ...peerInfo?.get("IV_VER") !== undefined && { clientVersion: versionOf(peerInfo) },
      ...lastReceived > 0 && { lastReceived },
      ...roundTrip !== undefined && {
        roundTrip: roundTrip.time,
        roundTripMeasuredAt: roundTrip.measuredAt,
      },
    });
    const lastReference = lastReceived || createdAt;
    const behind = lease.networks.map(({ network, prefixLength }) => `${network}/${prefixLength}`);
    for (const virtualAddress of [lease.address, lease.ipv6?.address, ...behind]) {
      if (virtualAddress === undefined) continue;
      routes.push({ virtualAddress, commonName, realAddress, lastReference });
    }
  }
  return { time: Date.now(), clients, routes };
}

/** `2.6.14 linux`: the variables IV_VER and IV_PLAT of openvpn(8), `--push-peer-info`. */
function versionOf(peerInfo: PeerInfo): string {
  return [peerInfo.get("IV_VER"), peerInfo.get("IV_PLAT")].filter((part) => part).join(" ");
}
