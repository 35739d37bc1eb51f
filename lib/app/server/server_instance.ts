/**
 * One client of a server, from its first control packet to its end: OpenVPN's "client instance".
 *
 * ```text
 * handshake ─► admitted (name, cipher, peer-id, address) ─► connected (keys active) ─► closed
 *         └──► refused (AUTH_FAILED told) ─────────────────────────────────────────────┘
 * ```
 *
 * @module
 */

import { wipe } from "../../base/bytes.ts";
import { errorLine, VpnError } from "../../base/errors.ts";
import { ipv4Bytes, parseIpv4 } from "../../base/ipv4.ts";
import type { Log } from "../../base/log.ts";
import type { ServerConfig } from "../../config/config.ts";
import {
  localOptionsString,
  optionWarnings,
  serverOptionValues,
} from "../../control/local_options.ts";
import { type Admission, admit, pushedOptions } from "../../control/server_admission.ts";
import { drawRenegotiation } from "../../control/renegotiation.ts";
import type { TlsCredentials, TlsPeer } from "../../control/tls_channel.ts";
import { TlsSession } from "../../control/tls_session.ts";
import type { ControlWrap } from "../../crypto/control_wrap.ts";
import { selectKeyMaterial } from "../../crypto/key_derivation.ts";
import { replyPacketId } from "../../control/reset_responder.ts";
import type { VerifiedPeer } from "../../pki/mod.ts";
import { parseControlMessage } from "../../wire/control_message.ts";
import type { KeyMethod2Message } from "../../wire/key_method.ts";
import { buildPushReplies } from "../../wire/push_reply.ts";
import type { PeerTraffic } from "../../loop/counters.ts";
import type { DataPlaneCommand } from "../../loop/data_plane.ts";
import { dataFraming } from "../data_framing.ts";
import { KeyVolume } from "../key_volume.ts";
import type { PeerTrust } from "../peer_trust.ts";
import { sessionSegmentSize } from "../segment_size.ts";

/** A place among the server's peers, and the address that goes with it. */
export interface Lease {
  readonly peerId: number;
  /** Virtual IPv4 address; absent without a pool. */
  readonly address?: string;
  readonly netmask: string;
}

/** What an instance needs of its server. */
export interface ServerContext {
  readonly config: ServerConfig;
  readonly credentials: TlsCredentials;
  readonly wrap: ControlWrap;
  readonly trust: PeerTrust;
  readonly log: Log;
  /** Sends a control datagram. */
  transmit(socket: number, address: Uint8Array, datagram: Uint8Array): void;
  command(command: DataPlaneCommand): void;
  /** Resolves when the worker has taken the keys. */
  keyInstalled(peer: number, keyId: number): Promise<void>;
  /**
   * A place for a client of this name; closes its former session, unless `duplicate-cn`.
   *
   * @throws {VpnError} when the server is full.
   */
  lease(instance: ServerInstance, commonName: string): Lease;
  closed(instance: ServerInstance): void;
  /** A control packet of this peer was authentic. */
  heard(peerId: number): void;
  /** What was counted for the peer. */
  traffic(peerId: number): PeerTraffic;
}

/** How long a refused client has to fetch its AUTH_FAILED, ms. */
const refusalLinger = 5000;

/** See the module's page. */
export class ServerInstance {
  readonly createdAt = Date.now();
  readonly #context: ServerContext;
  readonly #session: TlsSession;
  #log: Log;
  #peer: VerifiedPeer | undefined;
  #admission: Admission | undefined;
  #lease: Lease | undefined;
  #refusal: string | undefined;
  readonly #volume: KeyVolume;
  #pushed = false;
  #closed = false;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();

  /**
   * @param id Counts the instances of a server: the CID of OpenVPN's management interface.
   * @param socket The worker's number of the socket that the client came in by.
   * @param address The client's raw sockaddr.
   * @param endpoint The same as text, for logs.
   */
  constructor(
    context: ServerContext,
    readonly id: number,
    readonly socket: number,
    public address: Uint8Array,
    public endpoint: string,
    sessionIds: { localSessionId: Uint8Array; remoteSessionId: Uint8Array },
  ) {
    this.#context = context;
    this.#log = context.log.prefixed(endpoint);
    const { tls } = context.config;
    this.#volume = new KeyVolume(tls);
    this.#session = new TlsSession(
      {
        role: "server",
        credentials: context.credentials,
        wrap: context.wrap.channel({ firstPacketId: replyPacketId + 1 }),
        wrapOverhead: context.wrap.overhead,
        handshakeWindow: tls.handWindow * 1000,
        transitionWindow: tls.tranWindow * 1000,
        retransmitTimeout: tls.timeout * 1000,
        renegotiateAfter: drawRenegotiation("server", tls.renegSec, tls.renegSecMin),
      },
      {
        transmit: (datagram) => this.#transmit(datagram),
        peerResponded: () => {},
        verifyPeer: (peer, keyId) => this.#verifyPeer(peer, keyId),
        authorize: (message, keyId) => this.#authorize(message, keyId),
        localKeyMessage: () => ({
          options: localOptionsString(serverOptionValues(context.config)),
        }),
        keysDerived: (keyId, keyBlock) => this.#keysDerived(keyId, keyBlock),
        settled: (keyId) => this.#settled(keyId),
        controlMessage: (text) => this.#controlMessage(text),
        tlsEstablished: (description) => this.#log.at(3, `Control Channel: ${description}`),
        retired: (keyId) => this.#retired(keyId),
        renegotiating: (keyId, byPeer) =>
          this.#log.at(3, `TLS: soft reset to key ${keyId}${byPeer ? ", asked by the peer" : ""}`),
        failed: (error) => this.#failed(error),
      },
      sessionIds,
    );
  }

  /** The certificate's common name, once checked. */
  get commonName(): string | undefined {
    return this.#peer?.commonName;
  }
  /** Peer-id and address, once admitted. */
  get lease(): Lease | undefined {
    return this.#lease;
  }
  /** The data channel's cipher, once admitted. */
  get cipher(): string | undefined {
    return this.#admission?.cipher;
  }

  /** Whether a control datagram from this address says that it is ours. */
  matches(datagram: Uint8Array): boolean {
    return this.#session.matches(datagram);
  }

  /** Takes a control datagram. */
  receive(datagram: Uint8Array): void {
    const authentic = this.#session.receive(datagram);
    if (authentic && this.#lease !== undefined) this.#context.heard(this.#lease.peerId);
  }

  /** The peer's packets come from another address now. */
  float(address: Uint8Array, endpoint: string): void {
    this.#log.at(1, `peer ${this.#lease?.peerId} floated from ${this.endpoint} to ${endpoint}`);
    this.address = address;
    this.endpoint = endpoint;
    this.#nameLog();
  }

  renegotiate(): void {
    this.#session.renegotiate();
  }

  /** Renegotiates when the key has carried as much as it may. */
  checkVolume(): void {
    if (this.#lease === undefined) return;
    const traffic = this.#context.traffic(this.#lease.peerId);
    if (this.#volume.exceeded(traffic)) this.renegotiate();
  }

  /** Tells the client something (`RESTART`, `AUTH_FAILED,…`). */
  tell(message: string): void {
    this.#session.sendMessage(message);
  }

  /** Ends the session; the peer is not told. */
  close(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#session.close();
    this.#log.at(1, `SIGTERM[soft,${reason}] received, client-instance exiting`);
    this.#context.closed(this);
  }

  #transmit(datagram: Uint8Array): void {
    this.#context.transmit(this.socket, this.address, datagram);
  }

  async #verifyPeer({ chain, objection }: TlsPeer, keyId: number): Promise<void> {
    try {
      const peer = await this.#context.trust.verify(chain);
      for (const warning of peer.warnings) this.#log.warn(warning);
      if (keyId > 0 && peer.commonName !== this.#peer?.commonName) {
        throw new VpnError(
          `TLS Auth Error: the common name changed from ${this.#peer?.commonName} to ${peer.commonName}`,
        );
      }
      this.#log.at(1, `VERIFY OK: ${peer.subject}`);
      this.#peer = peer;
    } catch (error) {
      // A first session that TLS has no objection to lives on until the refusal is told, without
      // keys: a revoked client should hear why. Any other ends here, and says so when it does.
      if (keyId > 0 || objection !== undefined) throw error;
      this.#log.error(`VERIFY ERROR: ${errorLine(error)}`);
      this.#refusal = "certificate verification failed";
    }
  }

  #authorize(message: KeyMethod2Message, keyId: number): Promise<void> {
    if (this.#refusal !== undefined) return Promise.resolve();
    const { config } = this.#context;
    for (const warning of optionWarnings(serverOptionValues(config), message.options)) {
      this.#log.at(keyId === 0 ? 3 : 4, `WARNING: ${warning}`);
    }
    if (keyId > 0) return Promise.resolve();
    try {
      this.#admission = admit(config, message);
      for (const [name, value] of this.#admission.peerInfo) {
        this.#log.at(3, `peer info: ${name}=${value}`);
      }
      this.#lease = this.#context.lease(this, this.#peer!.commonName);
      this.#nameLog();
    } catch (error) {
      this.#log.error(errorLine(error));
      this.#refusal = error instanceof Error && error.name === "CipherNegotiationError"
        ? "Data channel cipher negotiation failed (no shared cipher)"
        : "the server takes no further client";
    }
    return Promise.resolve();
  }

  async #keysDerived(keyId: number, keyBlock: Uint8Array): Promise<void> {
    const admission = this.#admission;
    const lease = this.#lease;
    if (this.#refusal !== undefined || admission === undefined || lease === undefined) {
      wipe(keyBlock);
      // The refusal goes out once our key message has, which the client waits for.
      this.#later(0, () => this.#refuse());
      return;
    }
    const { config } = this.#context;
    if (keyId === 0) this.#addPeer(admission, lease);
    const material = selectKeyMaterial(keyBlock, "server", admission.cipher, config.data.auth);
    wipe(keyBlock);
    const installed = this.#context.keyInstalled(lease.peerId, keyId);
    this.#context.command({ kind: "install-key", peer: lease.peerId, keyId, ...material });
    await installed;
    this.#volume.keyChanged(this.#context.traffic(lease.peerId));
    if (keyId === 0) {
      this.#log.at(
        2,
        `Data Channel: cipher '${admission.cipher}'${
          admission.dataV2 ? `, peer-id: ${lease.peerId}` : ""
        }`,
      );
      if (admission.pushUnasked) this.#later(0, () => this.#push());
    }
  }

  #addPeer(admission: Admission, lease: Lease): void {
    const { config, command } = this.#context;
    command({
      kind: "add-peer",
      peer: lease.peerId,
      socket: this.socket,
      address: this.address,
      remotePeerId: admission.dataV2 ? lease.peerId : undefined,
      framing: dataFraming[config.data.framing],
      pingInterval: config.ping.interval * 1000,
      pingTimeout: config.ping.timeout * 1000,
      replayWindow: config.data.replayWindow,
      replayTime: config.data.replayTime * 1000,
      maximumSegmentSize: sessionSegmentSize({
        transport: config.listen.transport,
        mtu: config.mtu,
        cipher: admission.cipher,
        auth: config.data.auth,
        framing: config.data.framing,
        dataV2: admission.dataV2,
        address: this.address,
      }),
    });
    if (lease.address === undefined) return;
    const network = ipv4Bytes(parseIpv4(lease.address)!);
    command({ kind: "add-route", peer: lease.peerId, network, prefixLength: 32 });
    this.#log.at(
      1,
      `MULTI: primary virtual IP for ${this.commonName}/${this.endpoint}: ${lease.address}`,
    );
  }

  #settled(keyId: number): void {
    const lease = this.#lease;
    if (lease === undefined || this.#refusal !== undefined) return;
    // A client acknowledges our key message when it has the keys, not before.
    this.#context.command({ kind: "activate-key", peer: lease.peerId, keyId });
  }

  #retired(keyId: number): void {
    if (this.#lease === undefined) return;
    this.#context.command({ kind: "retire-key", peer: this.#lease.peerId, keyId });
  }

  #controlMessage(text: string): void {
    const message = parseControlMessage(text);
    switch (message.kind) {
      case "push-request":
        this.#log.at(3, "PUSH: Received control message: 'PUSH_REQUEST'");
        if (this.#refusal !== undefined) this.#refuse();
        else this.#push();
        break;
      case "exit":
        this.close("remote-exit");
        break;
      default:
        this.#log.at(4, `control message not handled: ${text}`);
    }
  }

  #push(): void {
    if (this.#pushed || this.#lease === undefined || this.#admission === undefined) return;
    this.#pushed = true;
    const options = pushedOptions(this.#context.config, this.#admission, this.#lease);
    for (const reply of buildPushReplies(options)) {
      this.#log.at(1, `SENT CONTROL [${this.commonName}]: '${reply}' (status=1)`);
      this.#session.sendMessage(reply);
    }
  }

  #refuse(): void {
    if (this.#pushed) return;
    this.#pushed = true;
    this.#session.sendMessage(`AUTH_FAILED,${this.#refusal}`);
    this.#log.at(1, `SENT CONTROL: 'AUTH_FAILED,${this.#refusal}'`);
    this.#later(refusalLinger, () => this.close("auth-failed"));
  }

  #failed(error: VpnError): void {
    this.#log.error(`TLS Error: ${error.line}`);
    // The session goes on by itself for a moment, to repeat its alert; the instance does not.
    this.#later(1000, () => this.close("tls-error"));
    if (this.#lease !== undefined) this.close("tls-error");
  }

  #later(milliseconds: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, milliseconds);
    this.#timers.add(timer);
  }

  #nameLog(): void {
    this.#log = this.#context.log.prefixed(`${this.commonName}/${this.endpoint}`);
  }
}
