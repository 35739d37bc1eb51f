/**
 * One client of a server, from its first control packet to its end: OpenVPN's "client instance".
 *
 * ```text
 * handshake ─► key exchange ─► admission (admission.ts) ─► lease, keys, push ─► in ─► closed
 *         └──────────────────────────┴► refused (AUTH_FAILED told) ──────────────────────┘
 * ```
 *
 * @module
 */

import { wipe } from "../../base/bytes.ts";
import type { VpnError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { localOptionsString, serverOptionValues } from "../../control/local_options.ts";
import { TlsSession } from "../../control/tls_session.ts";
import { type ClientKey, clientKeyFingerprint } from "../../crypto/tls_crypt_v2_key.ts";
import type { VerifiedPeer } from "../../pki/mod.ts";
import { parseControlMessage } from "../../wire/control_message.ts";
import type { KeyMethod2Message } from "../../wire/key_method.ts";
import type { RoundTrip } from "../../reliable/round_trip.ts";
import type { PeerInfo } from "../../wire/peer_info.ts";
import { SessionTrace, watched } from "../telemetry/session_trace.ts";
import { Timers } from "../timers.ts";
import type { Candidate } from "./admission.ts";
import { type AdmissionSubject, ClientAdmission } from "./client_admission.ts";
import { ClientDataChannel } from "./client_data_channel.ts";
import { dismissalLinger, exitLinger, refusalLinger } from "./lingering.ts";
import type { InstanceOrigin, Lease, ServerClient } from "./server_client.ts";
import type { ServerContext } from "./server_context.ts";
import { SessionPush } from "./session_push.ts";
import { sessionSettings } from "./session_settings.ts";
import { admittedAttributes, clientAttributes } from "./session_span.ts";

/** See the module's page. */
export class ServerInstance implements ServerClient, AdmissionSubject {
  readonly id: number;
  readonly clientKey: ClientKey | undefined;
  readonly createdAt = Date.now();
  readonly #context: ServerContext;
  readonly #session: TlsSession;
  readonly #admission: ClientAdmission;
  readonly #data: ClientDataChannel;
  readonly #push: SessionPush;
  #socket: number;
  #address: Uint8Array;
  #endpoint: string;
  #log: Log;
  /** To be sent when the keys of the running renegotiation are there. */
  #messageWithKeys: string | undefined;
  #refusalTold = false;
  #closed = false;
  readonly #timers = new Timers();
  readonly #trace: SessionTrace | undefined;

  constructor(context: ServerContext, origin: InstanceOrigin) {
    const { id, socket, address, endpoint, accepted } = origin;
    this.#context = context;
    this.id = id;
    this.#socket = socket;
    this.#address = address;
    this.#endpoint = endpoint;
    this.#log = context.log.prefixed(endpoint);
    this.clientKey = accepted.clientKey;
    if (this.clientKey !== undefined) {
      const fingerprint = clientKeyFingerprint(this.clientKey.wrapped);
      this.#log.at(3, `Control Channel: using tls-crypt-v2 key ${fingerprint}`);
    }
    this.#admission = new ClientAdmission(context, this);
    this.#data = new ClientDataChannel(context);
    this.#push = new SessionPush((message, redacted) => {
      this.#log.at(1, `SENT CONTROL [${this.commonName}]: '${redacted}' (status=1)`);
      this.tell(message);
    });
    const attributes = () => clientAttributes(id, address, context.transport(socket));
    this.#trace = SessionTrace.begin("server", attributes);
    this.#session = new TlsSession(
      sessionSettings(context, this.clientKey),
      watched(this.#trace, {
        transmit: (datagram) => context.transmit(this.#socket, this.#address, datagram),
        peerResponded: () => {},
        verifyPeer: (peer, keyId) => this.#admission.verifyPeer(peer, keyId),
        authorize: (message, keyId) => this.#authorize(message, keyId),
        localKeyMessage: () => ({ options: this.#optionsString() }),
        keysDerived: (keyId, keyBlock) => this.#keysDerived(keyId, keyBlock),
        settled: (keyId) => this.#settled(keyId),
        controlMessage: (text) => this.#controlMessage(text),
        tlsEstablished: (description) => this.#log.at(3, `Control Channel: ${description}`),
        retired: (keyId) => this.#data.retire(keyId),
        renegotiating: (keyId, byPeer) => {
          context.counters.renegotiations[byPeer ? "client" : "server"]++;
          this.#log.at(3, `TLS: soft reset to key ${keyId}${byPeer ? ", asked by the peer" : ""}`);
        },
        failed: (error) => this.#failed(error),
      }),
      accepted,
    );
  }

  // As ServerClient describes them.

  get socket(): number {
    return this.#socket;
  }
  get address(): Uint8Array {
    return this.#address;
  }
  get endpoint(): string {
    return this.#endpoint;
  }
  get log(): Log {
    return this.#log;
  }
  get commonName(): string | undefined {
    return this.#admission.commonName;
  }
  get lease(): Lease | undefined {
    return this.#data.lease;
  }
  get certificate(): VerifiedPeer | undefined {
    return this.#admission.certificate;
  }
  get keysSince(): number | undefined {
    return this.#data.keysSince;
  }
  get roundTrip(): RoundTrip | undefined {
    return this.#session.roundTrip;
  }
  get cipher(): string | undefined {
    return this.#admission.negotiated?.cipher;
  }
  get peerInfo(): PeerInfo | undefined {
    return this.#admission.negotiated?.peerInfo;
  }
  get username(): string | undefined {
    return this.#admission.candidate?.variables.username;
  }

  /** Whether a control datagram from this address says that it is ours. */
  matches(datagram: Uint8Array): boolean {
    return this.#session.matches(datagram);
  }

  /** Takes a control datagram. */
  receive(datagram: Uint8Array): void {
    const authentic = this.#session.receive(datagram);
    if (authentic) this.#data.heard();
  }

  /** The peer's packets come from another address now. */
  float(socket: number, address: Uint8Array, endpoint: string): void {
    this.#log.at(1, `peer ${this.lease?.peerId} floated from ${this.endpoint} to ${endpoint}`);
    this.#socket = socket;
    this.#address = address;
    this.#endpoint = endpoint;
    this.#nameLog();
  }

  renegotiate(): void {
    this.#session.renegotiate();
  }

  /** Renegotiates when the key has carried as much as it may. */
  checkVolume(): void {
    if (this.#data.volumeExceeded) this.renegotiate();
  }

  /** Tells the client something (`RESTART`, `AUTH_FAILED,…`). */
  tell(message: string): void {
    this.#session.sendMessage(message);
  }

  /** At a renegotiation: tells it once it has the new keys. */
  tellWithKeys(message: string): void {
    this.#messageWithKeys = message;
  }

  /** What has gone through its session so far, in bytes. */
  traffic(): { readonly bytesIn: number; readonly bytesOut: number } {
    return this.#data.traffic;
  }

  /** Takes the client out of the data plane at once, tells it AUTH_FAILED, and ends the session. */
  dismiss(answer: string): void {
    // Who isn't in yet has not been promised an answer.
    if (!this.#data.isOpen) return this.close("auth-failed");
    if (this.#closed || this.#refusalTold) return;
    this.#admission.dismiss(answer);
    this.#refuse(dismissalLinger);
  }

  /** Sends it PUSH_UPDATE messages; false when it does not take them, or is not in yet. */
  pushUpdate(messages: readonly string[]): boolean {
    if (!this.#data.isOpen || this.#admission.refusal !== undefined) return false;
    return this.#push.update(messages, this.#admission.negotiated!);
  }

  /** Ends the session; the peer is not told. */
  close(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#data.isOpen) this.#context.counters.notAdmitted(reason);
    this.#timers.clear();
    this.#data.close();
    this.#admission.end();
    this.#session.close();
    this.#log.at(1, `SIGTERM[soft,${reason}] received, client-instance exiting`);
    this.#trace?.ended(reason);
    this.#context.closed(this);
  }

  async #authorize(message: KeyMethod2Message, keyId: number): Promise<void> {
    const refusedBefore = this.#admission.refusal !== undefined;
    await this.#admission.authorize(message, keyId, this.#data.isOpen);
    // It is told over the new keys' TLS, as at first: OpenVPN no longer reads the former one's.
    if (!refusedBefore && this.#admission.refusal !== undefined) this.#data.shut();
  }

  #optionsString(): string {
    const { config, transport } = this.#context;
    return localOptionsString(serverOptionValues(config, transport(this.#socket)));
  }

  async #keysDerived(keyId: number, keyBlock: Uint8Array): Promise<void> {
    const { refusal, candidate } = this.#admission;
    if (keyId > 0 && refusal === undefined && await this.#data.renew(keyId, keyBlock)) return;
    if (refusal !== undefined || candidate === undefined) {
      wipe(keyBlock);
      // The refusal goes out once our key message has, which the client waits for.
      this.#timers.later(0, () => this.#refuse());
      return;
    }
    this.#data.hold(keyBlock);
    this.#admission.keysDerived();
    // As the refusal: what a step tells the client is to come after our key message.
    this.#timers.later(0, () => this.#enter());
  }

  /** The time for the admission is over. */
  expired(): void {
    this.#log.error("the admission of this client took too long");
    this.#admission.dismiss();
    this.#refuse();
  }

  async #enter(): Promise<void> {
    try {
      const candidate = await this.#admission.pass();
      if (candidate === undefined) return;
      await this.#join(candidate);
    } catch (error) {
      if (this.#closed || this.#admission.refusal !== undefined) return;
      this.#admission.refuse(error);
      this.#refuse();
    }
  }

  /** The client has passed: it gets a place in the data plane, and its options. */
  async #join(candidate: Candidate): Promise<void> {
    const negotiated = this.#admission.negotiated!;
    const lease = this.#context.lease(this, candidate);
    this.#nameLog();
    const { socket, address } = this;
    const open = await this.#data.open({
      lease,
      negotiated,
      settings: candidate.settings,
      path: { socket, address, transport: this.#context.transport(socket) },
      name: `${this.commonName}/${this.endpoint}`,
      added: () => this.#context.joined(this, negotiated.peerInfo, candidate.push.options),
      expired: (reason) => this.close(reason),
    });
    if (!open) return;
    this.#admission.admitted();
    this.#context.counters.handshakes.succeeded++;
    this.#log.at(
      2,
      `Data Channel: cipher '${negotiated.cipher}'${
        negotiated.dataV2 ? `, peer-id: ${lease.peerId}` : ""
      }`,
    );
    if (this.#push.awaited(negotiated)) this.#sendOptions();
  }

  #settled(keyId: number): void {
    if (this.#admission.refusal !== undefined) return;
    this.#data.settled(keyId);
    if (keyId > 0) this.#context.counters.renegotiationsCompleted++;
    if (keyId > 0 && this.#messageWithKeys !== undefined) {
      this.tell(this.#messageWithKeys);
      this.#messageWithKeys = undefined;
    }
  }

  #controlMessage(text: string): void {
    const message = parseControlMessage(text);
    switch (message.kind) {
      case "push-request":
        this.#log.at(3, "PUSH: Received control message: 'PUSH_REQUEST'");
        this.#push.requested();
        if (this.#admission.refusal !== undefined) this.#refuse();
        else if (this.#data.isOpen) this.#sendOptions();
        break;
      case "exit":
        // The client waits for the acknowledgement, and would repeat it.
        this.#timers.later(exitLinger, () => this.close("remote-exit"));
        break;
      default:
        if (this.#admission.candidate?.onMessage !== undefined) {
          this.#admission.candidate.onMessage(message);
        } else this.#log.at(4, `control message not handled: ${text}`);
    }
  }

  #sendOptions(): void {
    const { negotiated, candidate } = this.#admission;
    this.#push.reply(this.#context.config, negotiated!, this.lease!, candidate!);
    this.#trace?.completed(admittedAttributes(this));
  }

  #refuse(linger = refusalLinger): void {
    if (this.#closed || this.#refusalTold || this.#admission.refusal === undefined) return;
    this.#push.refused();
    this.#refusalTold = true;
    this.#admission.refused();
    this.#data.shut();
    const { answer } = this.#admission.refusal;
    const message = answer === undefined ? "AUTH_FAILED" : `AUTH_FAILED,${answer}`;
    this.#session.sendMessage(message);
    this.#log.at(1, `SENT CONTROL: '${message}'`);
    this.#timers.later(linger, () => this.close("auth-failed"));
  }

  #failed(error: VpnError): void {
    this.#log.error(`TLS Error: ${error.line}`);
    // The session goes on by itself for a moment, to repeat its alert; the instance does not.
    this.#timers.later(1000, () => this.close("tls-error"));
    if (this.lease !== undefined) this.close("tls-error");
  }

  #nameLog(): void {
    this.#log = this.#context.log.prefixed(`${this.commonName}/${this.endpoint}`);
  }
}
