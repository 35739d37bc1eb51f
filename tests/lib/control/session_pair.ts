/** Two sessions of the control channel over a link that loses, repeats and reorders as told. */

import { NoWrap } from "../../../lib/crypto/control_wrap.ts";
import type { ControlWrap } from "../../../lib/crypto/control_wrap.ts";
import { ResetCookie } from "../../../lib/crypto/reset_cookie.ts";
import {
  type AcceptedClient,
  replyPacketId,
  ResetResponder,
} from "../../../lib/control/reset_responder.ts";
import {
  TlsSession,
  type TlsSessionEvents,
  type TlsSessionSettings,
} from "../../../lib/control/tls_session.ts";
import type { TlsCredentials } from "../../../lib/control/tls_channel.ts";
import { testCertificates } from "./certificates.ts";

/** What happens to the n-th datagram (from 0) of a direction; the default delivers it at once. */
export type Link = (from: "client" | "server", index: number) => readonly number[];

/** What one side saw. */
export interface Side {
  session: TlsSession | undefined;
  readonly keyBlocks: Map<number, Uint8Array>;
  readonly settled: number[];
  readonly retired: number[];
  readonly messages: string[];
  failure: Error | undefined;
  chainLength: number;
}

/** Settings of a pair. */
export interface PairOptions {
  readonly link?: Link;
  readonly wrap?: { readonly client: ControlWrap; readonly server: ControlWrap };
  readonly settings?: Partial<TlsSessionSettings>;
  readonly clientEvents?: Partial<TlsSessionEvents>;
  readonly serverEvents?: Partial<TlsSessionEvents>;
  readonly clientCredentials?: Partial<TlsCredentials>;
  readonly serverCredentials?: Partial<TlsCredentials>;
}

/** Client and server, connected through a `ResetResponder` as in the program. */
export class SessionPair {
  readonly client = newSide();
  readonly server = newSide();
  readonly #changed = new Set<() => void>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  readonly #counts = { client: 0, server: 0 };
  readonly #responder: ResetResponder;
  readonly #address = Uint8Array.of(2, 0, 4, 170, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
  #closed = false;

  constructor(readonly options: PairOptions = {}) {
    const { server } = this.#wraps();
    this.#responder = new ResetResponder(server, new ResetCookie(), { count: 100, seconds: 10 });
    this.client.session = this.#session("client", this.client, options.clientEvents);
  }

  /** Resolves when the condition holds; rejects after 20 s. */
  async until(condition: () => boolean): Promise<void> {
    if (condition()) return;
    const reached = Promise.withResolvers<void>();
    const check = () => condition() && reached.resolve();
    const limit = setTimeout(() => reached.reject(new Error("not reached")), 20_000);
    this.#changed.add(check);
    try {
      await reached.promise;
    } finally {
      clearTimeout(limit);
      this.#changed.delete(check);
    }
  }

  close(): void {
    this.#closed = true;
    this.client.session?.close();
    this.server.session?.close();
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #wraps() {
    return this.options.wrap ?? { client: new NoWrap(), server: new NoWrap() };
  }

  #session(
    role: "client" | "server",
    side: Side,
    events: Partial<TlsSessionEvents> = {},
    accepted?: AcceptedClient,
  ): TlsSession {
    const certificates = testCertificates();
    const wrap = this.#wraps()[role];
    const credentials: TlsCredentials = {
      authorities: certificates.ca,
      ...certificates[role],
      minimumVersion: "TLSv1.2",
      maximumVersion: "TLSv1.3",
      ...(role === "client" ? this.options.clientCredentials : this.options.serverCredentials),
    };
    return new TlsSession(
      {
        role,
        credentials,
        wrap: role === "server"
          ? wrap.channel({ firstPacketId: replyPacketId + 1, clientKey: accepted?.clientKey })
          : wrap.channel(),
        wrapOverhead: wrap.overhead,
        handshakeWindow: 15_000,
        transitionWindow: 3_600_000,
        retransmitTimeout: 100,
        renegotiateAfter: 0,
        ...this.options.settings,
      },
      {
        transmit: (datagram) => this.#carry(role, datagram),
        peerResponded: () => this.#change(),
        verifyPeer: (peer) => {
          side.chainLength = peer.chain.length;
          return Promise.resolve();
        },
        authorize: () => Promise.resolve(),
        localKeyMessage: () => ({ options: `V4,tls-${role}`, peerInfo: "IV_PROTO=2\n" }),
        keysDerived: (keyId, keyBlock) => {
          side.keyBlocks.set(keyId, keyBlock);
          this.#change();
          return Promise.resolve();
        },
        settled: (keyId) => {
          side.settled.push(keyId);
          this.#change();
        },
        controlMessage: (text) => {
          side.messages.push(text);
          this.#change();
        },
        tlsEstablished: () => this.#change(),
        retired: (keyId) => {
          side.retired.push(keyId);
          this.#change();
        },
        renegotiating: () => this.#change(),
        failed: (error) => {
          side.failure = error;
          this.#change();
        },
        ...events,
      },
      accepted,
    );
  }

  #carry(from: "client" | "server", datagram: Uint8Array): void {
    const index = this.#counts[from]++;
    for (const delay of this.options.link?.(from, index) ?? [0]) {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        if (!this.#closed) this.#deliver(from, datagram.slice());
      }, delay);
      this.#timers.add(timer);
    }
  }

  #deliver(from: "client" | "server", datagram: Uint8Array): void {
    if (from === "server") {
      this.client.session!.receive(datagram);
    } else if (this.server.session?.matches(datagram)) {
      this.server.session.receive(datagram);
    } else {
      const verdict = this.#responder.consider(
        datagram,
        this.#address,
        Math.floor(Date.now() / 1000),
      );
      if (verdict.kind === "reply") this.#carry("server", verdict.datagram);
      if (verdict.kind === "accept") {
        this.server.session = this.#session(
          "server",
          this.server,
          this.options.serverEvents,
          verdict,
        );
        this.server.session.receive(datagram);
      }
    }
    this.#change();
  }

  #change(): void {
    for (const check of [...this.#changed]) check();
  }
}

function newSide(): Side {
  return {
    session: undefined,
    keyBlocks: new Map(),
    settled: [],
    retired: [],
    messages: [],
    failure: undefined,
    chainLength: 0,
  };
}
