/**
 * The data channel's keys of a client's connection: installed as they are derived, used for sending
 * when the server has them too, renewed when they have carried as much as they may.
 *
 * @module
 */

import { wipe } from "../../base/bytes.ts";
import { selectKeyMaterial } from "../../crypto/key_derivation.ts";
import { KeyVolume, volumeCheckInterval } from "../key_volume.ts";
import type { Timers } from "../timers.ts";
import type { ConnectionContext } from "./connection_context.ts";
import { serverPeer } from "./server_peer_command.ts";

/**
 * How long after a renegotiation we still send with the former keys, ms. The server has the new
 * ones when our last acknowledgement has reached it; should that be lost, it repeats its message
 * after 2 s and we the acknowledgement.
 */
const renewedKeyDelay = 3000;

/** See the module's page. */
export class ConnectionKeys {
  readonly #context: ConnectionContext;
  readonly #timers: Timers;
  readonly #volume: KeyVolume;
  /** The first keys, until the server has pushed the cipher. */
  #firstKeyBlock: Uint8Array | undefined;
  #cipher: string | undefined;
  /** Has the newest keys used for sending, while that still waits. */
  #activateNow: (() => void) | undefined;

  constructor(context: ConnectionContext, timers: Timers) {
    this.#context = context;
    this.#timers = timers;
    this.#volume = new KeyVolume(context.config.tls);
  }

  /** Takes keys; returns whether they are the first ones, which wait for `begin`. */
  async derived(keyId: number, keyBlock: Uint8Array): Promise<boolean> {
    if (this.#cipher === undefined) {
      this.#firstKeyBlock = keyBlock;
      return true;
    }
    await this.#install(keyId, keyBlock, this.#cipher);
    return false;
  }

  /** The server has pushed the cipher. Resolves when the worker has taken the first keys. */
  async begin(cipher: string): Promise<void> {
    this.#cipher = cipher;
    const keyBlock = this.#firstKeyBlock!;
    this.#firstKeyBlock = undefined;
    await this.#install(0, keyBlock, cipher);
  }

  /** The tunnel is there: the first keys are used for sending. */
  use(): void {
    this.#activate(0);
  }

  async #install(keyId: number, keyBlock: Uint8Array, cipher: string): Promise<void> {
    const context = this.#context;
    const material = selectKeyMaterial(keyBlock, "client", cipher, context.config.data.auth);
    wipe(keyBlock);
    const installed = context.keyInstalled(keyId);
    context.command({ kind: "install-key", peer: serverPeer, keyId, ...material });
    await installed;
    this.#volume.keyChanged(context.traffic(), cipher);
  }

  /** The server has acknowledged our last message of a negotiation. */
  settled(keyId: number): void {
    // The first keys are activated when the tunnel is there. Later ones: the former are as good
    // for sending, and the server may need a moment.
    if (keyId === 0) return;
    const activate = () => {
      this.#activateNow = undefined;
      this.#activate(keyId);
    };
    this.#activateNow = activate;
    this.#timers.later(renewedKeyDelay, () => this.#activateNow === activate && activate());
  }

  /** Another renegotiation begins: the keys of the last one are used from now on. */
  renegotiating(): void {
    this.#activateNow?.();
  }

  #activate(keyId: number): void {
    this.#context.command({ kind: "activate-key", peer: serverPeer, keyId });
  }

  /** The keys are good for nothing any more. */
  retire(keyId: number): void {
    this.#context.command({ kind: "retire-key", peer: serverPeer, keyId });
  }

  /** Calls for a renegotiation whenever the keys have carried as much as they may. */
  watchVolume(renegotiate: () => void): void {
    if (this.#volume.exceeded(this.#context.traffic())) renegotiate();
    this.#timers.later(volumeCheckInterval, () => this.watchVolume(renegotiate));
  }

  /** The connection is over. */
  wipe(): void {
    wipe(this.#firstKeyBlock);
  }
}
