/**
 * A server's status in OpenVPN's three formats.
 *
 * Source: openvpn(8), `--status-version`; the columns are those of OpenVPN 2.6.14.
 *
 * @module
 */

import {
  programTitle,
  statusField,
  statusTime,
  type StatusVersion,
  undefinedName,
  unixTime,
} from "./status_text.ts";

/** One client that is let in. Times are ms since 1970. */
export interface ClientStatus {
  /** What it is called. */
  readonly commonName?: string;
  /** `1.2.3.4:5` or `[::1]:5`. */
  readonly realAddress: string;
  /** IPv4 address in the tunnel. */
  readonly virtualAddress?: string;
  /** IPv6 address in the tunnel. */
  readonly virtualIpv6Address?: string;
  /** From the client. */
  readonly bytesReceived: number;
  /** To the client. */
  readonly bytesSent: number;
  /** When its first packet came. */
  readonly connectedSince: number;
  /** Of `auth-user-pass`. */
  readonly username?: string;
  /** Counts connections since the start of the server: the CID of the management interface. */
  readonly clientId: number;
  /** Its number in the data plane. */
  readonly peerId: number;
  /** Of the data channel. */
  readonly cipher: string;
  /** What the client says that it is, as `2.6.14 linux`. */
  readonly clientVersion?: string;
  /** When something last came from it. */
  readonly lastReceived?: number;
  /** Round-trip time of the control channel, smoothed, ms; absent before it is measured. */
  readonly roundTrip?: number;
  /** When it was last measured: at the connection, or at a renegotiation. */
  readonly roundTripMeasuredAt?: number;
}

/** A network or address that is reached through a client. */
export interface RouteStatus {
  /** `10.8.0.2`, `10.1.0.0/16`, `2001:db8::/64`. */
  readonly virtualAddress: string;
  readonly commonName?: string;
  readonly realAddress: string;
  /** When a packet last went that way, ms since 1970. */
  readonly lastReference: number;
}

/** All of it. */
export interface ServerStatus {
  /** Of this picture, ms since 1970. */
  readonly time: number;
  readonly clients: readonly ClientStatus[];
  readonly routes: readonly RouteStatus[];
}

/** The lines of a status file. */
export function formatServerStatus(status: ServerStatus, version: StatusVersion): string[] {
  return version === 1 ? firstVersion(status) : laterVersion(status, version === 2 ? "," : "\t");
}

function firstVersion({ time, clients, routes }: ServerStatus): string[] {
  return [
    "OpenVPN CLIENT LIST",
    `Updated,${statusTime(time)}`,
    "Common Name,Real Address,Bytes Received,Bytes Sent,Connected Since",
    ...clients.map((client) =>
      [
        name(client.commonName),
        client.realAddress,
        client.bytesReceived,
        client.bytesSent,
        statusTime(client.connectedSince),
      ].join(",")
    ),
    "ROUTING TABLE",
    "Virtual Address,Common Name,Real Address,Last Ref",
    ...routes.map((route) =>
      [
        route.virtualAddress,
        name(route.commonName),
        route.realAddress,
        statusTime(route.lastReference),
      ].join(",")
    ),
    "GLOBAL STATS",
    `Max bcast/mcast queue length,${broadcastQueue}`,
    "END",
  ];
}

const clientColumns = [
  "Common Name",
  "Real Address",
  "Virtual Address",
  "Virtual IPv6 Address",
  "Bytes Received",
  "Bytes Sent",
  "Connected Since",
  "Connected Since (time_t)",
  "Username",
  "Client ID",
  "Peer ID",
  "Data Channel Cipher",
];

const routeColumns = [
  "Virtual Address",
  "Common Name",
  "Real Address",
  "Last Ref",
  "Last Ref (time_t)",
];

/** Packets to all clients do not wait here: they go out with the batch that they came in. */
const broadcastQueue = 0;

function laterVersion({ time, clients, routes }: ServerStatus, separator: string): string[] {
  const rows: (string | number)[][] = [
    ["TITLE", programTitle],
    ["TIME", statusTime(time), unixTime(time)],
    ["HEADER", "CLIENT_LIST", ...clientColumns],
    ...clients.map((client) => [
      "CLIENT_LIST",
      name(client.commonName),
      client.realAddress,
      client.virtualAddress ?? "",
      client.virtualIpv6Address ?? "",
      client.bytesReceived,
      client.bytesSent,
      statusTime(client.connectedSince),
      unixTime(client.connectedSince),
      name(client.username),
      client.clientId,
      client.peerId,
      client.cipher,
    ]),
    ["HEADER", "ROUTING_TABLE", ...routeColumns],
    ...routes.map((route) => [
      "ROUTING_TABLE",
      route.virtualAddress,
      name(route.commonName),
      route.realAddress,
      statusTime(route.lastReference),
      unixTime(route.lastReference),
    ]),
    ["GLOBAL_STATS", "Max bcast/mcast queue length", broadcastQueue],
    ["GLOBAL_STATS", "dco_enabled", 0],
    ["END"],
  ];
  return rows.map((row) => row.join(separator));
}

function name(text: string | undefined): string {
  return text === undefined || text === "" ? undefinedName : statusField(text);
}
