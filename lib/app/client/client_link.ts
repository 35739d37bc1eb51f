/**
 * A client's link to its servers: the data plane, which stays, and the socket to the server of the
 * moment.
 *
 * @module
 */

import { sameBytes } from "../../base/bytes.ts";
import { VpnError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { ClientConfig, Connection, PulledOptions } from "../../config/config.ts";
import type { PeerTraffic, SharedCounters } from "../../loop/counters.ts";
import { DataPlane, type DataPlaneCommand, type DataPlaneEvent } from "../../loop/data_plane.ts";
import { KeyInstallations } from "../key_installations.ts";
import { ClientSocket } from "./client_socket.ts";
import type { OpenedTunnel } from "./client_tunnel.ts";
import { serverPeer } from "./server_peer_command.ts";

/** What a client hears of its link. */
export interface LinkEvents {
  /** A control datagram of the server; returns whether it was authentic. */
  received(datagram: Uint8Array): boolean;
  /** The server was silent for `ping-restart` or `ping-exit` seconds. */
  timedOut(): void;
  /** The server says over the data channel that it ends. */
  peerExited(): void;
  /** The packet-ids of the key come to their end. */
  keyExhausting(): void;
  /** The TCP connection on that socket is gone. */
  connectionClosed(socket: number, reason: string): void;
  /** The data plane cannot start, or not go on. */
  failed(error: VpnError): void;
}

/** See the module's page. */
export class ClientLink {
  readonly #plane: DataPlane;
  readonly #config: ClientConfig;
  readonly #log: Log;
  readonly #events: LinkEvents;
  readonly #keyInstallations = new KeyInstallations();
  #socket: ClientSocket | undefined;
  #socketNumber = 0;
  /** Sockets that the worker is about to let go; closed when it has. */
  readonly #detaching = new Map<number, ClientSocket>();
  /** The server's raw sockaddr, where it is now. */
  #address = new Uint8Array(0);
  #tunAttached = Promise.withResolvers<void>();
  #tunDetached = Promise.withResolvers<void>();
  #failed = false;

  /**
   * Starts the data plane, and does not wait for it: it needs as long as the first steps of a
   * connection, which the worker's thread has no part in. `failed` is called when it cannot start.
   */
  constructor(config: ClientConfig, log: Log, events: LinkEvents) {
    this.#config = config;
    this.#log = log;
    this.#events = events;
    this.#plane = DataPlane.begin({
      engine: config.process.engine,
      maxPeers: 1,
      role: "client",
      clientToClient: false,
      float: config.connections.some((connection) => connection.float),
      offload: config.process.offload,
      onEvent: (event) => this.#event(event),
    }, (engine) => log.at(3, `Data channel engine: ${engine}`));
  }

  /** What was counted since the start. */
  get counters(): SharedCounters {
    return this.#plane.counters;
  }
  /** What was counted for the server. */
  get traffic(): PeerTraffic {
    return this.#plane.counters.peer(serverPeer);
  }
  /** The worker's number of the socket. */
  get socket(): number {
    return this.#socketNumber;
  }

  /**
   * Opens a socket to a server, and waits until it can be used.
   *
   * @param address Raw sockaddr.
   * @throws {VpnError} when the server can't be reached that way, or `abandon` was called.
   */
  async open(connection: Connection, address: Uint8Array): Promise<void> {
    const socket = new ClientSocket({
      connection,
      socket: this.#config.socket,
      number: ++this.#socketNumber,
      address,
      command: (command) => this.#plane.command(command),
    });
    this.#socket = socket;
    await socket.ready(connection.connectTimeout * 1000);
    this.#address = new Uint8Array(address);
  }

  /** Gives up `open`. */
  abandon(): void {
    this.#socket?.abandon("stopped");
  }

  /** Sends a control datagram to the server. */
  send(datagram: Uint8Array): void {
    this.#socket?.send(datagram, this.#address);
    this.#plane.counters.markSent(serverPeer, Date.now());
  }

  /** Has the worker do something. */
  command(command: DataPlaneCommand): void {
    this.#plane.command(command);
  }

  /** Resolves when the worker has taken the keys. */
  keyInstalled(keyId: number): Promise<void> {
    return this.#keyInstallations.expect(serverPeer, keyId);
  }

  /** `rcvbuf` and `sndbuf` as the server pushes them. */
  resizeBuffers(pushed: PulledOptions): void {
    this.#socket?.resizeBuffers(pushed);
  }

  /** Gives a TUN device to the worker; resolves when it has it. */
  attachTun(device: Omit<OpenedTunnel, "reopened">): Promise<void> {
    this.#tunAttached = Promise.withResolvers();
    this.#plane.command({ kind: "attach-tun", ...device });
    // A data plane that has failed answers nothing.
    return this.#failed ? Promise.resolve() : this.#tunAttached.promise;
  }

  /** Has the worker let the TUN device go; resolves when it has. */
  detachTun(): Promise<void> {
    this.#tunDetached = Promise.withResolvers();
    this.#plane.command({ kind: "detach-tun" });
    // A data plane that has failed answers nothing, and holds nothing.
    return this.#failed ? Promise.resolve() : this.#tunDetached.promise;
  }

  #event(event: DataPlaneEvent): void {
    switch (event.kind) {
      case "control-datagram": {
        this.#plane.counters.leaveControlBacklog();
        const fromServer = sameBytes(event.address, this.#address);
        if (event.socket !== this.#socket?.number || !fromServer) return;
        if (this.#events.received(event.datagram)) {
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
        return this.#events.timedOut();
      case "peer-exit":
        return this.#events.peerExited();
      case "key-exhausting":
        return this.#events.keyExhausting();
      case "socket-detached":
        this.#detaching.get(event.socket)?.close();
        this.#detaching.delete(event.socket);
        return;
      case "tun-attached":
        return this.#tunAttached.resolve();
      case "tun-detached":
        return this.#tunDetached.resolve();
      case "connection-opened":
        if (event.socket === this.#socket?.number) this.#socket.opened();
        return;
      case "connection-closed":
        if (event.socket !== this.#socket?.number) return;
        this.#socket.abandon(event.reason);
        return this.#events.connectionClosed(event.socket, event.reason);
      case "log":
        return this.#log.at(event.verb, event.message);
      case "failed":
        this.#failed = true;
        this.#tunAttached.resolve();
        this.#tunDetached.resolve();
        return this.#events.failed(new VpnError(event.message, event.remedy));
    }
  }

  /** Closes the socket, as soon as the worker has let it go. */
  closeSocket(): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#socket = undefined;
    this.#detaching.set(socket.number, socket);
    socket.detach();
  }

  /** Ends the data plane, and closes the socket that it had. */
  async close(): Promise<void> {
    await this.#plane.stop();
    this.#socket?.close();
  }
}
