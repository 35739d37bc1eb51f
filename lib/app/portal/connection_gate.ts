/**
 * Takes connections from the kernel, so many a second. Beyond that they stay there: it keeps some,
 * and whoever finds no room tries again by TCP's rules, which costs this program nothing.
 *
 * The listening socket is ours and stays open; Node listens on duplicates of it, one after the other.
 * Node takes at once all that there are: afterwards it stays away for as long as they stand for.
 *
 * @module
 */

import { lookup } from "node:dns/promises";
import { createServer, type Server, type Socket } from "node:net";
import { setImmediate } from "node:timers";
import { SysError, TcpListener } from "deno-tun";
import { VpnError } from "../../base/errors.ts";
import type { ListenAddress } from "../../config/config.ts";
import { addressText } from "../listen_address.ts";

/** Connections that the kernel keeps until they are taken. */
const backlog = 128;

/** How often connections are taken while there are too many, ms. */
const interval = 100;

/** See the module's page. */
export class ConnectionGate implements AsyncDisposable {
  readonly #socket: TcpListener;
  readonly #onConnection: (socket: Socket) => void;
  /** Connections that are taken in an interval. */
  readonly #most: number;
  #server: Server | undefined;
  /** Connections that were taken and have not been made up for. */
  #taken = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pauses = 0;
  #closed = false;

  private constructor(
    socket: TcpListener,
    accepts: number,
    onConnection: (socket: Socket) => void,
  ) {
    this.#socket = socket;
    this.#most = Math.max(1, Math.round(accepts * interval / 1000));
    this.#onConnection = onConnection;
  }

  /**
   * Opens it.
   *
   * @param accepts Connections a second.
   * @param onConnection Gets each, not read from yet.
   * @throws {VpnError} when the address cannot be had.
   */
  static async open(
    address: ListenAddress,
    accepts: number,
    onConnection: (socket: Socket) => void,
  ): Promise<ConnectionGate> {
    const { host, port } = address;
    try {
      const hostname = host === undefined || host === "" ? undefined : (await lookup(host)).address;
      const gate = new ConnectionGate(
        TcpListener.bind({ hostname, port, backlog }),
        accepts,
        onConnection,
      );
      await gate.#listen();
      return gate;
    } catch (cause) {
      const reason = cause instanceof SysError || cause instanceof Error ? cause.message : "";
      throw new VpnError(
        `the portal cannot listen at ${addressText(address)}: ${reason}`,
        "choose another address or port with --portal",
        { cause },
      );
    }
  }

  /** The port that it has. */
  get port(): number {
    return this.#socket.localAddress().port;
  }

  /** How often there were too many. */
  get pauses(): number {
    return this.#pauses;
  }

  #listen(): Promise<void> {
    const server = createServer({ pauseOnConnect: true }, (socket) => this.#take(socket));
    this.#server = server;
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen({ fd: this.#socket.duplicate() }, () => {
        server.off("error", reject);
        // What goes wrong with one connection ends that one.
        server.on("error", () => {});
        resolve();
      });
    });
  }

  #take(socket: Socket): void {
    this.#taken++;
    this.#timer ??= setTimeout(() => this.#next(), interval);
    const server = this.#server;
    if (this.#taken >= this.#most && server !== undefined) {
      this.#pauses++;
      this.#server = undefined;
      // Not at once: those that come in the same go would be lost (seen with Deno 2.9.6).
      setImmediate(() => server.close());
    }
    this.#onConnection(socket);
  }

  #next(): void {
    this.#timer = undefined;
    if (this.#closed) return;
    this.#taken = Math.max(0, this.#taken - this.#most);
    if (this.#taken > 0) this.#timer = setTimeout(() => this.#next(), interval);
    if (this.#taken >= this.#most || this.#server !== undefined) return;
    // Without a file descriptor to be had it is tried again.
    this.#listen().catch(() => {
      this.#server = undefined;
      if (!this.#closed) this.#timer ??= setTimeout(() => this.#next(), interval);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#socket.close();
    const server = this.#server;
    if (server === undefined) return;
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}
