/**
 * What the portal shows and does: the one interface between its pages and API, which know nothing of
 * tunnels, and the server behind it. Times are milliseconds since 1970, sizes bytes, rates bytes per
 * second.
 *
 * Whoever calls has checked that the caller may: {@linkcode PortalService} itself asks nobody.
 * Failures that are the caller's are {@linkcode PortalError}s.
 *
 * @module
 */

import { VpnError } from "../base/errors.ts";

/** Why a request can't be done; each is an HTTP status of its own. */
export type PortalReason = "invalid" | "not-found" | "conflict" | "unavailable";

/** A request that can't be done; nothing was changed. */
export class PortalError extends VpnError {
  /** The class's name, for logs. */
  override readonly name = "PortalError";

  constructor(readonly reason: PortalReason, message: string, remedy?: string) {
    super(message, remedy);
  }
}

/** An error of the caller's, for one that says so otherwise; anything else is thrown on. */
export function asPortalError(reason: PortalReason, error: unknown): PortalError {
  if (!(error instanceof VpnError)) throw error;
  return new PortalError(reason, error.message, error.remedy);
}

/** Traffic of all clients over one interval. */
export interface ThroughputSample {
  /** End of the interval. */
  readonly time: number;
  /** From clients, bytes per second. */
  readonly received: number;
  /** To clients, bytes per second. */
  readonly sent: number;
}

/** Something with an end that somebody has to see coming. */
export interface Expiry {
  readonly kind: "authority" | "server" | "portal" | "ocsp" | "crl" | "client";
  /** Common name, or what the list is called. */
  readonly name: string;
  readonly ends: number;
}

/** How the server is. */
export interface Overview {
  readonly version: string;
  readonly startedAt: number;
  /** As `udp 0.0.0.0:1194`. */
  readonly listeners: readonly string[];
  /** The crypto engine in use. */
  readonly engine: string;
  readonly clients: number;
  readonly maximumClients: number;
  /** Since the start. */
  readonly received: number;
  readonly sent: number;
  /** Packets that were dropped since the start, by reason. */
  readonly drops: Readonly<Record<string, number>>;
  /** Handshakes since the start, by result. */
  readonly handshakes: Readonly<Record<string, number>>;
  /** What ends first, soonest first. */
  readonly expiries: readonly Expiry[];
}

/** A client that is connected. */
export interface Session {
  /** Counts connections since the start of the server. */
  readonly id: number;
  readonly name: string;
  readonly username?: string;
  /** `192.0.2.1:5000`. */
  readonly realAddress: string;
  readonly virtualAddresses: readonly string[];
  readonly cipher: string;
  readonly connectedSince: number;
  readonly received: number;
  readonly sent: number;
  /** When a packet last came. */
  readonly lastReceived?: number;
  /** Milliseconds, of the control channel, smoothed; absent where it was not measured yet. */
  readonly roundTrip?: number;
  /** When it was last measured: at the connection, or at a renegotiation. */
  readonly roundTripMeasuredAt?: number;
  /** `2.6.14 linux`: what the client says of itself. */
  readonly clientVersion?: string;
  /** The exit node that it has chosen. */
  readonly exitNode?: string;
}

/** One certificate of a subscriber. */
export interface SubscriberCertificate {
  /** Hexadecimal. */
  readonly serial: string;
  readonly issuedAt: number;
  readonly ends: number;
  readonly revoked?: { readonly at: number; readonly reason: string };
  /** Whether the private key is kept here, so that profiles can be made. */
  readonly hasPrivateKey: boolean;
}

/** Somebody who has, or had, a certificate. */
export interface Subscriber {
  readonly name: string;
  /** The newest first. */
  readonly certificates: readonly SubscriberCertificate[];
  readonly state: "valid" | "expired" | "revoked";
  readonly connected: boolean;
}

/** Systems that profiles are made for. */
export const clientSystems = ["linux", "windows", "macos", "android", "ios"] as const;
/** One of them. */
export type ClientSystem = (typeof clientSystems)[number];

/** A file for download. */
export interface PortalFile {
  readonly name: string;
  readonly mediaType: string;
  readonly content: Uint8Array<ArrayBuffer>;
}

/** A link that gives a profile once. */
export interface OneTimeLink {
  readonly url: string;
  readonly expires: number;
}

/** An exit node, and who uses it. */
export interface ExitNode {
  readonly name: string;
  readonly connected: boolean;
  /** Names of clients; `*`: all that have no other. */
  readonly clients: readonly string[];
}

/** A rule of an access list, in the configuration's words: `allow 10.0.0.0/8 tcp/443`. */
export interface AccessList {
  /** A client's name; `default`: those without one. */
  readonly name: string;
  readonly rules: readonly string[];
}

/** A line of the log. */
export interface LogLine {
  /** Counts up; for `after`. */
  readonly number: number;
  readonly time: number;
  readonly level: "info" | "warning" | "error";
  readonly text: string;
}

/** A setting that may be changed while the server runs. */
export interface Setting {
  readonly name: string;
  readonly description: string;
  readonly value: string;
  /** Values it can have; absent: a number between the bounds. */
  readonly values?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
}

/** A certificate of the chain that the portal shows to browsers. */
export interface ChainCertificate {
  readonly subject: string;
  readonly issuer: string;
  /** Hexadecimal. */
  readonly serial: string;
  readonly notBefore: number;
  readonly notAfter: number;
  /** SHA-256 of the whole certificate, hexadecimal. */
  readonly fingerprint: string;
  /** `ec:p256`. */
  readonly key: string;
  /** Host names and addresses that it is for. */
  readonly names: readonly string[];
  readonly ocspUrls: readonly string[];
  readonly crlUrls: readonly string[];
}

/** How a visitor of the portal and the tunnels are protected. */
export interface Protection {
  /** The portal's own certificate first. */
  readonly chain: readonly ChainCertificate[];
  /** What the authority's responder says of the first; absent where nobody can be asked. */
  readonly ocsp?: {
    readonly status: "good" | "revoked" | "unknown";
    readonly producedAt: number;
    readonly nextUpdate: number;
  };
  readonly revocationList?: {
    readonly thisUpdate: number;
    readonly nextUpdate?: number;
    readonly revoked: number;
  };
  /** Seconds after which a tunnel gets new keys (`reneg-sec`); 0: never by time. */
  readonly renegotiateAfter: number;
}

/** What pages and API call. */
export interface PortalService {
  overview(): Promise<Overview>;
  /** The last hour, the oldest first. */
  throughput(): readonly ThroughputSample[];

  sessions(): readonly Session[];
  /** @throws {PortalError} not-found. */
  disconnect(id: number): void;

  subscribers(): Promise<readonly Subscriber[]>;
  /** @throws {PortalError} not-found. */
  subscriber(name: string): Promise<Subscriber>;
  /** @throws {PortalError} invalid, conflict: the name has a valid certificate. */
  issue(request: { readonly name: string; readonly days?: number }): Promise<Subscriber>;
  /** @throws {PortalError} not-found, conflict: it is revoked. */
  renew(name: string, request: { readonly days?: number }): Promise<Subscriber>;
  /** Revokes all valid certificates of the name; its sessions end. @throws {PortalError} */
  revoke(name: string, reason?: string): Promise<Subscriber>;
  /** @throws {PortalError} not-found, conflict: the private key is not here. */
  profile(name: string, system: ClientSystem): Promise<PortalFile>;
  /** @param lifetime seconds. @throws {PortalError} */
  oneTimeLink(name: string, system: ClientSystem, lifetime: number): Promise<OneTimeLink>;

  exitNodes(): readonly ExitNode[];
  /** Who uses the exit node from now on. @throws {PortalError} */
  assignExitNode(client: string, exitNode: string | undefined): Promise<void>;
  accessLists(): Promise<readonly AccessList[]>;
  /** @throws {PortalError} invalid: a rule that can't be read. */
  setAccessList(name: string, rules: readonly string[]): Promise<void>;

  protection(): Promise<Protection>;

  /** @param after The number of the last line that the caller has. */
  log(after?: number): readonly LogLine[];
  settings(): readonly Setting[];
  /** @throws {PortalError} invalid, not-found. */
  changeSetting(name: string, value: string): Promise<void>;
}
