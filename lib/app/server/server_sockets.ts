/**
 * All places at which a server listens, by the worker's numbers: those of sockets and listeners
 * count from 0, those of accepted connections from `firstConnection`.
 *
 * @module
 */

import type { Log } from "../../base/log.ts";
import type { ServerConfig, Transport } from "../../config/config.ts";
import type { DataPlane } from "../../loop/data_plane.ts";
import { firstConnection } from "../../loop/messages.ts";
import type { ServerConnections } from "./server_connections.ts";
import { openServerSocket, type ServerSocket } from "./server_socket.ts";

/** See the module's page. */
export class ServerSockets {
  readonly #sockets: ServerSocket[] = [];
  /** The listener of each connection. */
  readonly #listeners = new Map<number, ServerSocket>();

  /**
   * Opens all of them, or none.
   *
   * @throws {VpnError} when an address can't be had.
   */
  constructor(config: ServerConfig, log: Log) {
    try {
      for (const [number, listen] of config.listen.entries()) {
        this.#sockets.push(openServerSocket(listen, number, config, log));
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Gives them to the worker. */
  attach(plane: DataPlane): void {
    for (const socket of this.#sockets) socket.attach(plane);
  }

  /** The place by which a socket's datagrams come in; undefined: it is gone. */
  #placeOf(socket: number): ServerSocket | undefined {
    return socket < firstConnection ? this.#sockets[socket] : this.#listeners.get(socket);
  }

  /** What carries a socket's datagrams; undefined: it is gone. */
  transport(socket: number): Transport | undefined {
    return this.#placeOf(socket)?.transport;
  }

  /** The connections among which a socket is; undefined for UDP. */
  connections(socket: number): ServerConnections | undefined {
    return this.#placeOf(socket)?.connections;
  }

  /** Sends a control datagram to a client. */
  send(socket: number, address: Uint8Array, datagram: Uint8Array): void {
    this.#placeOf(socket)?.send(socket, address, datagram);
  }

  /** The worker has accepted a connection. */
  opened(listener: number | undefined, socket: number, address: Uint8Array): void {
    const place = listener === undefined ? undefined : this.#sockets[listener];
    if (place?.connections === undefined) return;
    this.#listeners.set(socket, place);
    place.connections.opened(socket, address);
    this.#forgetClosed();
  }

  /** The worker has closed a connection; its address, unless it was closed here. */
  closed(socket: number): Uint8Array | undefined {
    const address = this.connections(socket)?.closed(socket);
    this.#listeners.delete(socket);
    return address;
  }

  /** Connections that were closed here are not reported by the worker. */
  #forgetClosed(): void {
    const open = this.#sockets.reduce((sum, { connections }) => sum + (connections?.size ?? 0), 0);
    if (this.#listeners.size <= 2 * open + 64) return;
    for (const [socket, { connections }] of this.#listeners) {
      if (connections?.has(socket) !== true) this.#listeners.delete(socket);
    }
  }

  /** Frees all; the worker must have let them go. */
  close(): void {
    for (const socket of this.#sockets) socket.close();
  }
}
