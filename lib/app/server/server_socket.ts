/**
 * One place at which a server listens: a UDP socket, or a TCP listener and its connections.
 *
 * @module
 */

import { TcpListener, UdpSocket } from "deno-tun";
import type { Log } from "../../base/log.ts";
import type { ListenOptions, ServerConfig, Transport } from "../../config/config.ts";
import type { DataPlane } from "../../loop/data_plane.ts";
import { bindError, logAddress, socketSettings } from "../sockets.ts";
import { ServerConnections } from "./server_connections.ts";

/** Either kind. */
export interface ServerSocket {
  readonly transport: Transport;
  /** Gives it to the worker. */
  attach(plane: DataPlane): void;
  /** Sends a control datagram to a client. */
  send(socket: number, address: Uint8Array, datagram: Uint8Array): void;
  /** TCP: the connections; UDP has none. */
  readonly connections?: ServerConnections;
  /** Frees it; the worker must have let it go. */
  close(): void;
}

/**
 * Opens one of the places that the configuration names.
 *
 * @param number The worker's number of the socket, or of the listener.
 * @throws {VpnError} when the address can't be had.
 */
export function openServerSocket(
  listen: ListenOptions,
  number: number,
  config: ServerConfig,
  log: Log,
): ServerSocket {
  const { socket } = config;
  const options = {
    hostname: listen.local,
    port: listen.port,
    family: listen.family,
    ipv6Only: listen.ipv6Only,
    ...socketSettings(socket, listen.transport, config.mtu),
  };
  try {
    return listen.transport === "udp"
      ? new UdpServerSocket(UdpSocket.bind(options), number, log)
      : new TcpServerSocket(TcpListener.bind(options), number, config, log);
  } catch (cause) {
    throw bindError(listen.transport, `${listen.local ?? ""}:${listen.port}`, cause);
  }
}

class UdpServerSocket implements ServerSocket {
  readonly transport = "udp";
  readonly #socket: UdpSocket;
  readonly #number: number;
  readonly #log: Log;

  constructor(socket: UdpSocket, number: number, log: Log) {
    this.#socket = socket;
    this.#number = number;
    this.#log = log;
  }

  attach(plane: DataPlane): void {
    const { fd } = this.#socket;
    plane.command({ kind: "attach-socket", socket: this.#number, fd, protocol: "udp" });
    const address = this.#socket.localAddress();
    const family = address.hostname.includes(":") ? 6 : 4;
    this.#log.at(1, `UDPv${family} link local (bound): ${logAddress(address)}`);
  }

  send(_socket: number, address: Uint8Array, datagram: Uint8Array): void {
    this.#socket.sendTo(datagram, address);
  }

  close(): void {
    this.#socket.close();
  }
}

class TcpServerSocket implements ServerSocket {
  readonly transport = "tcp";
  readonly connections: ServerConnections;
  readonly #listener: TcpListener;
  readonly #number: number;
  readonly #log: Log;
  #plane: DataPlane | undefined;

  constructor(listener: TcpListener, number: number, config: ServerConfig, log: Log) {
    this.#listener = listener;
    this.#number = number;
    this.#log = log;
    this.connections = new ServerConnections(config, log, (command) => {
      this.#plane?.command(command);
    });
  }

  attach(plane: DataPlane): void {
    this.#plane = plane;
    plane.command(this.connections.listen(this.#number, this.#listener.fd));
    const address = this.#listener.localAddress();
    const family = address.hostname.includes(":") ? 6 : 4;
    this.#log.at(1, `Listening for incoming TCP connection on ${logAddress(address)}`);
    this.#log.at(1, `TCPv${family}_SERVER link local (bound): ${logAddress(address)}`);
  }

  send(socket: number, _address: Uint8Array, datagram: Uint8Array): void {
    this.#plane?.command({ kind: "send-control", socket, datagram });
  }

  close(): void {
    this.connections.close();
    this.#listener.close();
  }
}
