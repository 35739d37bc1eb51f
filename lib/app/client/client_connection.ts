/**
 * A client's connection to one server, from the first reset to its end.
 *
 * ```text
 * reset ─► TLS ─► key method 2 ─► PUSH_REQUEST ─► PUSH_REPLY ─► device, routes, keys ─► up
 * ```
 *
 * @module
 */

import { wipe } from "../../base/bytes.ts";
import { errorLine, VpnError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { parsePushReply } from "../../config/mod.ts";
import { acceptCipher } from "../../control/cipher_negotiation.ts";
import {
  clientOptionValues,
  localOptionsString,
  optionWarnings,
} from "../../control/local_options.ts";
import { clientPeerInfo } from "../../control/peer_info.ts";
import { drawRenegotiation } from "../../control/renegotiation.ts";
import type { TlsPeer } from "../../control/tls_channel.ts";
import { TlsSession } from "../../control/tls_session.ts";
import { selectKeyMaterial } from "../../crypto/key_derivation.ts";
import { type ControlMessage, parseControlMessage } from "../../wire/control_message.ts";
import type { KeyMethod2Message } from "../../wire/key_method.ts";
import { parseOptionsString } from "../../wire/options_string.ts";
import { PushReplyAssembler } from "../../wire/push_reply.ts";
import { exitPeerInfo } from "../exit/client_exit.ts";
import { UpProgramError } from "../programs/tunnel_programs.ts";
import { KeyVolume, volumeCheckInterval } from "../key_volume.ts";
import type { SessionLimits } from "../session_limits.ts";
import { Timers } from "../timers.ts";
import { clientLimits } from "./client_limits.ts";
import { PushedOptions } from "./push_update.ts";
import { serverPeer, serverPeerCommand } from "./server_peer_command.ts";
import type { ConnectionContext, ConnectionEnd } from "./connection_context.ts";
import { peerMachine } from "./peer_machine.ts";
import { PendingLogin } from "./pending_login.ts";

/** How often PUSH_REQUEST is repeated, ms (OpenVPN's PUSH_REQUEST_INTERVAL). */
const pushRequestInterval = 5000;

/** How long a failed session has to send its TLS alert, ms. */
const alertDelay = 50;

/**
 * How long after a renegotiation we still send with the former keys, ms. The server has the new
 * ones when our last acknowledgement has reached it; should that be lost, it repeats its message
 * after 2 s and we the acknowledgement.
 */
const renewedKeyDelay = 3000;

/** See the module's page. */
export class ClientConnection {
  readonly #context: ConnectionContext;
  readonly #session: TlsSession;
  readonly #log: Log;
  readonly #pushReply = new PushReplyAssembler();
  readonly #login: PendingLogin;
  #responded = false;
  #keyBlock: Uint8Array | undefined;
  #serverOptions = "";
  #cipher: string | undefined;
  /** Has the newest keys used for sending, while that still waits. */
  #activateNow: (() => void) | undefined;
  #up = false;
  #pulling = false;
  /** What the server has pushed so far, once the tunnel is open. */
  #pushed: PushedOptions | undefined;
  #ended = false;
  #peerAdded = false;
  #limits: SessionLimits | undefined;
  #exitByControlChannel = false;
  readonly #volume: KeyVolume;
  readonly #timers = new Timers();

  constructor(context: ConnectionContext) {
    this.#context = context;
    this.#log = context.log;
    const { tls } = context.config;
    this.#volume = new KeyVolume(tls);
    this.#session = new TlsSession({
      role: "client",
      credentials: context.credentials,
      wrap: context.wrap.channel(),
      wrapOverhead: context.wrap.overhead,
      handshakeWindow: tls.handWindow * 1000,
      transitionWindow: tls.tranWindow * 1000,
      retransmitTimeout: tls.timeout * 1000,
      renegotiateAfter: drawRenegotiation("client", tls.renegSec, tls.renegSecMin),
    }, {
      transmit: (datagram) => context.transmit(datagram),
      peerResponded: () => {
        this.#responded = true;
        context.states.entered("AUTH");
        this.#log.at(3, "TLS: Initial packet from the server");
      },
      verifyPeer: (peer) => this.#verifyPeer(peer),
      authorize: (message) => this.#authorize(message),
      localKeyMessage: () => this.#localKeyMessage(),
      keysDerived: (keyId, keyBlock) => this.#keysDerived(keyId, keyBlock),
      settled: (keyId) => this.#settled(keyId),
      controlMessage: (text) => this.#controlMessage(parseControlMessage(text), text),
      tlsEstablished: (description) => this.#log.at(3, `Control Channel: ${description}`),
      retired: (keyId) => context.command({ kind: "retire-key", peer: serverPeer, keyId }),
      renegotiating: (keyId, byPeer) => {
        this.#log.at(3, `TLS: soft reset to key ${keyId}${byPeer ? ", asked by the peer" : ""}`);
        this.#activateNow?.();
      },
      failed: (error) => this.#failed(error),
    });
    this.#login = new PendingLogin({
      tls,
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
    wipe(this.#keyBlock);
    if (this.#peerAdded) this.#context.command({ kind: "remove-peer", peer: serverPeer });
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

  async #localKeyMessage() {
    const { config, connection } = this.#context;
    const user = await this.#context.userCredentials();
    return {
      options: localOptionsString(clientOptionValues(config, connection)),
      username: user?.username,
      password: user?.password,
      peerInfo: clientPeerInfo({
        dataCiphers: config.data.ciphers,
        tunMtu: connection.mtu.tunMtu,
        exit: exitPeerInfo(config),
        environment: config.process.environment,
        machine: config.pushPeerInfo ? peerMachine() : undefined,
      }),
    };
  }

  async #keysDerived(keyId: number, keyBlock: Uint8Array): Promise<void> {
    if (this.#cipher !== undefined) return await this.#installKey(keyId, keyBlock);
    this.#keyBlock = keyBlock;
    this.#login.start();
    // A server before 2.6 waits for the request; a newer one sends its reply by itself.
    this.#context.states.entered("GET_CONFIG");
    this.#timers.later(0, () => this.#requestPush());
  }

  async #installKey(keyId: number, keyBlock: Uint8Array): Promise<void> {
    const { config } = this.#context;
    const material = selectKeyMaterial(keyBlock, "client", this.#cipher!, config.data.auth);
    wipe(keyBlock);
    const installed = this.#context.keyInstalled(keyId);
    this.#context.command({ kind: "install-key", peer: serverPeer, keyId, ...material });
    await installed;
    this.#volume.keyChanged(this.#context.traffic(), this.#cipher!);
  }

  #requestPush(): void {
    if (this.#pulling) return;
    this.#log.at(1, "SENT CONTROL: 'PUSH_REQUEST' (status=1)");
    this.#session.sendMessage("PUSH_REQUEST");
    this.#timers.later(pushRequestInterval, () => this.#requestPush());
  }

  #settled(keyId: number): void {
    // The first keys are activated when the tunnel is there. Later ones: the former are as good
    // for sending, and the server may need a moment.
    if (keyId === 0) return;
    const activate = () => {
      this.#activateNow = undefined;
      this.#context.command({ kind: "activate-key", peer: serverPeer, keyId });
    };
    this.#activateNow = activate;
    this.#timers.later(renewedKeyDelay, () => this.#activateNow === activate && activate());
  }

  #controlMessage(message: ControlMessage, text: string): void {
    switch (message.kind) {
      case "push-reply": {
        if (this.#pulling) return this.#renewToken(message.options);
        const options = this.#pushReply.add(message);
        if (options === "more") return;
        if (options === "too-long") {
          return this.#failed(new VpnError("the server pushes more options than we take"));
        }
        this.#pulling = true;
        this.#login.end();
        this.#pull(options).catch((error) => this.#failed(error));
        return;
      }
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
    const { config, connection } = this.#context;
    const reply = parsePushReply(options, config);
    for (const { level, verb, message } of reply.notices) {
      if (level === "warning") this.#log.warn(message);
      else this.#log.at(verb, message);
    }
    if (reply.kind === "refused") {
      if (!reply.byFilter) throw new VpnError(`the pushed options are refused: ${reply.reason}`);
      this.#log.error(reply.reason);
      return this.end({ kind: "restart", reason: "process-push-msg-failed" });
    }
    const pulled = reply.options;
    this.#exitByControlChannel = pulled.controlChannelExit;
    this.#cipher = acceptCipher(
      config.data.ciphers,
      pulled.cipher,
      { inOptions: parseOptionsString(this.#serverOptions).cipher },
      config.data.fallbackCipher,
    );
    if (pulled.authToken !== undefined) {
      this.#context.authToken(pulled.authToken, pulled.authTokenUser);
    }
    await this.#context.openTunnel(pulled);
    if (this.#ended) return;
    this.#pushed = new PushedOptions(options, this.#context, {
      end: (end) => this.end(end),
      failed: (error) => this.#failed(error),
    });
    this.#peerAdded = true;
    this.#context.command(serverPeerCommand(this.#context, pulled, this.#cipher));
    const keyBlock = this.#keyBlock!;
    this.#keyBlock = undefined;
    await this.#installKey(0, keyBlock);
    if (this.#ended) return;
    this.#context.command({ kind: "activate-key", peer: serverPeer, keyId: 0 });
    this.#up = true;
    this.#limits = clientLimits(this.#context, pulled, (reason) => {
      this.end({ kind: "exit", reason });
    });
    this.#log.at(
      2,
      `Data Channel: cipher '${this.#cipher}'${
        pulled.peerId === undefined ? "" : `, peer-id: ${pulled.peerId}`
      }, keepalive ${pulled.ping.interval}s/${pulled.ping.timeout}s over ${connection.transport}`,
    );
    this.#context.up();
    this.#checkVolume();
  }

  #checkVolume(): void {
    if (this.#volume.exceeded(this.#context.traffic())) this.renegotiate();
    this.#timers.later(volumeCheckInterval, () => this.#checkVolume());
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
