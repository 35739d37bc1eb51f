/**
 * What a server is made of, and what an instance needs of its server.
 *
 * @module
 */

import type { VpnError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { ServerConfig, Transport } from "../../config/config.ts";
import type { TlsCredentials } from "../../control/tls_channel.ts";
import type { ControlWrap } from "../../crypto/control_wrap.ts";
import type { PeerTraffic } from "../../loop/counters.ts";
import type { DataPlaneCommand } from "../../loop/data_plane.ts";
import type { PeerInfo } from "../../wire/peer_info.ts";
import type { ClientKeyPolicy } from "../control_protection/client_key_policy.ts";
import type { ClientKeyVerification } from "../control_protection/client_key_verification.ts";
import type { PeerTrust } from "../peer_trust.ts";
import type { Programs } from "../programs/programs.ts";
import type { AdmissionStep, Candidate } from "./admission.ts";
import type { Lease, ServerClient } from "./server_client.ts";
import type { ServerCounters } from "./server_counters.ts";

/** What a server is made of. */
export interface ServerParts {
  readonly config: ServerConfig;
  readonly credentials: TlsCredentials;
  readonly wrap: ControlWrap;
  /** tls-crypt-v2: which of the clients' keys may be used. */
  readonly clientKeys?: ClientKeyPolicy;
  /** `tls-crypt-v2-verify`. */
  readonly clientKeyVerification?: ClientKeyVerification;
  readonly trust: PeerTrust;
  readonly log: Log;
  /** Runs what the configuration names. */
  readonly programs: Programs;
  /** Asks who a client's user is; undefined: certificates decide alone. */
  readonly loginStep: AdmissionStep | undefined;
  /** The last step of a client's admission. */
  readonly lastStep?: AdmissionStep;
  /** Called once, when the server cannot go on. */
  failed(error: VpnError): void;
}

/** What an instance needs of its server. */
export interface ServerContext {
  readonly config: ServerConfig;
  readonly credentials: TlsCredentials;
  readonly wrap: ControlWrap;
  readonly trust: PeerTrust;
  readonly log: Log;
  readonly counters: ServerCounters;
  /** What clients have to pass, in order. */
  readonly steps: readonly AdmissionStep[];
  /** What carries a socket's datagrams. */
  transport(socket: number): Transport;
  /** Sends a control datagram. */
  transmit(socket: number, address: Uint8Array, datagram: Uint8Array): void;
  command(command: DataPlaneCommand): void;
  /** Resolves when the worker has taken the keys. */
  keyInstalled(peer: number, keyId: number): Promise<void>;
  /**
   * A place for a client that has passed all steps; closes its former session, unless
   * `duplicate-cn`.
   *
   * @throws {VpnError} when the server is full.
   */
  lease(client: ServerClient, candidate: Candidate): Lease;
  /** The client has become a peer of the data plane, and has no keys yet. */
  joined(client: ServerClient, peerInfo: PeerInfo, pushed: readonly string[]): void;
  closed(client: ServerClient): void;
  /** A control packet of this peer was authentic. */
  heard(peerId: number): void;
  /** What was counted for the peer. */
  traffic(peerId: number): PeerTraffic;
}
