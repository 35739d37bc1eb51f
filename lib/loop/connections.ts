/**
 * The worker's TCP sockets: listeners, whose connections it accepts and owns, and connections that
 * main asked for and owns.
 *
 * ```text
 * listener ─► accept ─► connection-opened ─► packet loop ─► connection-closed, or close-connection
 * main's socket ─► writable ─► connection-opened ─► packet loop ─► connection-closed ─► detach-socket
 * ```
 *
 * Bounds: some connections accepted per turn, and no more than the listener's limit at a time; what
 * comes beyond waits with the kernel. Without free file descriptors nothing is accepted for a while:
 * an attempt per turn would take all the processor's time.
 *
 * @module
 */

import {
  acceptConnection,
  type AcceptedConnection,
  closeConnection,
  connectionError,
  type Epoll,
  EpollEvent,
  Errno,
  errnoName,
  StreamPort,
  type StreamWorkspace,
} from "deno-tun";
import {
  type AttachListenerCommand,
  type AttachTcpCommand,
  firstConnection,
  type WorkerEvent,
} from "./messages.ts";
import type { PacketLoop } from "./packet_loop.ts";
import { endReason } from "./stream_frames.ts";

/** Connections accepted of a listener in one turn. */
const acceptsPerTurn = 16;
/** How long nothing is accepted when there is no room for another connection, ms. */
const acceptPause = 1000;
/** Verbosity of that. */
const failureVerb = 1;

const listening = EpollEvent.IN | EpollEvent.ET;
// The kernel reports room only after it had none, so that waiting for both costs nothing.
const connected = EpollEvent.IN | EpollEvent.OUT | EpollEvent.ET;

/** What the connections need of the worker's loop. */
export interface ConnectionsHost {
  readonly loop: PacketLoop;
  readonly epoll: Epoll;
  readonly workspace: StreamWorkspace;
  /** The epoll token of a socket's number. */
  token(socket: number): number;
  /** Stops watching a file descriptor, which may be closed already. */
  forget(fd: number): void;
  post(event: WorkerEvent): void;
}

interface Listener extends AttachListenerCommand {
  /** Whether connections may be waiting. */
  waiting: boolean;
  /** Nothing is accepted until then, monotonic ms. */
  pausedUntil: number;
  /** How many of its connections there are. */
  connections: number;
}

interface Connection {
  readonly fd: number;
  readonly address: Uint8Array;
  readonly maximumFrame: number;
  /** That it came in by; absent for one of main's. */
  readonly listener?: Listener;
  state: "opening" | "open" | "over";
}

/** See the module's page. */
export class Connections {
  readonly #host: ConnectionsHost;
  readonly #listeners = new Map<number, Listener>();
  readonly #connections = new Map<number, Connection>();
  #nextNumber = firstConnection;

  constructor(host: ConnectionsHost) {
    this.#host = host;
  }

  /** Whether a socket of that number is here. */
  has(socket: number): boolean {
    return this.#listeners.has(socket) || this.#connections.has(socket);
  }

  /** Accepts connections there from here on. */
  attachListener(command: AttachListenerCommand): void {
    const { epoll, token } = this.#host;
    epoll.add(command.fd, listening, token(command.socket));
    this.#listeners.set(command.socket, {
      ...command,
      waiting: true,
      pausedUntil: 0,
      connections: 0,
    });
  }

  /** Waits until a socket of main's is connected. */
  attach({ socket, fd, address, maximumFrame }: AttachTcpCommand): void {
    this.#host.epoll.add(fd, connected, this.#host.token(socket));
    this.#connections.set(socket, { fd, address, maximumFrame, state: "opening" });
  }

  /** A socket of that number is ready; whether it is here. */
  ready(socket: number, events: number): boolean {
    const listener = this.#listeners.get(socket);
    if (listener !== undefined) {
      listener.waiting = true;
      return true;
    }
    const connection = this.#connections.get(socket);
    if (connection === undefined) return false;
    if (connection.state === "opening") {
      this.#finishOpening(socket, connection, events);
    } else if (connection.state === "open") {
      this.#host.loop.markSocketReadable(socket);
      if ((events & EpollEvent.OUT) !== 0) this.#host.loop.markSocketWritable(socket);
    }
    return true;
  }

  #finishOpening(socket: number, connection: Connection, events: number): void {
    const error = connectionError(connection.fd);
    if (error !== 0) return this.#end(socket, connection, endReason(error));
    // A socket that was not told to connect yet hangs up; one under way is not writable.
    if ((events & EpollEvent.OUT) === 0 || (events & EpollEvent.HUP) !== 0) return;
    this.#open(socket, connection);
  }

  #open(socket: number, connection: Connection): void {
    const { loop, workspace, post } = this.#host;
    const { fd, address, maximumFrame, listener } = connection;
    connection.state = "open";
    loop.attachStream(socket, new StreamPort(fd, workspace), address, maximumFrame);
    post({ kind: "connection-opened", listener: listener?.socket, socket, address });
  }

  /** How long the loop may wait as far as listeners are concerned, ms. `now`: monotonic. */
  waitTime(now: number): number {
    if (this.#listeners.size === 0) return Infinity;
    let wait = Infinity;
    for (const listener of this.#listeners.values()) {
      if (!listener.waiting || listener.connections >= listener.maximumConnections) continue;
      wait = Math.min(wait, Math.max(0, listener.pausedUntil - now));
    }
    return wait;
  }

  /** Accepts what waits; once per turn. */
  accept(now: number): void {
    if (this.#listeners.size === 0) return;
    for (const listener of this.#listeners.values()) {
      if (listener.waiting && now >= listener.pausedUntil) this.#acceptFrom(listener, now);
    }
  }

  #acceptFrom(listener: Listener, now: number): void {
    for (let i = 0; i < acceptsPerTurn; i++) {
      if (listener.connections >= listener.maximumConnections) return;
      const accepted = acceptConnection(listener.fd);
      if (typeof accepted !== "number") {
        this.#add(listener, accepted);
        continue;
      }
      if (accepted === Errno.EAGAIN) {
        listener.waiting = false;
        return;
      }
      if (isShortage(accepted)) {
        listener.pausedUntil = now + acceptPause;
        const message = `no connection can be accepted for now: ${errnoName(accepted)}`;
        return this.#host.post({ kind: "log", verb: failureVerb, message });
      }
      // Any other errno is of a connection that failed before it was accepted (accept(2)).
    }
  }

  #add(listener: Listener, { fd, sockaddr }: AcceptedConnection): void {
    const { epoll, token } = this.#host;
    const socket = this.#nextNumber++;
    const { maximumFrame } = listener;
    const connection: Connection = {
      fd,
      address: sockaddr,
      maximumFrame,
      listener,
      state: "opening",
    };
    listener.connections++;
    this.#connections.set(socket, connection);
    epoll.add(fd, connected, token(socket));
    this.#open(socket, connection);
  }

  /** Tells main which connections are over; after each turn, and after what may send. */
  reportEnded(): void {
    const { ended } = this.#host.loop;
    if (ended.length === 0) return;
    for (const { number, ended: reason = "" } of ended) {
      const connection = this.#connections.get(number);
      if (connection?.state === "open") this.#end(number, connection, reason);
    }
    ended.length = 0;
  }

  #end(socket: number, connection: Connection, reason: string): void {
    this.#letGo(socket, connection);
    this.#host.post({ kind: "connection-closed", socket, reason });
  }

  /** Detaches a connection; one that was accepted is closed and forgotten. */
  #letGo(socket: number, connection: Connection): void {
    const { loop, forget } = this.#host;
    const { fd, listener } = connection;
    if (connection.state !== "over") {
      connection.state = "over";
      forget(fd);
      loop.detachSocket(socket);
    }
    if (listener === undefined) return;
    this.#connections.delete(socket);
    closeConnection(fd);
    listener.connections--;
    listener.pausedUntil = 0; // there is a file descriptor again
  }

  /** Closes an accepted connection, if it is still there. */
  close(socket: number): void {
    const connection = this.#connections.get(socket);
    if (connection?.listener !== undefined) this.#letGo(socket, connection);
  }

  /** Lets go of a listener or of a connection of main's. */
  detach(socket: number): void {
    const listener = this.#listeners.get(socket);
    if (listener !== undefined) {
      this.#host.forget(listener.fd);
      this.#listeners.delete(socket);
    }
    const connection = this.#connections.get(socket);
    if (connection === undefined) return;
    this.#letGo(socket, connection);
    this.#connections.delete(socket);
  }

  /** Closes all that was accepted. */
  stop(): void {
    for (const [socket, connection] of [...this.#connections]) this.#letGo(socket, connection);
  }
}

/** Whether the system, and not the connection, is why it could not be accepted. */
function isShortage(errno: number): boolean {
  return errno === Errno.EMFILE || errno === Errno.ENFILE || errno === Errno.ENOBUFS ||
    errno === Errno.ENOMEM;
}
