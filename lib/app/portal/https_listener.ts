/**
 * The portal's listener: HTTP/2 and HTTP/1.1 over TLS 1.2 and 1.3.
 *
 * ```text
 * TCP connection ─► limits ─► TLS, HTTP ─► limits ─► whole request ─► application ─► answer
 *                └─────── a clock runs whenever no request is worked on ───────┘
 * ```
 *
 * On Node's servers: Deno's own waits for a request's header without end and bounds nothing.
 *
 * @module
 */

import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from "node:http2";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { VpnError } from "../../base/errors.ts";
import type { ListenAddress } from "../../config/config.ts";
import type { ListenerCertificate } from "../authority/http_listener.ts";
import { addressText } from "../listen_address.ts";
import { ConnectionLimits, type PortalLimits, portalLimits } from "./connection_limits.ts";

/** A request, of either version of HTTP. */
export type NodeRequest = IncomingMessage | Http2ServerRequest;
/** Its answer. */
export type NodeResponse = ServerResponse | Http2ServerResponse;

/** Works on a request; `whole` is called as soon as nothing more of it is waited for. */
export type RequestHandler = (
  request: NodeRequest,
  response: NodeResponse,
  limits: ConnectionLimits,
  whole: () => void,
) => Promise<void>;

/** Streams of an HTTP/2 connection at a time. */
const maximumStreams = 32;

/** Octets of a request's header. */
const maximumHeader = 16_384;

/** See the module's page. */
export class HttpsListener implements AsyncDisposable {
  readonly #handler: RequestHandler;
  readonly #limits: ConnectionLimits;
  readonly #connections = new Map<string, Connection>();
  readonly #server: Http2SecureServer;

  private constructor(
    certificate: ListenerCertificate,
    handler: RequestHandler,
    limits: PortalLimits,
  ) {
    this.#handler = handler;
    this.#limits = new ConnectionLimits(limits);
    this.#server = this.#secureServer(certificate);
  }

  /**
   * Opens it.
   *
   * @throws {VpnError} when the address or the certificate cannot be used.
   */
  static async open(
    address: ListenAddress,
    certificate: ListenerCertificate,
    handler: RequestHandler,
    limits: PortalLimits = portalLimits,
  ): Promise<HttpsListener> {
    const listener = new HttpsListener(certificate, handler, limits);
    const server = listener.#server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (cause: Error) =>
        reject(
          new VpnError(
            `the portal cannot listen at ${addressText(address)}: ${cause.message}`,
            "choose another address or port with --portal",
            { cause },
          ),
        ));
      server.listen(address.port, address.host, resolve);
    });
    server.on("error", () => {}); // What goes wrong with one connection ends that one.
    return listener;
  }

  /** The port that it has. */
  get port(): number {
    const address = this.#server.address();
    return address !== null && typeof address === "object" ? address.port : 0;
  }

  /** New connections get this certificate; the others go on as they are. */
  use({ certificate: cert, key }: ListenerCertificate): void {
    this.#server.setSecureContext({ cert, key });
  }

  #secureServer({ certificate: cert, key }: ListenerCertificate): Http2SecureServer {
    const server = createSecureServer({
      ...{ cert, key, minVersion: "TLSv1.2", allowHTTP1: true },
      settings: { maxConcurrentStreams: maximumStreams, maxHeaderListSize: maximumHeader },
    }, (request: NodeRequest, response: NodeResponse) => void this.#request(request, response));
    for (const event of ["clientError", "tlsClientError", "sessionError"]) {
      // Who connects may send what they like: that ends their connection and nothing else.
      server.on(event, (_error: Error, broken?: { destroy?(): void }) => broken?.destroy?.());
    }
    // Before TLS has it: whoever is too much is not even greeted.
    server.prependListener("connection", (socket: Socket) => this.#connected(socket));
    return server;
  }

  #connected(socket: Socket): void {
    const { remoteAddress: address, remotePort: port } = socket;
    if (address === undefined || !this.#limits.connected(address)) return void socket.destroy();
    const key = `${address} ${port}`;
    const connection = new Connection(socket, this.#limits.limits.patience);
    this.#connections.set(key, connection);
    socket.on("error", () => {});
    socket.once("close", () => {
      connection.closed();
      this.#connections.delete(key);
      this.#limits.disconnected(address);
    });
  }

  async #request(request: NodeRequest, response: NodeResponse): Promise<void> {
    const { remoteAddress, remotePort } = request.socket;
    const connection = this.#connections.get(`${remoteAddress} ${remotePort}`);
    if (connection === undefined) return void request.socket.destroy();
    // A slow answer is somebody's who does not take it in; events go on for as long as they like.
    const { answerPatience } = this.#limits.limits;
    const stalled = setTimeout(() => {
      if (!isEventStream(response)) connection.destroy();
    }, answerPatience);
    let working = false;
    let over = false;
    const end = () => {
      if (over) return;
      over = true;
      clearTimeout(stalled);
      if (working) connection.done();
    };
    response.once("finish", end);
    response.once("close", end);
    try {
      await this.#handler(request, response, this.#limits, () => {
        if (over || working) return;
        working = true;
        connection.working();
      });
    } catch {
      connection.destroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const connection of this.#connections.values()) connection.destroy();
    await closed;
  }
}

function isEventStream(response: NodeResponse): boolean {
  return String(response.getHeader("content-type")).startsWith("text/event-stream");
}

/** A connection, and the clock that runs while nothing is worked on. */
class Connection {
  readonly #socket: Socket;
  readonly #patience: number;
  #requests = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(socket: Socket, patience: number) {
    this.#socket = socket;
    this.#patience = patience;
    this.#wait();
  }

  /** A request is whole and worked on. */
  working(): void {
    this.#requests++;
    clearTimeout(this.#timer);
  }

  /** It is answered. */
  done(): void {
    if (--this.#requests === 0) this.#wait();
  }

  closed(): void {
    clearTimeout(this.#timer);
    this.#requests = Infinity;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #wait(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.destroy(), this.#patience);
  }
}
