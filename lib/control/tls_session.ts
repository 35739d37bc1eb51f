/**
 * A session of the control channel: two session ids, the wrapping of its datagrams (tls-auth,
 * tls-crypt), and the negotiations in it, of which the newest is primary and the one before it a
 * lame duck whose keys stay good for `tran-window`.
 *
 * Source: OpenVPN's `ssl.c` (`tls_multi`, `tls_session`, `key_state`).
 *
 * @module
 */

import { constantTimeEqual, randomBytes, sameBytes } from "../base/bytes.ts";
import { VpnError } from "../base/errors.ts";
import type { ControlWrapChannel } from "../crypto/control_wrap.ts";
import {
  type ControlPacket,
  decodeControlPacket,
  encodeControlPacket,
} from "../wire/control_packet.ts";
import { type RoundTrip, RoundTripEstimate } from "../reliable/round_trip.ts";
import { Opcode } from "../wire/opcode.ts";
import {
  KeyNegotiation,
  type NegotiationEvents,
  type NegotiationSettings,
} from "./key_negotiation.ts";
import type { TlsCredentials, TlsPeer } from "./tls_channel.ts";

/** Settings of a session; times in ms. */
export interface TlsSessionSettings {
  readonly role: "client" | "server";
  readonly credentials: TlsCredentials;
  readonly wrap: ControlWrapChannel;
  /** Bytes that the wrapping adds to a packet. */
  readonly wrapOverhead: number;
  /** `hand-window`: a negotiation must be done by then. */
  readonly handshakeWindow: number;
  /** `tran-window`: how long the keys before stay good. */
  readonly transitionWindow: number;
  /** `tls-timeout`. */
  readonly retransmitTimeout: number;
  /** `reneg-sec`, already drawn; 0: never by the clock. */
  readonly renegotiateAfter: number;
}

/** What the session asks and tells; see `NegotiationEvents` for the inherited ones. */
export interface TlsSessionEvents
  extends Omit<NegotiationEvents, "pump" | "failed" | "verifyPeer" | "authorize"> {
  verifyPeer(peer: TlsPeer, keyId: number): Promise<void>;
  authorize(
    message: Parameters<NegotiationEvents["authorize"]>[0],
    keyId: number,
  ): Promise<void>;
  /** Sends a datagram to the peer, wherever it now is. */
  transmit(datagram: Uint8Array): void;
  /** Client: the server has answered the reset. */
  peerResponded(): void;
  /** The keys of this id are no longer needed. */
  retired(keyId: number): void;
  renegotiating(keyId: number, byPeer: boolean): void;
  /** The session is over; it closes itself once what it still has to send had its chance. */
  failed(error: VpnError): void;
}

/** Largest control datagram that we send, without IP and UDP headers (`tls-mtu`), bytes. */
const maximumControlDatagram = 1200;

/** Header, four acknowledgements, session id and packet id around the payload, bytes. */
const controlHeader = 1 + 8 + 1 + 4 * 4 + 8 + 4;

/** Acknowledgements that ride on a control packet; OpenVPN's CONTROL_SEND_ACK_MAX. */
const piggybackedAcknowledgements = 4;

/** How long a failed session goes on sending what it has (a TLS alert), ms. */
const lingerAfterFailure = 1000;

/** How long a lone acknowledgement waits for a packet to ride on, ms. */
const acknowledgementDelay = 2;

/** See the module's page. */
export class TlsSession {
  readonly localSessionId: Uint8Array;
  #remoteSessionId: Uint8Array<ArrayBufferLike> = new Uint8Array(0);
  #primary: KeyNegotiation;
  #lameDuck: KeyNegotiation | undefined;
  /** Key ids of negotiations before the lame duck, whose keys wait for the next ones. */
  readonly #toRetire: number[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pumpQueued = false;
  #acknowledgeAt = 0;
  #closed = false;
  #failed = false;
  readonly #negotiationSettings: NegotiationSettings;
  readonly #roundTrip = new RoundTripEstimate();

  /**
   * @param accepted Server: the session ids that the resets have settled (see `ResetCookie`).
   */
  constructor(
    readonly settings: TlsSessionSettings,
    readonly events: TlsSessionEvents,
    accepted?: { localSessionId: Uint8Array; remoteSessionId: Uint8Array },
  ) {
    this.localSessionId = accepted?.localSessionId ?? randomBytes(8);
    if (accepted !== undefined) this.#remoteSessionId = accepted.remoteSessionId;
    this.#negotiationSettings = {
      role: settings.role,
      credentials: settings.credentials,
      payloadSize: maximumControlDatagram - controlHeader - settings.wrapOverhead,
      wrappedKeyLength: settings.wrap.wrappedKeyLength,
      retransmitTimeout: settings.retransmitTimeout,
      localSessionId: this.localSessionId,
      roundTrip: this.#roundTrip,
      remoteSessionId: () => this.#remoteSessionId,
    };
    this.#primary = this.#negotiate(
      0,
      accepted === undefined ? settings.wrap.clientReset : undefined,
    );
    this.#queuePump();
  }

  /** 8 bytes, or none while a client has no answer. */
  get remoteSessionId(): Uint8Array {
    return this.#remoteSessionId;
  }

  /**
   * The way to the peer and back, by its acknowledgements: it is measured while the control channel
   * has something to say, at the beginning and at each renegotiation.
   */
  get roundTrip(): RoundTrip | undefined {
    return this.#roundTrip.current;
  }

  /** Whether the datagram says that it is of this session. Cheap, and no proof. */
  matches(datagram: Uint8Array): boolean {
    return datagram.length >= 9 && this.#remoteSessionId.length === 8 &&
      sameBytes(datagram.subarray(1, 9), this.#remoteSessionId);
  }

  /** Takes a datagram from the peer's address. What is not authentic or not ours is dropped. */
  receive(datagram: Uint8Array): boolean {
    if (this.#closed) return false;
    const plain = this.settings.wrap.unwrap(datagram);
    if (plain === undefined) return false;
    const packet = decodeControlPacket(plain);
    return packet !== undefined && this.receivePacket(packet);
  }

  /** As `receive`, for a packet whose authenticity and freshness the caller has checked. */
  receivePacket(packet: ControlPacket): boolean {
    if (this.#closed || !this.#fromPeer(packet)) return false;
    const negotiation = this.#negotiationFor(packet);
    if (negotiation === undefined) return false;
    negotiation.receive(packet);
    if (!this.#failed && !negotiation.acknowledgements.isEmpty) {
      this.#acknowledgeAt ||= performance.now() + acknowledgementDelay;
    }
    this.#queuePump();
    return true;
  }

  /** Sends a control message over the newest established TLS connection. */
  sendMessage(text: string): void {
    const negotiation = this.#primary.established ? this.#primary : this.#lameDuck;
    negotiation?.sendMessage(text);
  }

  /** Whether the peer has all that we sent. */
  get acknowledged(): boolean {
    return this.#primary.drained && (this.#lameDuck?.drained ?? true);
  }

  /** Starts a renegotiation, unless one is under way. */
  renegotiate(): void {
    if (!this.#closed && !this.#failed && this.#primary.established) this.#softReset(false);
  }

  /** Ends the session without a word; no event follows. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#primary.close();
    this.#lameDuck?.close();
  }

  #fromPeer(packet: ControlPacket): boolean {
    // Acknowledgements name the session that they are for: this ties the packet to our reset.
    if (
      packet.remoteSessionId !== undefined &&
      !constantTimeEqual(packet.remoteSessionId, this.localSessionId)
    ) return false;
    if (this.#remoteSessionId.length === 0) {
      const answered = packet.opcode === Opcode.HARD_RESET_SERVER_V2 && packet.acks.includes(0) &&
        packet.remoteSessionId !== undefined;
      if (!answered) return false;
      this.#remoteSessionId = packet.sessionId.slice();
      this.events.peerResponded();
      return true;
    }
    return constantTimeEqual(packet.sessionId, this.#remoteSessionId);
  }

  #negotiationFor(packet: ControlPacket): KeyNegotiation | undefined {
    if (packet.keyId === this.#primary.keyId) return this.#primary;
    if (
      packet.opcode === Opcode.SOFT_RESET_V1 && this.#primary.established &&
      packet.keyId === nextKeyId(this.#primary.keyId)
    ) {
      this.#softReset(true);
      return this.#primary;
    }
    // The peer repeats what we have: our acknowledgement was lost.
    return packet.keyId === this.#lameDuck?.keyId ? this.#lameDuck : undefined;
  }

  #softReset(byPeer: boolean): void {
    const keyId = nextKeyId(this.#primary.keyId);
    if (this.#lameDuck !== undefined) {
      // Its keys stay until the new ones are there: the peer may still send with them.
      this.#lameDuck.close();
      this.#toRetire.push(this.#lameDuck.keyId);
    }
    this.#lameDuck = this.#primary;
    this.events.renegotiating(keyId, byPeer);
    this.#primary = this.#negotiate(keyId, Opcode.SOFT_RESET_V1);
    this.#queuePump();
  }

  #retireLameDuck(): void {
    const keyId = this.#lameDuck!.keyId;
    this.#lameDuck!.close();
    this.#lameDuck = undefined;
    this.events.retired(keyId);
  }

  #negotiate(keyId: number, resetOpcode: number | undefined): KeyNegotiation {
    return new KeyNegotiation(keyId, resetOpcode, performance.now(), this.#negotiationSettings, {
      pump: () => this.#queuePump(),
      verifyPeer: (peer) => this.events.verifyPeer(peer, keyId),
      authorize: (message) => this.events.authorize(message, keyId),
      localKeyMessage: () => this.events.localKeyMessage(),
      keysDerived: async (id, keyBlock) => {
        await this.events.keysDerived(id, keyBlock);
        for (const former of this.#toRetire.splice(0)) this.events.retired(former);
      },
      settled: (id) => this.events.settled(id),
      controlMessage: (text) => this.events.controlMessage(text),
      tlsEstablished: (description) => this.events.tlsEstablished(description),
      failed: (error) => this.#fail(error),
    });
  }

  #queuePump(): void {
    if (this.#pumpQueued || this.#closed) return;
    this.#pumpQueued = true;
    queueMicrotask(() => {
      this.#pumpQueued = false;
      this.#pump();
    });
  }

  /** Sends what is due and sets the timer for what is due next. */
  #pump(): void {
    if (this.#closed) return;
    const now = performance.now();
    if (!this.#failed) this.#checkDeadlines(now);
    if (this.#closed) return;
    let next = this.#failed ? Infinity : this.#nextDeadline();
    for (const negotiation of [this.#primary, this.#lameDuck]) {
      if (negotiation === undefined) continue;
      next = Math.min(next, this.#transmit(negotiation, now));
    }
    clearTimeout(this.#timer);
    // setTimeout takes at most 2^31 - 1 ms.
    const delay = Math.min(Math.max(next - now, 0), 0x7fffffff);
    this.#timer = setTimeout(() => this.#pump(), Math.ceil(delay));
  }

  /** @returns When this negotiation wants the next turn, ms. */
  #transmit(negotiation: KeyNegotiation, now: number): number {
    negotiation.fillWindow();
    for (let due = negotiation.sender.due(now); due; due = negotiation.sender.due(now)) {
      const mayAcknowledge = negotiation.mayAcknowledge(now);
      this.#send(negotiation, due.opcode, {
        packetId: due.id,
        payload: due.payload,
        acks: mayAcknowledge ? negotiation.acknowledgements.take(piggybackedAcknowledgements) : [],
      });
    }
    let next = negotiation.sender.nextDue(now) ?? Infinity;
    if (negotiation.acknowledgements.isEmpty) {
      if (negotiation === this.#primary) this.#acknowledgeAt = 0;
      return next;
    }
    const acknowledgeAt = Math.max(negotiation.holdAcknowledgementsUntil, this.#acknowledgeAt);
    if (now < acknowledgeAt) return Math.min(next, acknowledgeAt);
    while (!negotiation.acknowledgements.isEmpty) {
      const acks = negotiation.acknowledgements.take(8);
      this.#send(negotiation, Opcode.ACK_V1, { payload: new Uint8Array(0), acks });
    }
    this.#acknowledgeAt = 0;
    next = Math.min(next, negotiation.sender.nextDue(now) ?? Infinity);
    return next;
  }

  #send(
    negotiation: KeyNegotiation,
    opcode: number,
    rest: Pick<ControlPacket, "packetId" | "payload" | "acks">,
  ): void {
    const plain = encodeControlPacket({
      opcode,
      keyId: negotiation.keyId,
      sessionId: this.localSessionId,
      remoteSessionId: rest.acks.length > 0 ? this.#remoteSessionId : undefined,
      ...rest,
    });
    this.events.transmit(this.settings.wrap.wrap(plain, Math.floor(Date.now() / 1000)));
  }

  #checkDeadlines(now: number): void {
    const primary = this.#primary;
    if (!primary.established) {
      if (now >= primary.startedAt + this.settings.handshakeWindow) this.#failNegotiation();
      return;
    }
    if (
      this.#lameDuck !== undefined && now >= primary.establishedAt + this.settings.transitionWindow
    ) this.#retireLameDuck();
    const { renegotiateAfter } = this.settings;
    if (renegotiateAfter > 0 && now >= primary.establishedAt + renegotiateAfter) {
      this.#softReset(false);
    }
  }

  #nextDeadline(): number {
    const primary = this.#primary;
    if (!primary.established) return primary.startedAt + this.settings.handshakeWindow;
    const { renegotiateAfter, transitionWindow } = this.settings;
    return Math.min(
      renegotiateAfter > 0 ? primary.establishedAt + renegotiateAfter : Infinity,
      this.#lameDuck === undefined ? Infinity : primary.establishedAt + transitionWindow,
    );
  }

  #failNegotiation(): void {
    const seconds = this.settings.handshakeWindow / 1000;
    this.#fail(
      new VpnError(
        `TLS Error: TLS key negotiation failed to occur within ${seconds} seconds`,
        "check your network connectivity",
      ),
    );
  }

  #fail(error: VpnError): void {
    if (this.#closed || this.#failed) return;
    this.#failed = true;
    this.#primary.close();
    this.#lameDuck?.close();
    this.#queuePump();
    Deno.unrefTimer(setTimeout(() => this.close(), lingerAfterFailure));
    this.events.failed(error);
  }
}

/** Key ids go 0, 1 … 7, 1 …: 0 is for the first negotiation alone. */
export function nextKeyId(keyId: number): number {
  return keyId === 7 ? 1 : keyId + 1;
}
