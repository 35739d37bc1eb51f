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
import { errorLine, VpnError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { localOptionsString, serverOptionValues } from "../../control/local_options.ts";
import { type Admission, admit } from "../../control/server_admission.ts";
import type { TlsPeer } from "../../control/tls_channel.ts";
import { TlsSession } from "../../control/tls_session.ts";
import type { PeerInfo } from "../../wire/peer_info.ts";
import type { AcceptedClient } from "../../control/reset_responder.ts";
import { type ClientKey, clientKeyFingerprint } from "../../crypto/tls_crypt_v2_key.ts";
import type { VerifiedPeer } from "../../pki/mod.ts";
import { parseControlMessage } from "../../wire/control_message.ts";
import type { KeyMethod2Message } from "../../wire/key_method.ts";
import { buildPushReplies } from "../../wire/push_reply.ts";
import type { SessionLimits } from "../session_limits.ts";
import { Timers } from "../timers.ts";
import { AdmissionRefusal, admitCandidate, type Candidate } from "./admission.ts";
import { CandidateLife } from "./candidate_life.ts";
import { ClientCertificate } from "./client_certificate.ts";
import { logOptionWarnings, logPeerInfo } from "./client_log.ts";
import { dismissalLinger, exitLinger, refusalLinger } from "./lingering.ts";
import { newCandidate, refusalAnswer } from "./new_candidate.ts";
import { type Lease, namelessClient, type ServerClient } from "./server_client.ts";
import type { ServerContext } from "./server_context.ts";
import { ServerPeer } from "./server_peer.ts";
import { pushedOptions, redactedReply, takesPushUpdate } from "./session_push.ts";
import { sessionSettings } from "./session_settings.ts";

/** Why a client is not let in; `answer` follows `AUTH_FAILED,`. */
interface Refusal {
  readonly answer: string | undefined;
}

/** See the module's page. */
export class ServerInstance implements ServerClient {
  readonly clientKey: ClientKey | undefined;
  readonly createdAt = Date.now();
  readonly #context: ServerContext;
  readonly #session: TlsSession;
  #log: Log;
  readonly #certificate: ClientCertificate;
  #commonName: string | undefined;
  #admission: Admission | undefined;
  #candidate: Candidate | undefined;
  #refusal: Refusal | undefined;
  /** The first keys, until the client is admitted. */
  #firstKeyBlock: Uint8Array | undefined;
  #lease: Lease | undefined;
  #peer: ServerPeer | undefined;
  /** The client has the first keys, so that packets under them can be sent. */
  #firstKeySettled = false;
  #admitted = false;
  #pushRequested = false;
  /** To be sent when the keys of the running renegotiation are there. */
  #messageWithKeys: string | undefined;
  #answered = false;
  #refusalTold = false;
  #closed = false;
  readonly #life = new CandidateLife(() => this.#impatient());
  #limits: SessionLimits | undefined;
  #keysSince: number | undefined;
  readonly #timers = new Timers();

  /**
   * @param id Counts the instances of a server: the CID of OpenVPN's management interface.
   * @param socket The worker's number of the socket that the client came in by.
   * @param address The client's raw sockaddr.
   * @param endpoint The same as text, for logs.
   */
  constructor(
    context: ServerContext,
    readonly id: number,
    public socket: number,
    public address: Uint8Array,
    public endpoint: string,
    accepted: AcceptedClient,
  ) {
    this.#context = context;
    this.#log = context.log.prefixed(endpoint);
    this.clientKey = accepted.clientKey;
    if (this.clientKey !== undefined) {
      const fingerprint = clientKeyFingerprint(this.clientKey.wrapped);
      this.#log.at(3, `Control Channel: using tls-crypt-v2 key ${fingerprint}`);
    }
    const { verifyClientCert } = context.config;
    this.#certificate = new ClientCertificate(context.trust, verifyClientCert !== "require");
    this.#session = new TlsSession(
      sessionSettings(context, this.clientKey),
      {
        transmit: (datagram) => this.#transmit(datagram),
        peerResponded: () => {},
        verifyPeer: (peer, keyId) => this.#verifyPeer(peer, keyId),
        authorize: (message, keyId) => this.#authorize(message, keyId),
        localKeyMessage: () => ({ options: localOptionsString(this.#optionValues()) }),
        keysDerived: (keyId, keyBlock) => this.#keysDerived(keyId, keyBlock),
        settled: (keyId) => this.#settled(keyId),
        controlMessage: (text) => this.#controlMessage(text),
        tlsEstablished: (description) => this.#log.at(3, `Control Channel: ${description}`),
        retired: (keyId) => this.#peer?.retireKey(keyId),
        renegotiating: (keyId, byPeer) => {
          context.counters.renegotiations[byPeer ? "client" : "server"]++;
          this.#log.at(3, `TLS: soft reset to key ${keyId}${byPeer ? ", asked by the peer" : ""}`);
        },
        failed: (error) => this.#failed(error),
      },
      accepted,
    );
  }

  /** What the client is called: its certificate's common name, or what a step made of it. */
  get commonName(): string | undefined {
    return this.#commonName;
  }
  /** Peer-id and address, once admitted. */
  get lease(): Lease | undefined {
    return this.#lease;
  }
  /** What the client showed, once checked. */
  get certificate(): VerifiedPeer | undefined {
    return this.#certificate.verified;
  }
  /** When the client got its newest keys. */
  get keysSince(): number | undefined {
    return this.#keysSince;
  }
  /** The data channel's cipher, once admitted. */
  get cipher(): string | undefined {
    return this.#admission?.cipher;
  }
  /** What the client says of itself. */
  get peerInfo(): PeerInfo | undefined {
    return this.#admission?.peerInfo;
  }
  /** As whom it logged in. */
  get username(): string | undefined {
    return this.#candidate?.variables.username;
  }

  /** Whether a control datagram from this address says that it is ours. */
  matches(datagram: Uint8Array): boolean {
    return this.#session.matches(datagram);
  }

  /** Takes a control datagram. */
  receive(datagram: Uint8Array): void {
    const authentic = this.#session.receive(datagram);
    if (authentic) this.#peer?.heard();
  }

  /** The peer's packets come from another address now. */
  float(socket: number, address: Uint8Array, endpoint: string): void {
    this.#log.at(1, `peer ${this.#lease?.peerId} floated from ${this.endpoint} to ${endpoint}`);
    this.socket = socket;
    this.address = address;
    this.endpoint = endpoint;
    this.#nameLog();
  }

  renegotiate(): void {
    this.#session.renegotiate();
  }

  /** Renegotiates when the key has carried as much as it may. */
  checkVolume(): void {
    if (this.#peer?.volumeExceeded) this.renegotiate();
  }

  /** Tells the client something (`RESTART`, `AUTH_FAILED,…`). */
  tell(message: string): void {
    this.#session.sendMessage(message);
  }

  /** Takes the client out of the data plane at once, tells it AUTH_FAILED, and ends the session. */
  dismiss(answer: string): void {
    // Who isn't in yet has not been promised an answer.
    if (!this.#admitted || this.#lease === undefined) return this.close("auth-failed");
    if (this.#closed || this.#refusalTold) return;
    this.#refusal = { answer };
    this.#refuse(dismissalLinger);
  }

  /** Sends it PUSH_UPDATE messages; false when it does not take them, or is not in yet. */
  pushUpdate(messages: readonly string[]): boolean {
    const inside = this.#admitted && this.#answered && this.#refusal === undefined;
    if (!inside || !takesPushUpdate(this.#admission!)) return false;
    this.#sendPushed(messages);
    return true;
  }

  /** Ends the session; the peer is not told. */
  close(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#admitted) this.#context.counters.notAdmitted(reason);
    this.#timers.clear();
    this.#limits?.close();
    wipe(this.#firstKeyBlock);
    this.#life.end();
    this.#session.close();
    this.#log.at(1, `SIGTERM[soft,${reason}] received, client-instance exiting`);
    this.#context.closed(this);
  }

  #transmit(datagram: Uint8Array): void {
    this.#context.transmit(this.socket, this.address, datagram);
  }

  async #verifyPeer({ chain, objection }: TlsPeer, keyId: number): Promise<void> {
    try {
      await this.#certificate.verify(chain, this.address, this.#log);
    } catch (error) {
      // A first session that TLS has no objection to lives on until the refusal is told, without
      // keys: a revoked client should hear why. Any other ends here, and says so when it does.
      if (keyId > 0 || objection !== undefined) throw error;
      this.#log.error(`VERIFY ERROR: ${errorLine(error)}`);
      this.#refusal = { answer: "certificate verification failed" };
    }
  }

  async #authorize(message: KeyMethod2Message, keyId: number): Promise<void> {
    if (this.#refusal !== undefined) return;
    const { config } = this.#context;
    logOptionWarnings(this.#optionValues(), message, keyId === 0 ? 3 : 4, this.#log);
    try {
      if (keyId > 0) {
        if (!this.#admitted) throw new AdmissionRefusal("renegotiation before admission");
        await admitCandidate(this.#context.steps, this.#candidateOf(message, true));
        return;
      }
      this.#admission = admit(config, message);
      logPeerInfo(this.#admission.peerInfo, this.#log);
      this.#candidate = this.#candidateOf(message, false);
    } catch (error) {
      this.#refused(error);
    }
    // It is told over the new keys' TLS, as at first: OpenVPN no longer reads the former one's.
    if (this.#refusal !== undefined) this.#peer?.remove();
  }

  #optionValues() {
    return serverOptionValues(this.#context.config, this.#context.transport(this.socket));
  }

  #candidateOf(message: KeyMethod2Message, renegotiation: boolean): Candidate {
    const { config } = this.#context;
    return newCandidate({
      id: this.id,
      createdAt: this.createdAt,
      endpoint: this.endpoint,
      address: this.address,
      certificate: this.#certificate.verified,
      message,
      peerInfo: this.#admission!.peerInfo,
      renegotiation,
      log: this.#log,
      commonName: this.#commonName ?? this.#certificate.verified?.commonName ?? namelessClient,
      signal: this.#life.signal,
      tell: (text) => this.tell(text),
      tellWithKeys: (text) => void (this.#messageWithKeys = text),
      dismiss: (answer) => this.dismiss(answer),
      allow: (milliseconds) => this.#life.allow(milliseconds),
      traffic: () => this.#peer?.traffic ?? { bytesIn: 0, bytesOut: 0 },
      atEnd: (action) => this.#life.atEnd(action),
    }, config);
  }

  #refused(error: unknown): void {
    this.#log.error(errorLine(error));
    this.#refusal = { answer: refusalAnswer(error) };
  }

  async #keysDerived(keyId: number, keyBlock: Uint8Array): Promise<void> {
    if (keyId > 0 && this.#refusal === undefined && this.#peer !== undefined) {
      await this.#peer.installKey(keyId, keyBlock);
      this.#keysSince = Date.now();
      return;
    }
    if (this.#refusal !== undefined || this.#candidate === undefined) {
      wipe(keyBlock);
      // The refusal goes out once our key message has, which the client waits for.
      this.#timers.later(0, () => this.#refuse());
      return;
    }
    this.#firstKeyBlock = keyBlock;
    this.#life.allow(this.#context.config.tls.handWindow * 1000);
    // As the refusal: what a step tells the client is to come after our key message.
    this.#timers.later(0, () => this.#enter(this.#candidate!));
  }

  #impatient(): void {
    this.#log.error("the admission of this client took too long");
    this.#refusal ??= { answer: undefined };
    this.#refuse();
  }

  async #enter(candidate: Candidate): Promise<void> {
    try {
      await admitCandidate(this.#context.steps, candidate);
      if (this.#refusal !== undefined || this.#closed) return;
      this.#commonName = candidate.commonName;
      this.#lease = this.#context.lease(this, candidate);
      await this.#join(this.#lease);
    } catch (error) {
      if (this.#closed || this.#refusal !== undefined) return;
      this.#refused(error);
      this.#refuse();
    }
  }

  /** The client has passed: it gets a place in the data plane, and its options. */
  async #join(lease: Lease): Promise<void> {
    const admission = this.#admission!;
    const keyBlock = this.#firstKeyBlock!;
    this.#firstKeyBlock = undefined;
    this.#nameLog();
    const { socket, address } = this;
    const transport = this.#context.transport(socket);
    this.#peer = new ServerPeer(this.#context, admission, lease, { socket, address, transport });
    this.#peer.addRoutes(lease, `${this.commonName}/${this.endpoint}`);
    this.#context.joined(this, admission.peerInfo, this.#candidate!.push.options);
    await this.#peer.installKey(0, keyBlock);
    if (this.#closed) return;
    this.#life.admitted();
    this.#admitted = true;
    this.#keysSince = Date.now();
    this.#context.counters.handshakes.succeeded++;
    this.#limits = this.#peer.limit(this.#candidate!.settings, (reason) => this.close(reason));
    if (this.#firstKeySettled) this.#peer.activateKey(0);
    this.#log.at(
      2,
      `Data Channel: cipher '${admission.cipher}'${
        admission.dataV2 ? `, peer-id: ${lease.peerId}` : ""
      }`,
    );
    if (admission.pushUnasked || this.#pushRequested) this.#push();
  }

  #settled(keyId: number): void {
    if (this.#refusal !== undefined) return;
    if (keyId === 0) this.#firstKeySettled = true;
    // A client acknowledges our key message when it has the keys, not before.
    if (this.#admitted) this.#peer?.activateKey(keyId);
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
        this.#pushRequested = true;
        if (this.#refusal !== undefined) this.#refuse();
        else if (this.#admitted) this.#push();
        break;
      case "exit":
        // The client waits for the acknowledgement, and would repeat it.
        this.#timers.later(exitLinger, () => this.close("remote-exit"));
        break;
      default:
        if (this.#candidate?.onMessage !== undefined) this.#candidate.onMessage(message);
        else this.#log.at(4, `control message not handled: ${text}`);
    }
  }

  #push(): void {
    if (this.#answered || this.#lease === undefined) return;
    this.#answered = true;
    const { config } = this.#context;
    const options = pushedOptions(config, this.#admission!, this.#lease, this.#candidate!);
    this.#sendPushed(buildPushReplies(options));
  }

  #sendPushed(messages: readonly string[]): void {
    for (const message of messages) {
      this.#log.at(1, `SENT CONTROL [${this.commonName}]: '${redactedReply(message)}' (status=1)`);
      this.#session.sendMessage(message);
    }
  }

  #refuse(linger = refusalLinger): void {
    if (this.#closed || this.#refusalTold || this.#refusal === undefined) return;
    this.#answered = true;
    this.#refusalTold = true;
    this.#life.refused();
    wipe(this.#firstKeyBlock);
    this.#peer?.remove();
    const { answer } = this.#refusal;
    const message = answer === undefined ? "AUTH_FAILED" : `AUTH_FAILED,${answer}`;
    this.#session.sendMessage(message);
    this.#log.at(1, `SENT CONTROL: '${message}'`);
    this.#timers.later(linger, () => this.close("auth-failed"));
  }

  #failed(error: VpnError): void {
    this.#log.error(`TLS Error: ${error.line}`);
    // The session goes on by itself for a moment, to repeat its alert; the instance does not.
    this.#timers.later(1000, () => this.close("tls-error"));
    if (this.#lease !== undefined) this.close("tls-error");
  }

  #nameLog(): void {
    this.#log = this.#context.log.prefixed(`${this.commonName}/${this.endpoint}`);
  }
}
