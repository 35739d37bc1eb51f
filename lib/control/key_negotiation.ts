/**
 * One key negotiation: a TLS handshake over the reliable layer, the exchange of key method 2
 * messages in it, and the data-channel key block that both sides derive from those. A session
 * starts with key id 0; each renegotiation (SOFT_RESET) is a further negotiation with the next id.
 *
 * ```text
 * client                                  server
 *   reset ──────────────────────────────►
 *   ◄────────────────────────────── reset
 *   ◄──────────── TLS handshake ────────►    each side checks the other's chain
 *   key method 2 (pre-master, randoms) ─►    derives, installs the receiving keys, then answers
 *   ◄─────────── key method 2 (randoms)
 *   derives, installs, acknowledges          sends with them once all is acknowledged
 * ```
 *
 * The order at the end is what keeps a renegotiation from losing packets: OpenVPN sends with the
 * new keys as soon as its last packet is acknowledged (ssl.c, `tls_process_state`), so a client
 * holds that acknowledgement back until its worker has the keys.
 *
 * @module
 */

import { concatBytes, randomBytes, wipe } from "../base/bytes.ts";
import { VpnError } from "../base/errors.ts";
import { deriveDataChannelKeys } from "../crypto/key_derivation.ts";
import { AckQueue } from "../reliable/ack_queue.ts";
import { ReliableReceiver } from "../reliable/receiver.ts";
import type { RoundTripEstimate } from "../reliable/round_trip.ts";
import { ReliableSender } from "../reliable/sender.ts";
import type { ControlPacket } from "../wire/control_packet.ts";
import { ControlMessageSplitter } from "../wire/control_message.ts";
import { decodeKeyMethod2, encodeKeyMethod2, type KeyMethod2Message } from "../wire/key_method.ts";
import { decodeEarlyNegotiation } from "../wire/early_negotiation.ts";
import { isAckOnly, isReset, Opcode } from "../wire/opcode.ts";
import { CertificateError } from "../pki/mod.ts";
import { alertForError, type AlertName } from "./tls_alert.ts";
import { OutgoingBytes } from "./outgoing_bytes.ts";
import { TlsChannel, type TlsCredentials, type TlsPeer } from "./tls_channel.ts";

/** The text fields of our key method 2 message. */
export interface LocalKeyMessage {
  /** Options string, `V4,dev-type tun,…`. */
  readonly options: string;
  readonly username?: string;
  readonly password?: string;
  readonly peerInfo?: string;
}

/** What a negotiation asks and tells. Rejections of the promises end the negotiation. */
export interface NegotiationEvents {
  /** There is something to send or to wait for. */
  pump(): void;
  /** Checks the peer's certificates. Throws to refuse; what the TLS library refuses is refused. */
  verifyPeer(peer: TlsPeer): Promise<void>;
  /** Server: may this peer in? Throws to refuse. Client: the server's message has come. */
  authorize(message: KeyMethod2Message): Promise<void>;
  localKeyMessage(): LocalKeyMessage | Promise<LocalKeyMessage>;
  /** Resolves when the keys are installed for receiving. The callee owns `keyBlock` (256 bytes). */
  keysDerived(keyId: number, keyBlock: Uint8Array): Promise<void>;
  /** All that we sent is acknowledged: the peer has the keys. */
  settled(keyId: number): void;
  controlMessage(text: string): void;
  tlsEstablished(description: string): void;
  failed(error: VpnError): void;
}

/** What every negotiation of a session shares. */
export interface NegotiationSettings {
  readonly role: "client" | "server";
  readonly credentials: TlsCredentials;
  /** Bytes of TLS that go into one control packet. */
  readonly payloadSize: number;
  /** Client, tls-crypt-v2: bytes that the wrapped key takes of a packet which carries it. */
  readonly wrappedKeyLength: number;
  /** `tls-timeout`, ms: first retransmission. */
  readonly retransmitTimeout: number;
  readonly localSessionId: Uint8Array;
  /** Gets what acknowledgements say of the way to the peer and back. */
  readonly roundTrip: RoundTripEstimate;
  /** Known when the handshake starts. */
  remoteSessionId(): Uint8Array;
}

/** How long an acknowledgement waits at most for the keys to be installed, ms. */
const acknowledgementHold = 500;

const none: Uint8Array<ArrayBufferLike> = new Uint8Array(0);

/** See the module's page. */
export class KeyNegotiation {
  readonly sender: ReliableSender;
  readonly receiver: ReliableReceiver;
  readonly acknowledgements = new AckQueue();
  /** ms; the moment until which acknowledgements are held back, 0: not held. */
  holdAcknowledgementsUntil = 0;
  /** ms; when the keys were installed, 0: not yet. */
  establishedAt = 0;

  #tls: TlsChannel | undefined;
  readonly #outgoing = new OutgoingBytes();
  #resetSeen: boolean;
  /** The server wants the wrapped key once more, behind our next packet. */
  #resendWrappedKey = false;
  #settled = false;
  #ended = false;
  /** These two until they are used: certificates and names are not to stay as long as the keys. */
  #secure?: PromiseWithResolvers<TlsPeer> = Promise.withResolvers();
  #peerMessage?: PromiseWithResolvers<KeyMethod2Message> = Promise.withResolvers();
  #plaintext = none;
  #peerMessageSeen = false;
  readonly #messages = new ControlMessageSplitter();

  /**
   * @param keyId 0 to 7.
   * @param resetOpcode What our first packet is; undefined when the resets have already crossed
   * (server whose answer was a cookie).
   */
  constructor(
    readonly keyId: number,
    resetOpcode: number | undefined,
    readonly startedAt: number,
    readonly settings: NegotiationSettings,
    readonly events: NegotiationEvents,
  ) {
    const firstId = resetOpcode === undefined ? 1 : 0;
    this.sender = new ReliableSender({ firstId, timeout: settings.retransmitTimeout });
    this.receiver = new ReliableReceiver({ firstId });
    this.#resetSeen = resetOpcode === undefined;
    if (resetOpcode !== undefined) this.sender.queue(resetOpcode, new Uint8Array(0));
    this.#secure?.promise.catch(() => {});
    this.#peerMessage?.promise.catch(() => {});
    this.#startTls();
    this.#run().catch((error) => this.#fail(error));
  }

  /** Both key method 2 messages have crossed and the keys are installed. */
  get established(): boolean {
    return this.establishedAt !== 0;
  }

  /** Whether all that was written is sent and acknowledged. */
  get drained(): boolean {
    return this.sender.empty && this.#outgoing.isEmpty;
  }

  /** Takes a packet of the peer with this negotiation's key id, already authenticated. */
  receive(packet: ControlPacket): void {
    const roundTrip = this.sender.acknowledge(packet.acks, performance.now());
    if (roundTrip !== undefined) this.settings.roundTrip.add(roundTrip, Date.now());
    if (this.#ended) return;
    if (!isAckOnly(packet.opcode) && packet.packetId !== undefined) {
      const verdict = this.receiver.accept(packet.packetId, packet.payload, packet.opcode);
      if (verdict !== "outside") this.acknowledgements.add(packet.packetId);
      for (let next = this.receiver.take(); next !== undefined; next = this.receiver.take()) {
        if (isReset(next.opcode)) this.#receiveReset(next.payload);
        else if (next.payload.length > 0) this.#tls?.receive(next.payload);
      }
    }
    this.#checkSettled();
  }

  #receiveReset(payload: Uint8Array): void {
    const negotiation = decodeEarlyNegotiation(payload);
    if (negotiation === undefined) {
      return this.#fail(new VpnError("the server's first packet is malformed"));
    }
    this.#resetSeen = true;
    const { role, wrappedKeyLength } = this.settings;
    this.#resendWrappedKey = negotiation.resendWrappedKey && role === "client" &&
      wrappedKeyLength > 0 && this.keyId === 0;
  }

  /** Moves ciphertext into free places of the sending window. */
  fillWindow(): void {
    // TLS starts once both resets have crossed: until then the peer's session id is not proven.
    if (!this.#resetSeen || this.settings.remoteSessionId().length === 0) return;
    if (this.#resendWrappedKey && this.sender.canSend) {
      // With or without TLS in it: an ACK_V1 in its stead would have no place for the key.
      this.#resendWrappedKey = false;
      const room = Math.max(this.settings.payloadSize - this.settings.wrappedKeyLength, 0);
      this.sender.queue(Opcode.CONTROL_WKC_V1, this.#outgoing.take(room));
    }
    while (!this.#outgoing.isEmpty && this.sender.canSend) {
      this.sender.queue(Opcode.CONTROL_V1, this.#outgoing.take(this.settings.payloadSize));
    }
  }

  /** Whether the acknowledgements may go out. */
  mayAcknowledge(now: number): boolean {
    return now >= this.holdAcknowledgementsUntil;
  }

  /** Sends a control message (`PUSH_REQUEST`, …) over this negotiation's TLS. */
  sendMessage(text: string): void {
    this.#tls?.write(new TextEncoder().encode(text + "\0"));
  }

  /** Ends it without a further event. What TLS has written already (an alert) can still go out. */
  close(): void {
    this.#ended = true;
    this.#tls?.destroy();
    wipe(this.#plaintext);
    const ended = new VpnError("the negotiation was closed");
    this.#secure?.reject(ended);
    this.#peerMessage?.reject(ended);
  }

  #startTls(): void {
    this.#tls = new TlsChannel(this.settings.role, this.settings.credentials, {
      ciphertext: (bytes) => {
        this.#outgoing.push(bytes);
        this.events.pump();
      },
      secure: (peer) => {
        this.events.tlsEstablished(peer.description);
        this.#secure?.resolve(peer);
      },
      plaintext: (bytes) => this.#receivePlaintext(bytes),
      failed: (error) => this.#fail(error),
    });
  }

  async #run(): Promise<void> {
    await this.#verifyPeer();
    if (this.#ended) return;
    if (this.settings.role === "client") await this.#exchangeAsClient();
    else await this.#exchangeAsServer();
    if (this.#ended) return;
    this.establishedAt = performance.now();
    this.holdAcknowledgementsUntil = 0;
    this.#checkSettled();
    this.#deliverMessages();
    this.events.pump();
  }

  async #verifyPeer(): Promise<void> {
    const peer = await this.#secure!.promise;
    this.#secure = undefined;
    await this.events.verifyPeer(peer);
    if (this.#ended || peer.objection === undefined) return;
    const required = peer.chain.length === 0;
    this.#tls?.refuse(required ? "certificate_required" : alertForError(peer.objection));
    throw new VpnError(`the TLS library refuses the peer's certificate: ${peer.objection}`);
  }

  async #peerKeyMessage(): Promise<KeyMethod2Message> {
    const message = await this.#peerMessage!.promise;
    this.#peerMessage = undefined;
    return message;
  }

  async #exchangeAsClient(): Promise<void> {
    const source = keySource();
    const preMaster = randomBytes(48);
    const local = await this.events.localKeyMessage();
    if (this.#ended) return;
    this.holdAcknowledgementsUntil = performance.now() + acknowledgementHold;
    this.#writeAndWipe(encodeKeyMethod2({ ...local, ...source, preMaster }));
    const peer = await this.#peerKeyMessage();
    await this.events.authorize(peer);
    if (this.#ended) return;
    const keyBlock = deriveDataChannelKeys({
      preMaster,
      clientRandom1: source.random1,
      clientRandom2: source.random2,
      serverRandom1: peer.random1,
      serverRandom2: peer.random2,
      clientSessionId: this.settings.localSessionId,
      serverSessionId: this.settings.remoteSessionId(),
    });
    wipe(preMaster, source.random1, source.random2, peer.random1, peer.random2);
    await this.events.keysDerived(this.keyId, keyBlock);
  }

  async #exchangeAsServer(): Promise<void> {
    const peer = await this.#peerKeyMessage();
    await this.events.authorize(peer);
    if (peer.preMaster === undefined) throw new VpnError("the client sent no pre-master secret");
    const source = keySource();
    const local = await this.events.localKeyMessage();
    if (this.#ended) return;
    const keyBlock = deriveDataChannelKeys({
      preMaster: peer.preMaster,
      clientRandom1: peer.random1,
      clientRandom2: peer.random2,
      serverRandom1: source.random1,
      serverRandom2: source.random2,
      clientSessionId: this.settings.remoteSessionId(),
      serverSessionId: this.settings.localSessionId,
    });
    wipe(peer.preMaster, peer.random1, peer.random2);
    await this.events.keysDerived(this.keyId, keyBlock);
    if (this.#ended) return;
    this.#writeAndWipe(encodeKeyMethod2({ ...local, ...source }));
    wipe(source.random1, source.random2);
  }

  #writeAndWipe(message: Uint8Array): void {
    this.#tls?.write(message, () => wipe(message));
  }

  #receivePlaintext(bytes: Uint8Array): void {
    if (this.#ended) return;
    if (this.#peerMessageSeen) {
      this.#messages.push(bytes);
      this.#deliverMessages();
      return;
    }
    this.#plaintext = concatBytes(this.#plaintext, bytes);
    const from = this.settings.role === "client" ? "server" : "client";
    const decoded = decodeKeyMethod2(this.#plaintext, from);
    if (decoded.status === "incomplete") return;
    if (decoded.status === "malformed") {
      this.#fail(new VpnError(`the peer's key method 2 message is malformed: ${decoded.reason}`));
      return;
    }
    this.#peerMessageSeen = true;
    this.#messages.push(this.#plaintext.slice(decoded.consumed));
    wipe(this.#plaintext);
    this.#plaintext = none;
    this.#peerMessage?.resolve(decoded.message);
  }

  /** Control messages wait until the keys are there: a PUSH_REPLY may overtake them. */
  #deliverMessages(): void {
    if (!this.established) return;
    for (let text = this.#messages.next(); text !== undefined; text = this.#messages.next()) {
      this.events.controlMessage(text);
      if (this.#ended) return;
    }
    if (this.#messages.overflowed) {
      this.#fail(new VpnError("the peer's control message is too long"));
    }
  }

  #checkSettled(): void {
    if (this.#settled || !this.established || !this.sender.empty || !this.#outgoing.isEmpty) {
      return;
    }
    this.#settled = true;
    this.events.settled(this.keyId);
  }

  #fail(error: unknown): void {
    if (this.#ended) return;
    if (error instanceof CertificateError) this.#tls?.refuse(refusalAlert(error));
    this.close();
    this.events.failed(
      error instanceof VpnError
        ? error
        : new VpnError(error instanceof Error ? error.message : String(error), undefined, {
          cause: error,
        }),
    );
  }
}

function refusalAlert({ reason }: CertificateError): AlertName {
  if (reason === "revoked") return "certificate_revoked";
  if (reason === "expired" || reason === "not-yet-valid") return "certificate_expired";
  if (reason === "unknown-authority" || reason === "bad-signature") return "unknown_ca";
  if (reason === "version" || reason === "usage") return "unsupported_certificate";
  if (reason === "no-certificate") return "certificate_required";
  return "certificate_unknown";
}

function keySource(): { random1: Uint8Array; random2: Uint8Array } {
  return { random1: randomBytes(32), random2: randomBytes(32) };
}
