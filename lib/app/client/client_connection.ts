/**
 * A client's connection to one server, from the first reset to its end.
 *
 * ```text
 * reset ─► TLS ─► key method 2 ─► PUSH_REQUEST ─► PUSH_REPLY ─► device, routes, keys ─► up
 * ```
 *
 * @module
 */

import { decodeSockaddr } from "deno-tun";
import { errorLine, VpnError } from "../../base/errors.ts";
import type { Attributes } from "../../base/tracing.ts";
import type { Log } from "../../base/log.ts";
import { acceptCipher } from "../../control/cipher_negotiation.ts";
import { clientOptionValues, optionWarnings } from "../../control/local_options.ts";
import type { TlsPeer } from "../../control/tls_channel.ts";
import { TlsSession } from "../../control/tls_session.ts";
import { type ControlMessage, parseControlMessage } from "../../wire/control_message.ts";
import type { KeyMethod2Message } from "../../wire/key_method.ts";
import { parseOptionsString } from "../../wire/options_string.ts";
import { UpProgramError } from "../programs/tunnel_programs.ts";
import type { SessionLimits } from "../session_limits.ts";
import { addressAttributes } from "../telemetry/address_attributes.ts";
import { SessionTrace, watched } from "../telemetry/session_trace.ts";
import { Timers } from "../timers.ts";
import { clientKeyMessage, sessionSettings } from "./client_key_message.ts";
import { clientLimits } from "./client_limits.ts";
import { ConnectionKeys } from "./connection_keys.ts";
import { PushRequest } from "./push_request.ts";
import { PushedOptions } from "./push_update.ts";
import { readPushReply } from "./pushed_reply.ts";
import { serverPeer, serverPeerCommand } from "./server_peer_command.ts";
import { type ConnectionContext, type ConnectionEnd, endReason } from "./connection_context.ts";
import { PendingLogin } from "./pending_login.ts";

/** How long a failed session has to send its TLS alert, ms. */
const alertDelay = 50;

/** See the module's page. */
export class ClientConnection {
  readonly #context: ConnectionContext;
  readonly #session: TlsSession;
  readonly #log: Log;
  readonly #timers = new Timers();
  readonly #trace: SessionTrace | undefined;
  readonly #keys: ConnectionKeys;
  readonly #pushRequest: PushRequest;
  readonly #login: PendingLogin;
  #responded = false;
  #serverOptions = "";
  #up = false;
  /** What the server has pushed so far, once the tunnel is open. */
  #pushed: PushedOptions | undefined;
  #ended = false;
  #peerAdded = false;
  #limits: SessionLimits | undefined;
  #exitByControlChannel = false;

  constructor(context: ConnectionContext) {
    this.#context = context;
    this.#log = context.log;
    this.#keys = new ConnectionKeys(context, this.#timers);
    this.#pushRequest = new PushRequest(this.#timers, () => {
      this.#log.at(1, "SENT CONTROL: 'PUSH_REQUEST' (status=1)");
      this.#session.sendMessage("PUSH_REQUEST");
    });
    this.#trace = SessionTrace.begin("client", () => serverAttributes(context));
    this.#session = new TlsSession(
      sessionSettings(context),
      watched(this.#trace, {
        transmit: (datagram) => context.transmit(datagram),
        peerResponded: () => {
          this.#responded = true;
          context.states.entered("AUTH");
          this.#log.at(3, "TLS: Initial packet from the server");
        },
        verifyPeer: (peer) => this.#verifyPeer(peer),
        authorize: (message) => this.#authorize(message),
        localKeyMessage: () => clientKeyMessage(context),
        keysDerived: (keyId, keyBlock) => this.#keysDerived(keyId, keyBlock),
        settled: (keyId) => this.#keys.settled(keyId),
        controlMessage: (text) => this.#controlMessage(parseControlMessage(text), text),
        tlsEstablished: (description) => this.#log.at(3, `Control Channel: ${description}`),
        retired: (keyId) => this.#keys.retire(keyId),
        renegotiating: (keyId, byPeer) => {
          this.#log.at(3, `TLS: soft reset to key ${keyId}${byPeer ? ", asked by the peer" : ""}`);
          this.#keys.renegotiating();
        },
        failed: (error) => this.#failed(error),
      }),
    );
    this.#login = new PendingLogin({
      tls: context.config.tls,
      log: context.log,
      prompt: context.prompt,
      stopped: context.stopped,
      sendMessage: (text) => this.#session.sendMessage(text),
      expired: (seconds) => {
        this.#log.error(`No reply from server to push requests in ${seconds}s`);
        this.end({ kind: "restart", reason: "no-push-reply" });
      },
    });
    this.#timers.later(context.connection.connectTimeout * 1000, () => {
      if (this.#responded) return;
      this.end({ kind: "restart", reason: "server-poll-timeout" });
    });
  }

  /** The worker's number of the socket that it uses. */
  get socket(): number {
    return this.#context.socket;
  }

  /** Takes a control datagram of the server's address. */
  receive(datagram: Uint8Array): boolean {
    return this.#session.receive(datagram);
  }

  /** The worker heard nothing for `ping-restart` or `ping-exit` seconds. */
  timedOut(action: "restart" | "exit"): void {
    this.#log.at(1, `Inactivity timeout (--ping-${action}), ${action}ing`);
    this.end({ kind: action, reason: `ping-${action}` });
  }

  renegotiate(): void {
    this.#session.renegotiate();
  }

  /**
   * Tells the server that we go: over the data channel, to be repeated, or by a control message
   * (`protocol-flags cc-exit`), which repeats itself.
   *
   * @returns Whether it has to be called again, as often as `explicit-exit-notify` says.
   */
  notifyExit(): boolean {
    if (!this.#up) return false;
    if (!this.#exitByControlChannel) {
      this.#context.command({ kind: "send-exit", peer: serverPeer });
      return true;
    }
    this.#session.sendMessage("EXIT");
    return false;
  }

  /** Whether the server has acknowledged all that we sent over the control channel. */
  get acknowledged(): boolean {
    return this.#session.acknowledged;
  }

  /** Ends the connection and reports it, once. */
  end(end: ConnectionEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timers.clear();
    this.#limits?.close();
    this.#pushed?.close();
    this.#login.end();
    this.#session.close();
    this.#keys.wipe();
    if (this.#peerAdded) this.#context.command({ kind: "remove-peer", peer: serverPeer });
    this.#trace?.ended(endReason(end));
    this.#context.ended(end);
  }

  async #verifyPeer({ chain }: TlsPeer): Promise<void> {
    const peer = await this.#context.trust.verify(chain, this.#context.address);
    for (const warning of peer.warnings) this.#log.warn(warning);
    this.#log.at(1, `VERIFY OK: ${peer.subject}`);
  }

  #authorize(message: KeyMethod2Message): Promise<void> {
    this.#serverOptions = message.options;
    const local = clientOptionValues(this.#context.config, this.#context.connection);
    for (const warning of optionWarnings(local, message.options)) {
      this.#log.at(3, `WARNING: ${warning}`);
    }
    return Promise.resolve();
  }

  async #keysDerived(keyId: number, keyBlock: Uint8Array): Promise<void> {
    if (!await this.#keys.derived(keyId, keyBlock)) return;
    this.#login.start();
    // A server before 2.6 waits for the request; a newer one sends its reply by itself.
    this.#context.states.entered("GET_CONFIG");
    this.#pushRequest.start();
  }

  #controlMessage(message: ControlMessage, text: string): void {
    switch (message.kind) {
      case "push-reply":
        if (this.#pushRequest.answered) return this.#renewToken(message.options);
        return this.#pushReply(message);
      case "push-update":
        this.#log.at(1, `PUSH: Received control message: 'PUSH_UPDATE,${message.options}'`);
        // What comes before the PUSH_REPLY has nothing to change.
        this.#pushed?.update(message);
        return;
      case "auth-failed":
        // A challenge's state is as good as the password until it is answered.
        this.#log.error(
          `AUTH: Received control message: ${
            text.replace(/^(AUTH_FAILED,CRV1:[^:]*):[^:]*/, "$1:[redacted]")
          }`,
        );
        return this.end({
          kind: "auth-failed",
          reason: message.reason,
          temporary: message.temporary,
        });
      case "restart":
        this.#log.at(1, `Connection reset command was pushed by server ('${message.reason}')`);
        return this.end({ kind: "restart", reason: "server-pushed-connection-reset" });
      case "halt":
        this.#log.at(1, `Halt command was pushed by server ('${message.reason}')`);
        return this.end({ kind: "exit", reason: "server-pushed-halt" });
      case "exit":
        return this.peerExited();
      case "auth-pending":
        this.#context.states.pending(message.timeout);
        return this.#login.extend(message.timeout);
      case "info-pre":
        this.#login.inform(message.text);
        return;
      case "info":
        this.#log.at(1, `Info command was pushed by server ('${message.text}')`);
        return;
      default:
        this.#log.at(3, `control message not handled: ${text}`);
    }
  }

  #pushReply(message: Extract<ControlMessage, { readonly kind: "push-reply" }>): void {
    try {
      const options = this.#pushRequest.take(message);
      if (options === undefined) return;
      this.#login.end();
      this.#pull(options).catch((error) => this.#failed(error));
    } catch (error) {
      this.#failed(error);
    }
  }

  /** After a renegotiation the server may push a new token, and nothing else. */
  #renewToken(options: readonly string[]): void {
    const token = options.find((option) => option.startsWith("auth-token "));
    if (token === undefined) return;
    this.#log.at(3, "PUSH: the server renews the auth-token");
    this.#context.authToken(token.slice("auth-token ".length), undefined);
  }

  /** The server said that it ends. */
  peerExited(): void {
    this.#log.at(1, "the server ends the session");
    this.end({ kind: "restart", reason: "remote-exit" });
  }

  async #pull(options: readonly string[]): Promise<void> {
    this.#log.at(1, `PUSH: Received control message: 'PUSH_REPLY,${redacted(options)}'`);
    this.#trace?.event("vpn.options_pulled");
    const { config, connection } = this.#context;
    const reply = readPushReply(options, config, this.#log);
    if (reply.kind === "refused") {
      if (!reply.byFilter) throw new VpnError(`the pushed options are refused: ${reply.reason}`);
      this.#log.error(reply.reason);
      return this.end({ kind: "restart", reason: "process-push-msg-failed" });
    }
    const pulled = reply.options;
    this.#exitByControlChannel = pulled.controlChannelExit;
    const cipher = acceptCipher(
      config.data.ciphers,
      pulled.cipher,
      { inOptions: parseOptionsString(this.#serverOptions).cipher },
      config.data.fallbackCipher,
    );
    if (pulled.authToken !== undefined) {
      this.#context.authToken(pulled.authToken, pulled.authTokenUser);
    }
    this.#peerAdded = true;
    this.#context.command(serverPeerCommand(this.#context, pulled, cipher));
    // The worker takes the keys while the device is made.
    await Promise.all([this.#keys.begin(cipher), this.#context.openTunnel(pulled)]);
    if (this.#ended) return;
    this.#pushed = new PushedOptions(options, this.#context, {
      end: (end) => this.end(end),
      failed: (error) => this.#failed(error),
    });
    this.#keys.use();
    this.#up = true;
    this.#limits = clientLimits(this.#context, pulled, (reason) => {
      this.end({ kind: "exit", reason });
    });
    this.#log.at(
      2,
      `Data Channel: cipher '${cipher}'${
        pulled.peerId === undefined ? "" : `, peer-id: ${pulled.peerId}`
      }, keepalive ${pulled.ping.interval}s/${pulled.ping.timeout}s over ${connection.transport}`,
    );
    this.#trace?.completed({ "vpn.cipher": cipher });
    this.#context.up();
    this.#keys.watchVolume(() => this.renegotiate());
  }

  #failed(error: unknown): void {
    const cause = error instanceof VpnError ? error : new VpnError(errorLine(error));
    this.#log.error(`TLS Error: ${cause.line}`);
    const final = this.#context.config.tls.exitOnFailure || cause instanceof UpProgramError;
    const kind = final ? "exit" : "restart";
    // A moment for the TLS alert that tells the server why.
    this.#timers.later(alertDelay, () => this.end({ kind, reason: "tls-error", error: cause }));
  }
}

/** The pushed options for the log: a token is as good as a password. */
function redacted(options: readonly string[]): string {
  return options.map((option) =>
    option.startsWith("auth-token ") ? "auth-token [redacted]" : option
  ).join(",");
}

/** What a span says of the server at the first packet. */
function serverAttributes({ address, connection }: ConnectionContext): Attributes {
  return addressAttributes("server", decodeSockaddr(address), connection.transport);
}
