/**
 * A session of the control channel as spans: its handshake, and each renegotiation of keys.
 *
 * ```text
 * server: first authentic packet ─► TLS, certificate, log-in ─► options sent
 * client: first packet sent      ─► TLS, certificate, options ─► tunnel up
 * ```
 *
 * A renegotiation is a trace of its own that points at the handshake: sessions last for days.
 *
 * @module
 */

import { type Attributes, processTracer, type Span, type Tracer } from "../../base/tracing.ts";
import type { TlsSessionEvents } from "../../control/tls_session.ts";

/** See the module's page. */
export class SessionTrace {
  readonly #tracer: Tracer;
  readonly #handshake: Span;
  readonly #role: "server" | "client";
  readonly #attributes: Attributes;
  /** Of the negotiation that goes on. */
  #open: Span | undefined;

  private constructor(tracer: Tracer, role: "server" | "client", attributes: Attributes) {
    this.#tracer = tracer;
    this.#role = role;
    this.#attributes = attributes;
    this.#handshake = this.#open = tracer.start("vpn.handshake", { kind: role, attributes });
  }

  /** Begins the handshake's; undefined where nobody collects spans. */
  static begin(role: "server" | "client", attributes: () => Attributes): SessionTrace | undefined {
    const tracer = processTracer();
    return tracer && new SessionTrace(tracer, role, attributes());
  }

  /** The same events, and what they say in the spans. */
  watch(events: TlsSessionEvents): TlsSessionEvents {
    return {
      ...events,
      peerResponded: () => {
        this.event("vpn.peer_responded");
        events.peerResponded();
      },
      tlsEstablished: (description) => {
        this.event("tls.established", tlsAttributes(description));
        events.tlsEstablished(description);
      },
      verifyPeer: async (peer, keyId) => {
        await this.#within(() => events.verifyPeer(peer, keyId));
        this.event("vpn.certificate_checked");
      },
      authorize: async (message, keyId) => {
        await this.#within(() => events.authorize(message, keyId));
        this.event("vpn.options_exchanged");
      },
      keysDerived: async (keyId, keyBlock) => {
        await this.#within(() => events.keysDerived(keyId, keyBlock));
        this.event("vpn.keys_exchanged");
      },
      renegotiating: (keyId, byPeer) => {
        this.ended("superseded");
        this.#open = this.#tracer.start("vpn.renegotiation", {
          kind: this.#role,
          attributes: { ...this.#attributes, "vpn.key.id": keyId, "vpn.asked_by_peer": byPeer },
          follows: this.#handshake,
        });
        events.renegotiating(keyId, byPeer);
      },
      settled: (keyId) => {
        events.settled(keyId);
        if (keyId > 0) this.completed({});
      },
      failed: (error) => {
        this.#open?.fail("tls-error", error.line);
        this.#finish();
        events.failed(error);
      },
    };
  }

  /** Something happened in it. */
  event(name: string, attributes?: Attributes): void {
    this.#open?.event(name, attributes);
  }

  #within<T>(work: () => T): T {
    return this.#open === undefined ? work() : this.#tracer.within(this.#open, work);
  }

  /** What goes on has come to its end, and is what it was for. */
  completed(attributes: Attributes): void {
    this.#open?.set(attributes);
    this.#finish();
  }

  /** The session is over: what still goes on has come to nothing. */
  ended(reason: string, message?: string): void {
    this.#open?.fail(reason, message);
    this.#finish();
  }

  #finish(): void {
    this.#open?.end();
    this.#open = undefined;
  }
}

/** The events of a session whose spans are made, where they are. */
export function watched(
  trace: SessionTrace | undefined,
  events: TlsSessionEvents,
): TlsSessionEvents {
  return trace?.watch(events) ?? events;
}

/** `TLSv1.3, cipher TLS_AES_256_GCM_SHA384` by OpenTelemetry's semantic conventions for TLS. */
function tlsAttributes(description: string): Attributes {
  const [, version, cipher] = /^TLSv([\d.]+), cipher (\S+)/.exec(description) ?? [];
  if (version === undefined) return {};
  return { "tls.protocol.name": "tls", "tls.protocol.version": version, "tls.cipher": cipher };
}
