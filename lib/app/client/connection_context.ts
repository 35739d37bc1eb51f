/**
 * What a client's connection needs of its client, and how it ends.
 *
 * @module
 */

import type { VpnError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { ClientConfig, Connection, PulledOptions } from "../../config/config.ts";
import type { TlsCredentials } from "../../control/tls_channel.ts";
import type { ControlWrap } from "../../crypto/control_wrap.ts";
import type { PeerTraffic } from "../../loop/counters.ts";
import type { DataPlaneCommand } from "../../loop/data_plane.ts";
import type { TemporaryFailure } from "../../wire/control_message.ts";
import type { PeerTrust } from "../peer_trust.ts";
import type { ClientStates } from "./client_states.ts";
import type { CredentialPrompt } from "./credential_prompt.ts";

/** User name and password, or what stands for them. */
export interface UserCredentials {
  readonly username: string;
  readonly password: string;
}

/** Why a connection ended. */
export type ConnectionEnd =
  /** Try again, at the next address or remote. */
  | { readonly kind: "restart"; readonly reason: string; readonly error?: VpnError }
  /** As `restart`, when there was no connection at all; that is in the log already. */
  | { readonly kind: "unreachable" }
  /** The server does not take our credentials. */
  | {
    readonly kind: "auth-failed";
    readonly reason?: string;
    readonly temporary?: TemporaryFailure;
  }
  /** The program ends. */
  | { readonly kind: "exit"; readonly reason: string; readonly error?: VpnError };

/** Why it ended, as OpenVPN's states name it. */
export function endReason(end: ConnectionEnd): string {
  switch (end.kind) {
    case "auth-failed":
      return "auth-failure";
    case "unreachable":
      return "init_instance";
    default:
      return end.reason;
  }
}

/** What a connection needs of its client. */
export interface ConnectionContext {
  readonly config: ClientConfig;
  readonly connection: Connection;
  readonly credentials: TlsCredentials;
  readonly wrap: ControlWrap;
  readonly trust: PeerTrust;
  readonly log: Log;
  /** The worker's number of the socket. */
  readonly socket: number;
  /** The server's raw sockaddr. */
  readonly address: Uint8Array;
  transmit(datagram: Uint8Array): void;
  command(command: DataPlaneCommand): void;
  /** Resolves when the worker has taken the keys. */
  keyInstalled(keyId: number): Promise<void>;
  /** What was counted for the server. */
  traffic(): PeerTraffic;
  userCredentials(): Promise<UserCredentials | undefined>;
  /** `auth-token` was pushed: it stands for the password from now on. */
  authToken(token: string, username: string | undefined): void;
  readonly prompt: CredentialPrompt;
  readonly states: ClientStates;
  /** The program ends: questions are given up. */
  readonly stopped: AbortSignal;
  /** Device, addresses and routes as pulled; resolves when they are there. */
  openTunnel(pulled: PulledOptions): Promise<void>;
  /** Traffic can flow. */
  up(): void;
  ended(end: ConnectionEnd): void;
}
