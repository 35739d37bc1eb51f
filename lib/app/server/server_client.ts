/**
 * What a server knows of each of its clients.
 *
 * @module
 */

import type { AccessRuleOption, ClientNetwork } from "../../config/config.ts";
import type { AcceptedClient } from "../../control/reset_responder.ts";
import type { ClientAddresses } from "../per_client/address_book.ts";
import type { ClientKey } from "../../crypto/tls_crypt_v2_key.ts";
import type { VerifiedPeer } from "../../pki/mod.ts";
import type { RoundTrip } from "../../reliable/round_trip.ts";
import type { PeerInfo } from "../../wire/peer_info.ts";

/** A place among the server's peers, and the address that goes with it. */
export interface Lease {
  readonly peerId: number;
  /** Virtual IPv4 address; absent without a pool. */
  readonly address?: string;
  readonly netmask: string;
  /** Virtual IPv6 address, and the server's own. */
  readonly ipv6?: ClientAddresses["ipv6"];
  /** Networks behind the client. */
  readonly networks: readonly ClientNetwork[];
  /** With whom it may talk; undefined: with everybody. */
  readonly access?: readonly AccessRuleOption[];
}

/** What a client without certificate is called, unless by its user name; as in OpenVPN. */
export const namelessClient = "UNDEF";

/** A client instance, as the rest of the server sees it. */
export interface ServerClient {
  /** Counts the clients of a server: the CID of OpenVPN's management interface. */
  readonly id: number;
  /** ms since 1970. */
  readonly createdAt: number;
  /** The worker's number of the socket that it came in by. */
  readonly socket: number;
  /** Its raw sockaddr, where it is now. */
  readonly address: Uint8Array;
  /** The same as text. */
  readonly endpoint: string;
  /** tls-crypt-v2: its own key. */
  readonly clientKey: ClientKey | undefined;
  /** What it is called, once admitted. */
  readonly commonName: string | undefined;
  /** What it showed, once checked. */
  readonly certificate: VerifiedPeer | undefined;
  /** The data channel's cipher, once negotiated. */
  readonly cipher: string | undefined;
  /** What it says of itself, once it has. */
  readonly peerInfo: PeerInfo | undefined;
  /** As whom it logged in, where it did. */
  readonly username: string | undefined;
  /** Its place, once admitted. */
  readonly lease: Lease | undefined;
  /** When it got its newest keys, ms since 1970. */
  readonly keysSince: number | undefined;
  /** The way there and back, by the control channel, once measured. */
  readonly roundTrip: RoundTrip | undefined;
  /** Whether a control datagram from its address says that it is this client's. */
  matches(datagram: Uint8Array): boolean;
  /** Takes a control datagram. */
  receive(datagram: Uint8Array): void;
  /** Its packets come from another address now. */
  float(socket: number, address: Uint8Array, endpoint: string): void;
  /** Tells it something (`RESTART`, `AUTH_FAILED,…`). */
  tell(message: string): void;
  /** Sends it PUSH_UPDATE messages; false when it does not take them, or is not in yet. */
  pushUpdate(messages: readonly string[]): boolean;
  renegotiate(): void;
  /** Renegotiates when the key has carried as much as it may. */
  checkVolume(): void;
  /** Takes it out of the data plane at once, tells it AUTH_FAILED, and ends the session. */
  dismiss(answer: string): void;
  /** Ends the session; the peer is not told. */
  close(reason: string): void;
}

/** How a client came in. */
export interface InstanceOrigin {
  /** Counts the instances of a server: the CID of OpenVPN's management interface. */
  readonly id: number;
  /** The worker's number of the socket. */
  readonly socket: number;
  /** The client's raw sockaddr. */
  readonly address: Uint8Array;
  /** The same as text, for logs. */
  readonly endpoint: string;
  readonly accepted: AcceptedClient;
}
