/**
 * The client: goes through its remotes until one connects, and again when a connection ends.
 *
 * ```text
 * remotes ─► addresses ─► ClientConnection ─► up ──► restart, with back-off ─┐
 *    ▲                          └ failed ────────────────────────────────────┤
 *    └───────────────────────────────────────────────────────────────────────┘
 * ```
 *
 * @module
 */

import { decodeSockaddr } from "deno-tun";
import { errorLine, VpnError } from "../../base/errors.ts";
import { sameBytes } from "../../base/bytes.ts";
import type { Log } from "../../base/log.ts";
import type { ClientConfig, Connection, PulledOptions } from "../../config/config.ts";
import type { TlsCredentials } from "../../control/tls_channel.ts";
import type { ControlWrap } from "../../crypto/control_wrap.ts";
import { DataPlane, type DataPlaneEvent } from "../../loop/data_plane.ts";
import { ClientConnection } from "./client_connection.ts";
import { serverPeer } from "./server_peer_command.ts";
import { type ConnectionEnd, endReason } from "./connection_context.ts";
import { outcomeOf } from "./connection_outcome.ts";
import { ClientSocket } from "./client_socket.ts";
import { ClientTunnel } from "./client_tunnel.ts";
import type { CredentialPrompt } from "./credential_prompt.ts";
import type { ClientNetwork } from "../client_network/client_network.ts";
import { KeyInstallations } from "../key_installations.ts";
import type { PeerTrust } from "../peer_trust.ts";
import { type NameLookup, remoteChooser, RemoteList } from "./remote_list.ts";
import type { UserCredentialSource } from "./user_credentials.ts";
import { ClientStates } from "./client_states.ts";
import { logAddress } from "../sockets.ts";
import type { TunnelEnd } from "../tunnel.ts";
import type { TunnelPrograms } from "../programs/tunnel_programs.ts";
import type { TunnelObserver } from "../tunnel_observer.ts";
import type { ClientStatistics } from "../status/client_statistics.ts";
import { clientStatistics } from "./client_picture.ts";

/** What a client is made of. */
export interface ClientParts {
  readonly config: ClientConfig;
  readonly credentials: TlsCredentials;
  /** The control channel's wrapping for this connection. */
  wrap(connection: Connection): ControlWrap;
  readonly trust: PeerTrust;
  readonly log: Log;
  readonly network: ClientNetwork;
  /** User name and password, or what stands for them. */
  readonly userCredentials: UserCredentialSource;
  /** Who is told what the server wants of the user. */
  readonly prompt: CredentialPrompt;
  readonly tunnelPrograms: TunnelPrograms;
  /** Who is told how far it is, and may hold it up. */
  readonly observer: TunnelObserver;
}

/** Between two exit notifications, and two looks whether one has arrived, ms. */
const exitMoment = 100;

/** See the module's page. */
export class Client {
  readonly #parts: ClientParts;
  readonly #log: Log;
  readonly #keyInstallations = new KeyInstallations();
  readonly #remotes: RemoteList;
  readonly #tunnel: ClientTunnel;
  readonly #states: ClientStates;
  #plane!: DataPlane;
  #socket: ClientSocket | undefined;
  #socketNumber = 0;
  #connection: ClientConnection | undefined;
  #address = new Uint8Array(0);
  #pingAction: "restart" | "exit" = "restart";
  #exitNotifications = 0;
  #upSince = 0;
  #stopReason: string | undefined;
  /** Gives up questions to the user. */
  readonly #stopped = new AbortController();
  #wake: () => void = () => {};
  #pausing = false;
  #tunDetached = Promise.withResolvers<void>();
  #planeFailure: VpnError | undefined;

  constructor(parts: ClientParts) {
    this.#parts = parts;
    this.#log = parts.log;
    const { config, network, log, observer } = parts;
    this.#states = new ClientStates(config, observer);
    const lookup: NameLookup = (host, family) => {
      this.#states.resolving(host);
      return network.resolve(host, family);
    };
    this.#remotes = new RemoteList(
      config,
      log,
      lookup,
      remoteChooser(observer, this.#stopped.signal),
    );
    this.#tunnel = new ClientTunnel(
      config,
      network,
      log,
      () => this.#detachTun(),
      () => this.#connection?.end({ kind: "restart", reason: "route-failed" }),
      parts.tunnelPrograms,
    );
  }

  /**
   * Runs until `stop`, or until there is no sense in going on.
   *
   * @throws {VpnError} when the data plane cannot start.
   */
  async run(): Promise<TunnelEnd> {
    const { config } = this.#parts;
    this.#plane = await DataPlane.start({
      engine: config.process.engine,
      maxPeers: 1,
      role: "client",
      clientToClient: false,
      float: config.connections.some((connection) => connection.float),
      offload: config.process.offload,
      onEvent: (event) => this.#event(event),
    });
    this.#log.at(3, `Data channel engine: ${this.#plane.engine}`);
    this.#parts.network.watch((event) => this.reconnect(event));
    try {
      return await this.#connectForever();
    } finally {
      await this.#notifyExit();
      this.#connection?.end({ kind: "exit", reason: this.#stopReason ?? "exit" });
      await this.#tunnel.close();
      await this.#plane.stop();
      this.#socket?.close();
    }
  }

  /** Ends `run`. */
  stop(reason: string): void {
    this.#stopReason ??= reason;
    this.#stopped.abort();
    this.#wake();
  }

  /** SIGUSR1: connect anew. */
  reconnect(reason: string): void {
    if (this.#pausing) this.#wake();
    else this.#connection?.end({ kind: "restart", reason });
  }

  /** What was counted since the start. */
  status(): ClientStatistics {
    // Before the data plane has started there is nothing to count.
    return clientStatistics((this.#plane as DataPlane | undefined)?.counters);
  }

  async #connectForever(): Promise<TunnelEnd> {
    this.#states.entered("CONNECTING");
    for (;;) {
      const remote = await this.#remotes.next(() => this.#stopReason !== undefined);
      if (this.#stopReason !== undefined) return { reason: this.#stopReason };
      if (remote === undefined) {
        return {
          reason: "connect-retry-max",
          error: new VpnError("All connections have been connect-retry-max times unsuccessful"),
        };
      }
      await this.#prepareCredentials();
      if (this.#stopReason !== undefined) return { reason: this.#stopReason };
      const end = await this.#connect(remote.connection, remote.address);
      if (this.#planeFailure !== undefined) {
        return { reason: "data plane", error: this.#planeFailure };
      }
      if (this.#stopReason !== undefined) return { reason: this.#stopReason };
      const final = outcomeOf(end, {
        userCredentials: this.#parts.userCredentials,
        remotes: this.#remotes,
        log: this.#log,
        config: this.#parts.config,
      });
      if (final !== undefined) return final;
      this.#states.reconnecting(endReason(end));
      await this.#tunnel.disconnected();
      const wait = this.#remotes.waitBefore();
      if (!await this.#held(wait)) await this.#pause(wait);
    }
  }

  /** Before a connection: a server doesn't wait for somebody who types. */
  async #prepareCredentials(): Promise<void> {
    try {
      await this.#parts.userCredentials.prepare(this.#stopped.signal);
    } catch (error) {
      if (this.#stopReason === undefined) throw error;
    }
  }

  async #connect(connection: Connection, address: Uint8Array): Promise<ConnectionEnd> {
    const { config, credentials, trust } = this.#parts;
    const server = decodeSockaddr(address);
    const family = server.hostname.includes(":") ? 6 : 4;
    this.#parts.network.connecting(server.hostname);
    const tcp = connection.transport === "tcp";
    if (tcp) {
      this.#states.entered("TCP_CONNECT");
      this.#log.at(1, `Attempting to establish TCP connection with ${logAddress(server)}`);
    }
    try {
      await this.#openSocket(connection, address);
    } catch (error) {
      this.#closeSocket();
      if (this.#stopReason !== undefined) return { kind: "exit", reason: this.#stopReason };
      this.#log.error(errorLine(error));
      return { kind: "unreachable" };
    }
    if (this.#stopReason !== undefined) return { kind: "exit", reason: this.#stopReason };
    if (tcp) this.#log.at(1, `TCP connection established with ${logAddress(server)}`);
    const name = tcp ? `TCPv${family}_CLIENT` : `UDPv${family}`;
    this.#log.at(1, `${name} link remote: ${logAddress(server)}`);
    this.#states.entered("WAIT");
    this.#address = new Uint8Array(address);
    const ended = Promise.withResolvers<ConnectionEnd>();
    this.#wake = () => ended.resolve({ kind: "exit", reason: this.#stopReason ?? "stop" });
    this.#connection = new ClientConnection({
      config,
      connection,
      credentials,
      wrap: this.#parts.wrap(connection),
      trust,
      log: this.#log,
      socket: this.#socketNumber,
      address,
      transmit: (datagram) => {
        this.#socket?.send(datagram, this.#address);
        this.#plane.counters.markSent(serverPeer, Date.now());
      },
      command: (command) => this.#plane.command(command),
      keyInstalled: (keyId) => this.#keyInstallations.expect(serverPeer, keyId),
      traffic: () => this.#plane.counters.peer(serverPeer),
      userCredentials: () => this.#parts.userCredentials.get(this.#stopped.signal),
      authToken: (token, username) => this.#parts.userCredentials.tokenPushed(token, username),
      prompt: this.#parts.prompt,
      states: this.#states,
      stopped: this.#stopped.signal,
      openTunnel: (pulled) => {
        this.#parts.tunnelPrograms.describePeer(server.hostname, server.port);
        return this.#openTunnel(connection, pulled, server.hostname);
      },
      up: () => {
        this.#upSince = Date.now();
        this.#remotes.succeeded();
        this.#states.connected(address);
        this.#parts.tunnelPrograms.peerAddress(server.hostname, server.port);
        this.#log.at(0, "Initialization Sequence Completed");
      },
      ended: (end) => ended.resolve(end),
    });
    const end = await ended.promise;
    this.#upSince = 0;
    if (end.kind !== "exit") this.#closeSocket();
    return end;
  }

  async #openTunnel(connection: Connection, pulled: PulledOptions, server: string): Promise<void> {
    this.#states.pulled(pulled);
    this.#pingAction = pulled.ping.timeoutAction;
    this.#socket?.resizeBuffers(pulled);
    this.#exitNotifications = connection.transport === "udp"
      ? pulled.explicitExitNotify ?? connection.explicitExitNotify
      : 0;
    const { reopened, ...device } = await this.#tunnel.open(connection, pulled, server);
    if (reopened) this.#plane.command({ kind: "attach-tun", ...device });
  }

  #detachTun(): Promise<void> {
    this.#tunDetached = Promise.withResolvers();
    this.#plane.command({ kind: "detach-tun" });
    // A data plane that has failed answers nothing, and holds nothing.
    return this.#planeFailure === undefined ? this.#tunDetached.promise : Promise.resolve();
  }

  /** @throws {VpnError} when the server can't be reached that way, or `stop` was called. */
  async #openSocket(connection: Connection, address: Uint8Array): Promise<void> {
    const socket = new ClientSocket({
      connection,
      socket: this.#parts.config.socket,
      number: ++this.#socketNumber,
      address,
      command: (command) => this.#plane.command(command),
    });
    this.#socket = socket;
    this.#wake = () => socket.abandon("stopped");
    await socket.ready(connection.connectTimeout * 1000);
  }

  #closeSocket(): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#socket = undefined;
    this.#detaching.set(socket.number, socket);
    socket.detach();
  }

  /** Sockets that the worker is about to let go; closed when it has. */
  readonly #detaching = new Map<number, ClientSocket>();

  #event(event: DataPlaneEvent): void {
    switch (event.kind) {
      case "control-datagram": {
        this.#plane.counters.leaveControlBacklog();
        const fromServer = sameBytes(event.address, this.#address);
        if (event.socket !== this.#socket?.number || !fromServer) return;
        if (this.#connection?.receive(event.datagram)) {
          this.#plane.counters.markReceived(serverPeer, Date.now());
        }
        return;
      }
      case "key-installed":
        return this.#keyInstallations.installed(event.peer, event.keyId);
      case "peer-float":
        this.#address = new Uint8Array(event.address);
        return;
      case "peer-timeout":
        return this.#connection?.timedOut(this.#pingAction);
      case "peer-exit":
        return this.#connection?.peerExited();
      case "key-exhausting":
        return this.#connection?.renegotiate();
      case "socket-detached":
        this.#detaching.get(event.socket)?.close();
        this.#detaching.delete(event.socket);
        return;
      case "tun-detached":
        return this.#tunDetached.resolve();
      case "connection-opened":
        if (event.socket === this.#socket?.number) this.#socket.opened();
        return;
      case "connection-closed":
        if (event.socket === this.#socket?.number) this.#connectionClosed(event.reason);
        return;
      case "log":
        return this.#log.at(event.verb, event.message);
      case "failed":
        this.#planeFailure = new VpnError(event.message, event.remedy);
        this.#tunDetached.resolve();
        this.#wake();
        return;
    }
  }

  #connectionClosed(reason: string): void {
    this.#socket?.abandon(reason);
    if (this.#connection?.socket !== this.#socket?.number) return;
    this.#log.at(1, `Connection reset, restarting [${reason}]`);
    this.#connection?.end({ kind: "restart", reason: "connection-reset" });
  }

  async #notifyExit(): Promise<void> {
    if (this.#upSince === 0 && this.#connection === undefined) return;
    const connection = this.#connection;
    if (connection === undefined) return;
    const moment = () => new Promise((resolve) => setTimeout(resolve, exitMoment));
    for (let i = 0; i < Math.min(this.#exitNotifications, 3); i++) {
      const again = connection.notifyExit();
      // The worker needs a moment to send it before it is stopped; a lost one is repeated.
      await moment();
      if (again) continue;
      const patience = performance.now() + this.#exitNotifications * 1000;
      while (!connection.acknowledged && performance.now() < patience) await moment();
      return;
    }
  }

  /** Whether somebody held it up, until now. */
  async #held(wait: number): Promise<boolean> {
    try {
      return await this.#parts.observer.hold(wait / 1000, this.#stopped.signal);
    } catch (error) {
      if (this.#stopReason === undefined) throw error;
      return true;
    }
  }

  #pause(milliseconds: number): Promise<void> {
    if (milliseconds === 0) return Promise.resolve();
    this.#log.at(3, `Restart pause, ${milliseconds / 1000} second(s)`);
    this.#pausing = true;
    return new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    }).finally(() => this.#pausing = false);
  }
}
