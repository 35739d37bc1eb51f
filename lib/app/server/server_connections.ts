/**
 * A TCP server's connections. One in which no session begins within `hand-window` is closed; when
 * there are too many, one of those has to go: the oldest from the network that has most of them, so
 * that whoever opens connections and says nothing is in nobody's way but its own.
 *
 * @module
 */

import { decodeSockaddr, isIpv4Mapped, sockaddrInLength } from "deno-tun";
import type { Log } from "../../base/log.ts";
import type { ServerConfig } from "../../config/config.ts";
import type { DataPlaneCommand } from "../../loop/data_plane.ts";
import type { AttachListenerCommand } from "../../loop/messages.ts";
import { logAddress, serverMaximumFrame } from "../sockets.ts";

/** Connections beyond `max-clients`: those in which no session has begun. */
const spareConnections = 64;

/** Of which the worker may have more for the moment that main needs to close one. */
const workerMargin = 64;

interface Connection {
  readonly address: Uint8Array;
  /** See `networkOf`. */
  readonly network: string;
  sessions: number;
  /** Closes it; while no session has begun. */
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** See the module's page. */
export class ServerConnections {
  readonly #limit: number;
  readonly #maximumFrame: number;
  readonly #patience: number;
  readonly #log: Log;
  readonly #command: (command: DataPlaneCommand) => void;
  readonly #connections = new Map<number, Connection>();
  /** Those without a session by the network that they come from, the oldest first. */
  readonly #waiting = new Map<string, Set<number>>();

  constructor(
    config: Pick<ServerConfig, "maxClients" | "mtu" | "tls">,
    log: Log,
    command: (command: DataPlaneCommand) => void,
  ) {
    this.#limit = config.maxClients + spareConnections;
    this.#maximumFrame = serverMaximumFrame(config.mtu.tunMtu);
    this.#patience = config.tls.handWindow * 1000;
    this.#log = log;
    this.#command = command;
  }

  /** The command that has the worker accept connections. */
  listen(socket: number, fd: number): AttachListenerCommand {
    return {
      kind: "attach-listener",
      socket,
      fd,
      maximumFrame: this.#maximumFrame,
      maximumConnections: this.#limit + workerMargin,
    };
  }

  /** How many there are. */
  get size(): number {
    return this.#connections.size;
  }

  /** The worker has accepted one. */
  opened(socket: number, address: Uint8Array): void {
    this.#log.at(3, `TCP connection established with ${logAddress(decodeSockaddr(address))}`);
    const timer = setTimeout(
      () => this.#drop(socket, "no session within hand-window"),
      this.#patience,
    );
    const network = networkOf(address);
    this.#connections.set(socket, { address, network, sessions: 0, timer });
    const others = this.#waiting.get(network);
    if (others === undefined) this.#waiting.set(network, new Set([socket]));
    else others.add(socket);
    if (this.#connections.size > this.#limit) this.#drop(this.#superfluous(), "too many of them");
  }

  /** There is always one that waits: the new one. */
  #superfluous(): number {
    let most = new Set<number>();
    for (const waiting of this.#waiting.values()) if (waiting.size > most.size) most = waiting;
    const [oldest] = most;
    return oldest;
  }

  /** The worker has closed one; its address, unless it was closed here. */
  closed(socket: number): Uint8Array | undefined {
    const connection = this.#connections.get(socket);
    this.#forget(socket);
    return connection?.address;
  }

  /** Whether the socket is a connection that is there. */
  has(socket: number): boolean {
    return this.#connections.has(socket);
  }

  /** A session has begun in it. */
  sessionBegan(socket: number): void {
    const connection = this.#connections.get(socket);
    if (connection === undefined) return;
    connection.sessions++;
    clearTimeout(connection.timer);
    connection.timer = undefined;
    this.#waitsNoMore(socket, connection);
  }

  #waitsNoMore(socket: number, { network }: Connection): void {
    const waiting = this.#waiting.get(network);
    waiting?.delete(socket);
    if (waiting?.size === 0) this.#waiting.delete(network);
  }

  /** A session has ended; with the last one the connection ends. */
  sessionEnded(socket: number): void {
    const connection = this.#connections.get(socket);
    if (connection !== undefined && --connection.sessions === 0) this.#close(socket);
  }

  /** What came in it is not of our protocol, or not under our key. */
  refuse(socket: number, why: string): void {
    if (this.#connections.get(socket)?.sessions === 0) this.#drop(socket, why);
  }

  #drop(socket: number, why: string): void {
    const connection = this.#connections.get(socket);
    if (connection === undefined) return;
    const address = logAddress(decodeSockaddr(connection.address));
    this.#log.at(4, `TCP connection with ${address} is closed: ${why}`);
    this.#close(socket);
  }

  #close(socket: number): void {
    this.#forget(socket);
    this.#command({ kind: "close-connection", socket });
  }

  #forget(socket: number): void {
    const connection = this.#connections.get(socket);
    if (connection === undefined) return;
    clearTimeout(connection.timer);
    this.#connections.delete(socket);
    this.#waitsNoMore(socket, connection);
  }

  /** The server ends; the worker closes the connections. */
  close(): void {
    for (const socket of [...this.#connections.keys()]) this.#forget(socket);
  }
}

/** What one person has of addresses: an IPv4 address, or an IPv6 network of 64 bits. */
function networkOf(sockaddr: Uint8Array): string {
  if (sockaddr.length === sockaddrInLength) return sockaddr.subarray(4, 8).toHex();
  const ipv6 = sockaddr.subarray(8, 24);
  return isIpv4Mapped(ipv6) ? ipv6.subarray(12).toHex() : ipv6.subarray(0, 8).toHex();
}
