/**
 * From a control datagram to the session that it belongs to, or to a new one.
 *
 * ```text
 * 1. a session of that socket, address and session id takes it, or
 * 2. ResetResponder answers without keeping anything, until the address is proved, and then
 * 3. the server's limits are asked, then tls-crypt-v2-verify, and
 * 4. a session begins, whose first datagram it is
 * ```
 *
 * @module
 */

import type { Log } from "../../base/log.ts";
import type { Transport } from "../../config/config.ts";
import { ClientKeyMemory } from "../../control/client_key_memory.ts";
import { type AcceptedClient, ResetResponder } from "../../control/reset_responder.ts";
import { ResetCookie } from "../../crypto/reset_cookie.ts";
import { droppedText, LimitedLog } from "../control_protection/limited_log.ts";
import { endpointText } from "../sockets.ts";
import { RateLimit } from "./rate_limit.ts";
import type { ServerParts } from "./server_context.ts";
import type { HandshakeResult, ServerCounters, StrangerRefusal } from "./server_counters.ts";
import type { ServerSessions } from "./server_sessions.ts";
import type { ServerSockets } from "./server_sockets.ts";

/** Instances beyond `max-clients`: sessions that are being replaced or still shake hands. */
const spareInstances = 64;

/** `connect-freq-initial` where it has no sense. */
const unlimited = { count: Infinity, seconds: 1 } as const;

/** See the module's page. */
export class ControlDispatcher {
  readonly #parts: ServerParts;
  readonly #sockets: ServerSockets;
  readonly #sessions: ServerSessions;
  readonly #counters: ServerCounters;
  readonly #log: Log;
  /** For what anybody can send. */
  readonly #dropLog: LimitedLog;
  readonly #responders: Readonly<Record<Transport, ResetResponder>>;
  readonly #sessionLimit: RateLimit;
  #stopped = false;

  constructor(
    parts: ServerParts,
    sockets: ServerSockets,
    sessions: ServerSessions,
    counters: ServerCounters,
  ) {
    const { config, wrap, log } = parts;
    this.#parts = parts;
    this.#sockets = sockets;
    this.#sessions = sessions;
    this.#counters = counters;
    this.#log = log;
    this.#dropLog = new LimitedLog(log);
    const cookie = new ResetCookie(config.tls.handWindow);
    const keyMemory = config.tlsCryptV2.allowNoncookie
      ? new ClientKeyMemory(config.tls.handWindow)
      : undefined;
    this.#responders = {
      udp: new ResetResponder(wrap, cookie, config.connectFreqInitial, keyMemory),
      // Over TCP an answer goes to nobody who has not asked for it.
      tcp: new ResetResponder(wrap, cookie, unlimited, keyMemory),
    };
    this.#sessionLimit = new RateLimit(config.connectFreq);
  }

  /** Takes a datagram. */
  dispatch(socket: number, address: Uint8Array, datagram: Uint8Array): void {
    const transport = this.#sockets.transport(socket);
    // What a connection brought that is closed by now.
    if (transport === undefined || this.#isClosed(socket)) return;
    for (const client of this.#sessions.at(socket, address)) {
      if (client.matches(datagram)) return client.receive(datagram);
    }
    if (this.#stopped) return;
    const now = Math.floor(Date.now() / 1000);
    const verdict = this.#responders[transport].consider(datagram, address, now);
    switch (verdict.kind) {
      case "reply":
        return this.#sockets.send(socket, address, verdict.datagram);
      case "accept":
        return this.#addressProved(socket, address, verdict, datagram);
      default:
        return this.#dropped(socket, address, verdict.reason);
    }
  }

  /** No session begins from here on; those that there are go on. */
  stop(): void {
    this.#stopped = true;
  }

  #isClosed(socket: number): boolean {
    return this.#sockets.connections(socket)?.has(socket) === false;
  }

  #dropped(socket: number, address: Uint8Array, reason: StrangerRefusal | "rate"): void {
    if (reason === "rate") {
      this.#counters.handshakes["rate-limited"]++;
      return this.#dropLog.at(
        4,
        () => "connect-freq-initial: too many new connections, one is not answered",
      );
    }
    this.#counters.strangers[reason]++;
    this.#sockets.connections(socket)?.refuse(socket, reason);
    this.#dropLog.at(
      reason === "unauthenticated" || reason === "noncookie" ? 4 : 5,
      () => droppedText(endpointText(address), reason),
    );
  }

  /** A client has proved its address: a session begins, unless there are reasons against it. */
  #addressProved(
    socket: number,
    address: Uint8Array,
    client: AcceptedClient,
    datagram: Uint8Array,
  ): void {
    const objection = this.#objection(socket, address);
    if (objection !== undefined) {
      this.#counters.handshakes[objection.result]++;
      return this.#log.at(1, objection.message);
    }
    const begin = () => {
      if (this.#stopped || this.#isClosed(socket)) return;
      this.#sessions.begin(socket, address, client).receive(datagram);
    };
    const { clientKeyVerification } = this.#parts;
    if (client.clientKey === undefined || clientKeyVerification === undefined) return begin();
    const name = `${socket} ${endpointText(address)} ${client.remoteSessionId.toHex()}`;
    const log = this.#log.prefixed(endpointText(address));
    clientKeyVerification.decide(name, client.clientKey, log, begin);
  }

  /** Why no further session may begin from there. */
  #objection(
    socket: number,
    address: Uint8Array,
  ): { readonly result: HandshakeResult; readonly message: string } | undefined {
    const { maxClients, tls } = this.#parts.config;
    if (this.#sessions.size >= maxClients + spareInstances) {
      const message = "MULTI: new incoming connection would exceed maximum number of clients";
      return { result: "server-full", message };
    }
    if (!this.#sessionLimit.allow(performance.now())) {
      const message = `MULTI: Connection from ${endpointText(address)} would exceed new ` +
        "connection frequency limit as controlled by --connect-freq";
      return { result: "rate-limited", message };
    }
    if (tls.singleSession && this.#sessions.at(socket, address).size > 0) {
      const message = `TLS Error: no new session from ${endpointText(address)} (single-session)`;
      return { result: "single-session", message };
    }
    return undefined;
  }
}
