/**
 * A client's data channel: holds the first keys while the client is not admitted, and then has the
 * client's place in the data plane.
 *
 * ```text
 * hold (first keys) ─► open ─► settled (the client has the keys: we send with them) ─► close
 *                        └► renew (further keys) ─► settled ─► retire (former keys)
 * ```
 *
 * @module
 */

import { wipe } from "../../base/bytes.ts";
import type { Admission } from "../../control/server_admission.ts";
import type { PeerTraffic } from "../../loop/counters.ts";
import type { ClientSettings } from "../per_client/client_settings.ts";
import type { SessionLimits } from "../session_limits.ts";
import type { Lease } from "./server_client.ts";
import type { ServerContext } from "./server_context.ts";
import { type ClientPath, ServerPeer } from "./server_peer.ts";

/** What a data channel is opened with. */
export interface DataChannelParts {
  readonly lease: Lease;
  readonly negotiated: Admission;
  readonly settings: Pick<ClientSettings, "inactive" | "sessionTimeout">;
  readonly path: ClientPath;
  /** The client's, for the log. */
  readonly name: string;
  /** The peer is there, and has no keys yet. */
  added(): void;
  /** The session has lasted too long, or carries too little. */
  expired(reason: string): void;
}

/** See the module's page. */
export class ClientDataChannel {
  readonly #context: ServerContext;
  #firstKeyBlock: Uint8Array | undefined;
  /** The client has the first keys, so that packets under them can be sent. */
  #firstKeySettled = false;
  #lease: Lease | undefined;
  #peer: ServerPeer | undefined;
  #limits: SessionLimits | undefined;
  #isOpen = false;
  #closed = false;

  constructor(context: ServerContext) {
    this.#context = context;
  }

  /** Peer-id and address, once there are some. */
  get lease(): Lease | undefined {
    return this.#lease;
  }
  /** Whether packets of the client are taken. */
  get isOpen(): boolean {
    return this.#isOpen;
  }
  /** When the client got its newest keys, ms since 1970. */
  get keysSince(): number | undefined {
    return this.#peer?.keysSince;
  }
  /** What was counted. */
  get traffic(): Pick<PeerTraffic, "bytesIn" | "bytesOut"> {
    return this.#peer?.traffic ?? { bytesIn: 0, bytesOut: 0 };
  }
  /** Whether the key has carried as much as it may. */
  get volumeExceeded(): boolean {
    return this.#peer?.volumeExceeded ?? false;
  }

  /** Keeps the first keys until the client is admitted. */
  hold(keyBlock: Uint8Array): void {
    this.#firstKeyBlock = keyBlock;
  }

  /**
   * The client has passed: it gets its place.
   *
   * @returns Whether it is still there when the worker has its keys.
   */
  async open(parts: DataChannelParts): Promise<boolean> {
    const { lease, negotiated, settings, path, name } = parts;
    const keyBlock = this.#firstKeyBlock!;
    this.#firstKeyBlock = undefined;
    this.#lease = lease;
    const peer = this.#peer = new ServerPeer(this.#context, negotiated, lease, path);
    peer.addRoutes(lease, name);
    parts.added();
    await peer.installKey(0, keyBlock);
    if (this.#closed) return false;
    this.#isOpen = true;
    this.#limits = peer.limit(settings, (reason) => parts.expired(reason));
    if (this.#firstKeySettled) peer.activateKey(0);
    return true;
  }

  /** Takes the keys of a renegotiation; false where there is nothing to renew. */
  async renew(keyId: number, keyBlock: Uint8Array): Promise<boolean> {
    if (this.#peer === undefined) return false;
    await this.#peer.installKey(keyId, keyBlock);
    return true;
  }

  /** The client has acknowledged our key message, which it does when it has the keys. */
  settled(keyId: number): void {
    if (keyId === 0) this.#firstKeySettled = true;
    if (this.#isOpen) this.#peer?.activateKey(keyId);
  }

  /** The keys are good for nothing any more. */
  retire(keyId: number): void {
    this.#peer?.retireKey(keyId);
  }

  /** A control packet of the client was authentic. */
  heard(): void {
    this.#peer?.heard();
  }

  /** Nothing goes through it from here on; the client keeps its place until it has gone. */
  shut(): void {
    wipe(this.#firstKeyBlock);
    this.#peer?.remove();
  }

  /** The session is over. */
  close(): void {
    this.#closed = true;
    this.#limits?.close();
    wipe(this.#firstKeyBlock);
  }
}
