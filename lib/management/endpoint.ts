/**
 * Where management clients come in: a TCP port or a unix socket, or a connection that we make
 * (`management-client`). One client at a time; the next ones wait until it has gone.
 *
 * @module
 */

import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { errorLine, VpnError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Management } from "./management.ts";
import { Session, type SessionTimes } from "./session.ts";

/** `management ADDRESS PORT`, or `management PATH unix`. */
export type ManagementAddress =
  | { readonly kind: "tcp"; readonly hostname: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/** How an endpoint behaves. */
export interface EndpointOptions {
  readonly address: ManagementAddress;
  /** What a management client has to say first. */
  readonly password?: string;
  /** `management-client`: we connect, and end when the connection does. */
  readonly connectOut: boolean;
  /**
   * Of a unix socket: whether the process at the other end may use it; by the descriptor of the
   * connection. Absent: the permissions of the file decide, and let in its owner alone.
   */
  readonly mayUse?: (fd: number) => boolean;
  readonly log: Log;
  readonly times?: SessionTimes;
}

/** Management clients that may wait for their turn; further ones are turned away. */
const maximumWaiting = 4;

/** Bytes that a client may leave unread before it is given up. */
const maximumUnsent = 4 << 20;

/** See the module's page. */
export class ManagementEndpoint {
  readonly #management: Management;
  readonly #options: EndpointOptions;
  #server: Server | undefined;
  #current: { readonly socket: Socket; readonly session: Session } | undefined;
  readonly #waiting: Socket[] = [];
  #closing = false;

  /**
   * Listens, or connects.
   *
   * @throws {VpnError} when that can't be done.
   */
  static async open(management: Management, options: EndpointOptions): Promise<ManagementEndpoint> {
    const endpoint = new ManagementEndpoint(management, options);
    try {
      await (options.connectOut ? endpoint.#connect() : endpoint.#listen());
    } catch (cause) {
      throw new VpnError(
        `the management interface at ${describe(options.address)} can't be had: ${
          errorLine(cause)
        }`,
        options.connectOut ? "start what listens there first" : "mend the option management",
        { cause },
      );
    }
    return endpoint;
  }

  private constructor(management: Management, options: EndpointOptions) {
    this.#management = management;
    this.#options = options;
  }

  /** Port that it listens on; for tests that let the system choose. */
  get port(): number {
    const address = this.#server?.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  /** Ends the session and takes the socket away. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#management.ending = true;
    for (const socket of this.#waiting.splice(0)) socket.destroy();
    const current = this.#current;
    current?.session.close();
    const server = this.#server;
    if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()));
    const { address } = this.#options;
    if (address.kind === "unix" && server !== undefined) removeSocket(address.path);
  }

  async #listen(): Promise<void> {
    const { address, mayUse, log, password } = this.#options;
    const server = createServer({ allowHalfOpen: false }, (socket) => this.#accept(socket));
    const listening = Promise.withResolvers<void>();
    server.once("error", listening.reject);
    if (address.kind === "unix") {
      removeSocket(address.path);
      server.listen(address.path, listening.resolve);
    } else server.listen(address.port, address.hostname, listening.resolve);
    await listening.promise;
    server.on("error", (error) => log.error(`MANAGEMENT: ${errorLine(error)}`));
    this.#server = server;
    if (address.kind === "unix") {
      chmodSync(address.path, mayUse === undefined ? 0o600 : 0o666);
      log.at(2, `MANAGEMENT: unix domain socket listening on ${address.path}`);
      return;
    }
    log.at(2, `MANAGEMENT: TCP Socket listening on ${address.hostname}:${this.port}`);
    if (password === undefined) {
      log.warn(
        "Using --management on a TCP port without a password lets every user of this machine " +
          "control the tunnel; name a password file, or use a unix socket",
      );
    }
  }

  async #connect(): Promise<void> {
    const { address } = this.#options;
    const socket = address.kind === "unix"
      ? connect(address.path)
      : connect(address.port, address.hostname);
    const connected = Promise.withResolvers<void>();
    socket.once("connect", connected.resolve);
    socket.once("error", connected.reject);
    await connected.promise;
    this.#options.log.at(2, `MANAGEMENT: Connected to management server at ${describe(address)}`);
    this.#begin(socket);
  }

  #accept(socket: Socket): void {
    // Until it is its turn nothing of it is read.
    socket.pause();
    socket.on("error", () => socket.destroy());
    if (!this.#isAllowed(socket) || this.#closing) {
      this.#options.log.warn("MANAGEMENT: a client is turned away: it runs as another user");
      socket.destroy();
    } else if (this.#current === undefined) this.#begin(socket);
    else if (this.#waiting.length < maximumWaiting) this.#waiting.push(socket);
    else socket.destroy();
  }

  #isAllowed(socket: Socket): boolean {
    const { mayUse } = this.#options;
    if (mayUse === undefined) return true;
    // Node has no other way to it; where the handle hides it, nobody is let in.
    const handle = (socket as unknown as { _handle?: { fd?: number } })._handle;
    return handle?.fd !== undefined && handle.fd >= 0 && mayUse(handle.fd);
  }

  #begin(socket: Socket): void {
    const { log, password, times } = this.#options;
    const peer = socket.remoteAddress === undefined
      ? "a unix socket"
      : `${socket.remoteAddress}:${socket.remotePort}`;
    log.at(3, `MANAGEMENT: Client connected from ${peer}`);
    socket.setNoDelay(true);
    const session = new Session(
      this.#management,
      {
        write: (text) => {
          if (socket.destroyed) return;
          socket.write(text);
          if (socket.writableLength > maximumUnsent) socket.destroy();
        },
        end: () => void socket.end(() => socket.destroy()),
      },
      password,
      times,
    );
    this.#current = { socket, session };
    socket.on("data", (bytes: Uint8Array) => {
      socket.pause();
      session.receive(bytes).then(() => socket.resume(), (error) => {
        log.error(`MANAGEMENT: ${errorLine(error)}`);
        socket.destroy();
      });
    });
    socket.on("error", () => socket.destroy());
    socket.on("end", () => session.close());
    socket.on("close", () => this.#ended(socket));
    socket.resume();
  }

  #ended(socket: Socket): void {
    if (this.#current?.socket !== socket) return;
    this.#options.log.at(3, "MANAGEMENT: Client disconnected");
    this.#current.session.close();
    this.#current = undefined;
    if (this.#closing) return;
    if (this.#options.connectOut) return this.#management.process.signal("SIGTERM");
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (!next.destroyed) return this.#begin(next);
    }
  }
}

function describe(address: ManagementAddress): string {
  return address.kind === "unix" ? address.path : `${address.hostname}:${address.port}`;
}

/** What a former process left behind; nothing but a socket is removed. */
function removeSocket(path: string): void {
  try {
    if (lstatSync(path).isSocket()) unlinkSync(path);
  } catch (error) {
    if ((error as { code?: string }).code !== "ENOENT") throw error;
  }
}
