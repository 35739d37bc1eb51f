/**
 * A client as the data plane has it, from its admission to its end: the peer, its keys, its routes.
 *
 * @module
 */

import { parseAddress } from "deno-tun";
import { wipe } from "../../base/bytes.ts";
import type { Transport } from "../../config/mod.ts";
import type { Admission } from "../../control/server_admission.ts";
import { selectKeyMaterial } from "../../crypto/key_derivation.ts";
import type { PeerTraffic } from "../../loop/counters.ts";
import { KeyVolume } from "../key_volume.ts";
import { accessRules } from "../per_client/access_rules.ts";
import type { ClientSettings } from "../per_client/client_settings.ts";
import { SessionLimits } from "../session_limits.ts";
import { sessionSegmentSize } from "../segment_size.ts";
import type { Lease } from "./server_client.ts";
import type { ServerContext } from "./server_context.ts";

/** Where a client is reached. */
export interface ClientPath {
  /** The worker's number of the socket. */
  readonly socket: number;
  /** Raw sockaddr. */
  readonly address: Uint8Array;
  readonly transport: Transport;
}

/** See the module's page. */
export class ServerPeer {
  readonly #context: ServerContext;
  readonly #admission: Admission;
  readonly #number: number;
  readonly #volume: KeyVolume;
  #keysSince: number | undefined;

  /** Adds the peer, without a key and without routes. */
  constructor(context: ServerContext, admission: Admission, lease: Lease, path: ClientPath) {
    const { config } = context;
    const { access } = lease;
    this.#context = context;
    this.#admission = admission;
    this.#number = lease.peerId;
    this.#volume = new KeyVolume(config.tls);
    context.command({
      kind: "add-peer",
      peer: this.#number,
      socket: path.socket,
      address: path.address,
      remotePeerId: admission.dataV2 ? this.#number : undefined,
      framing: config.data.framing,
      pingInterval: config.ping.interval * 1000,
      pingTimeout: config.ping.timeout * 1000,
      accessRules: access && accessRules(access),
      replayWindow: config.data.replayWindow,
      replayTime: config.data.replayTime * 1000,
      maximumSegmentSize: sessionSegmentSize({
        transport: path.transport,
        mtu: config.mtu,
        cipher: admission.cipher,
        auth: config.data.auth,
        framing: config.data.framing,
        dataV2: admission.dataV2,
        address: path.address,
      }),
    });
  }

  /** When it got its newest keys, ms since 1970. */
  get keysSince(): number | undefined {
    return this.#keysSince;
  }

  /** What was counted. */
  get traffic(): PeerTraffic {
    return this.#context.traffic(this.#number);
  }

  /** Ends the session when it carries too little, or lasts too long. */
  limit(
    { inactive, sessionTimeout }: Pick<ClientSettings, "inactive" | "sessionTimeout">,
    end: (reason: string) => void,
  ): SessionLimits {
    return new SessionLimits({
      inactive,
      sessionTimeout,
      tunnelBytes: () => this.traffic.tunnelBytes,
      end,
    });
  }

  /** Packets to its addresses and networks go to the client. `name`: for the log. */
  addRoutes({ address, ipv6, networks }: Lease, name: string): void {
    const { log } = this.#context;
    if (address !== undefined) {
      this.addRoute(address, 32);
      log.at(1, `${name} MULTI: primary virtual IP for ${name}: ${address}`);
    }
    if (ipv6 !== undefined) {
      this.addRoute(ipv6.address, 128);
      log.at(1, `${name} MULTI: primary virtual IPv6 for ${name}: ${ipv6.address}`);
    }
    for (const { network, prefixLength } of networks) {
      this.addRoute(network, prefixLength);
      log.at(3, `${name} MULTI: internal route ${network}/${prefixLength} -> ${name}`);
    }
  }

  /** Packets to that network go to the client, and only it may send from there. */
  addRoute(network: string, prefixLength: number): void {
    const bytes = parseAddress(network);
    if (bytes === undefined) return;
    this.#context.command({ kind: "add-route", peer: this.#number, network: bytes, prefixLength });
  }

  /** Resolves when the worker takes packets under the new key. The key block is wiped. */
  async installKey(keyId: number, keyBlock: Uint8Array): Promise<void> {
    const { auth } = this.#context.config.data;
    const material = selectKeyMaterial(keyBlock, "server", this.#admission.cipher, auth);
    wipe(keyBlock);
    const installed = this.#context.keyInstalled(this.#number, keyId);
    this.#context.command({ kind: "install-key", peer: this.#number, keyId, ...material });
    await installed;
    this.#keysSince = Date.now();
    this.#volume.keyChanged(this.traffic, this.#admission.cipher);
  }

  /** Packets go out under that key from here on. */
  activateKey(keyId: number): void {
    this.#context.command({ kind: "activate-key", peer: this.#number, keyId });
  }

  /** The key is good for nothing any more. */
  retireKey(keyId: number): void {
    this.#context.command({ kind: "retire-key", peer: this.#number, keyId });
  }

  /** Takes it out of the data plane, with its routes and keys; may be called again. */
  remove(): void {
    this.#context.command({ kind: "remove-peer", peer: this.#number });
  }

  /** Whether the key has carried as much as it may. */
  get volumeExceeded(): boolean {
    return this.#volume.exceeded(this.traffic);
  }

  /** A control packet of the client was authentic. */
  heard(): void {
    this.#context.heard(this.#number);
  }
}
