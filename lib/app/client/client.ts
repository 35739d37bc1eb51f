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
import type { Log } from "../../base/log.ts";
import type { ClientConfig, Connection, PulledOptions } from "../../config/config.ts";
import type { TlsCredentials } from "../../control/tls_channel.ts";
import type { ControlWrap } from "../../crypto/control_wrap.ts";
import type { ClientNetwork } from "../client_network/client_network.ts";
import type { PeerTrust } from "../peer_trust.ts";
import type { TunnelPrograms } from "../programs/tunnel_programs.ts";
import { logAddress } from "../sockets.ts";
import type { ClientStatistics } from "../status/client_statistics.ts";
import type { TunnelEnd } from "../tunnel.ts";
import type { TunnelObserver } from "../tunnel_observer.ts";
import { ClientConnection } from "./client_connection.ts";
import { ClientLink } from "./client_link.ts";
import { clientStatistics } from "./client_picture.ts";
import { ClientStates } from "./client_states.ts";
import { ClientTunnel } from "./client_tunnel.ts";
import { type ConnectionContext, type ConnectionEnd, endReason } from "./connection_context.ts";
import { outcomeOf } from "./connection_outcome.ts";
import type { CredentialPrompt } from "./credential_prompt.ts";
import { notifyExit } from "./exit_notification.ts";
import { type NameLookup, remoteChooser, RemoteList } from "./remote_list.ts";
import type { UserCredentialSource } from "./user_credentials.ts";

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

/** See the module's page. */
export class Client {
  readonly #parts: ClientParts;
  readonly #log: Log;
  readonly #remotes: RemoteList;
  readonly #tunnel: ClientTunnel;
  readonly #states: ClientStates;
  /** Undefined until the data plane has started. */
  #link: ClientLink | undefined;
  #connection: ClientConnection | undefined;
  #pingAction: "restart" | "exit" = "restart";
  #exitNotifications = 0;
  #stopReason: string | undefined;
  /** Gives up questions to the user. */
  readonly #stopped = new AbortController();
  #wake: () => void = () => {};
  #pausing = false;
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
    this.#tunnel = new ClientTunnel({
      config,
      network,
      log,
      programs: parts.tunnelPrograms,
      detach: () => this.#link!.detachTun(),
      routesFailed: () => this.#connection?.end({ kind: "restart", reason: "route-failed" }),
    });
  }

  /** Runs until `stop`, or until there is no sense in going on. */
  async run(): Promise<TunnelEnd> {
    const { config } = this.#parts;
    const link = this.#link = new ClientLink(config, this.#log, {
      received: (datagram) => this.#connection?.receive(datagram) ?? false,
      timedOut: () => this.#connection?.timedOut(this.#pingAction),
      peerExited: () => this.#connection?.peerExited(),
      keyExhausting: () => this.#connection?.renegotiate(),
      connectionClosed: (socket, reason) => this.#connectionClosed(socket, reason),
      failed: (error) => {
        this.#planeFailure = error;
        this.#stopped.abort();
        this.#wake();
      },
    });
    this.#parts.network.watch((event) => this.reconnect(event));
    try {
      return await this.#connectForever(link);
    } finally {
      if (this.#connection !== undefined) {
        await notifyExit(this.#connection, this.#exitNotifications);
        this.#connection.end({ kind: "exit", reason: this.#stopReason ?? "exit" });
      }
      await this.#tunnel.close();
      await link.close();
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
    return clientStatistics(this.#link?.counters);
  }

  async #connectForever(link: ClientLink): Promise<TunnelEnd> {
    this.#states.entered("CONNECTING");
    for (;;) {
      const remote = await this.#remotes.next(() => this.#over !== undefined);
      if (this.#over !== undefined) return this.#over;
      if (remote === undefined) {
        return {
          reason: "connect-retry-max",
          error: new VpnError("All connections have been connect-retry-max times unsuccessful"),
        };
      }
      await this.#prepareCredentials();
      if (this.#over !== undefined) return this.#over;
      const end = await this.#connect(link, remote.connection, remote.address);
      if (this.#over !== undefined) return this.#over;
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

  /** How it ended, where there is no sense in going on. */
  get #over(): TunnelEnd | undefined {
    if (this.#planeFailure !== undefined) {
      return { reason: "data plane", error: this.#planeFailure };
    }
    return this.#stopReason === undefined ? undefined : { reason: this.#stopReason };
  }

  /** Before a connection: a server doesn't wait for somebody who types. */
  async #prepareCredentials(): Promise<void> {
    try {
      await this.#parts.userCredentials.prepare(this.#stopped.signal);
    } catch (error) {
      if (this.#over === undefined) throw error;
    }
  }

  async #connect(
    link: ClientLink,
    connection: Connection,
    address: Uint8Array,
  ): Promise<ConnectionEnd> {
    const server = decodeSockaddr(address);
    this.#parts.network.connecting(server.hostname);
    const tcp = connection.transport === "tcp";
    if (tcp) {
      this.#states.entered("TCP_CONNECT");
      this.#log.at(1, `Attempting to establish TCP connection with ${logAddress(server)}`);
    }
    this.#wake = () => link.abandon();
    try {
      await link.open(connection, address);
    } catch (error) {
      link.closeSocket();
      if (this.#over !== undefined) return { kind: "exit", reason: this.#over.reason };
      this.#log.error(errorLine(error));
      return { kind: "unreachable" };
    }
    if (this.#over !== undefined) return { kind: "exit", reason: this.#over.reason };
    if (tcp) this.#log.at(1, `TCP connection established with ${logAddress(server)}`);
    const family = server.hostname.includes(":") ? 6 : 4;
    const name = tcp ? `TCPv${family}_CLIENT` : `UDPv${family}`;
    this.#log.at(1, `${name} link remote: ${logAddress(server)}`);
    this.#states.entered("WAIT");
    const ended = Promise.withResolvers<ConnectionEnd>();
    this.#wake = () => ended.resolve({ kind: "exit", reason: this.#stopReason ?? "stop" });
    this.#connection = new ClientConnection(
      this.#connectionContext(link, connection, address, (end) => ended.resolve(end)),
    );
    const end = await ended.promise;
    if (end.kind !== "exit") link.closeSocket();
    return end;
  }

  #connectionContext(
    link: ClientLink,
    connection: Connection,
    address: Uint8Array,
    ended: (end: ConnectionEnd) => void,
  ): ConnectionContext {
    const { config, credentials, trust, userCredentials, tunnelPrograms, prompt } = this.#parts;
    const { hostname, port } = decodeSockaddr(address);
    return {
      config,
      connection,
      credentials,
      wrap: this.#parts.wrap(connection),
      trust,
      log: this.#log,
      socket: link.socket,
      address,
      transmit: (datagram) => link.send(datagram),
      command: (command) => link.command(command),
      keyInstalled: (keyId) => link.keyInstalled(keyId),
      traffic: () => link.traffic,
      userCredentials: () => userCredentials.get(this.#stopped.signal),
      authToken: (token, username) => userCredentials.tokenPushed(token, username),
      prompt,
      states: this.#states,
      stopped: this.#stopped.signal,
      openTunnel: (pulled) => {
        tunnelPrograms.describePeer(hostname, port);
        return this.#openTunnel(link, connection, pulled, hostname);
      },
      up: () => {
        this.#remotes.succeeded();
        this.#states.connected(address);
        tunnelPrograms.peerAddress(hostname, port);
        this.#log.at(0, "Initialization Sequence Completed");
      },
      ended,
    };
  }

  async #openTunnel(
    link: ClientLink,
    connection: Connection,
    pulled: PulledOptions,
    server: string,
  ): Promise<void> {
    this.#states.pulled(pulled);
    this.#pingAction = pulled.ping.timeoutAction;
    link.resizeBuffers(pulled);
    this.#exitNotifications = connection.transport === "udp"
      ? pulled.explicitExitNotify ?? connection.explicitExitNotify
      : 0;
    const { reopened, ...device } = await this.#tunnel.open(connection, pulled, server);
    if (reopened) await link.attachTun(device);
  }

  #connectionClosed(socket: number, reason: string): void {
    if (this.#connection?.socket !== socket) return;
    this.#log.at(1, `Connection reset, restarting [${reason}]`);
    this.#connection.end({ kind: "restart", reason: "connection-reset" });
  }

  /** Whether somebody held it up, until now. */
  async #held(wait: number): Promise<boolean> {
    try {
      return await this.#parts.observer.hold(wait / 1000, this.#stopped.signal);
    } catch (error) {
      if (this.#over === undefined) throw error;
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
