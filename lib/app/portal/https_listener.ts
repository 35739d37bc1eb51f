/**
 * The portal's listener: HTTP/2 and HTTP/1.1 over TLS 1.2 and 1.3.
 *
 * ```text
 * gate ─► table of connections ─► turn ─► TLS, HTTP ─► turn ─► whole request ─► application ─► answer
 *  └ so many a second       └ by source    └────── by source, or by caller ──────┘
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
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { ListenAddress } from "../../config/config.ts";
import { sourceKey } from "../../users/failure_limit.ts";
import type { ListenerCertificate } from "../authority/http_listener.ts";
import { Admission, type AdmittedTask } from "./admission.ts";
import { ConnectionGate } from "./connection_gate.ts";
import { ConnectionTable } from "./connection_table.ts";
import { PortalConnection } from "./portal_connection.ts";
import { type PortalLimits, portalLimits } from "./portal_limits.ts";

/** A request, of either version of HTTP. */
export type NodeRequest = IncomingMessage | Http2ServerRequest;
/** Its answer. */
export type NodeResponse = ServerResponse | Http2ServerResponse;

/** How far a request has got. */
export interface RequestProgress {
  /** Nothing more of it is waited for. */
  whole(): void;
  /** Its answer is there, to be taken in; `endless`: it may take as long as it likes. */
  answering(endless: boolean): void;
}

/** Works on a request that has its turn. */
export type RequestHandler = (
  request: NodeRequest,
  response: NodeResponse,
  progress: RequestProgress,
) => Promise<void>;

/** Whom a request comes from, as far as can be told at once; undefined: a stranger. */
export type Recognize = (headers: IncomingHttpHeaders) => string | undefined;

/** What a listener is opened with. */
export interface HttpsListenerOptions {
  readonly address: ListenAddress;
  readonly certificate: ListenerCertificate;
  readonly handler: RequestHandler;
  readonly recognize: Recognize;
  readonly limits?: PortalLimits;
}

/** What came, since the start but for `connections`. */
export interface ListenerFigures {
  /** Connections that there are. */
  readonly connections: number;
  /** Connections that were ended for want of room. */
  readonly refusedConnections: number;
  /** How often connections were left to the kernel for a while. */
  readonly pauses: number;
  readonly handshakes: number;
  /** Requests that had their turn, by who asked. */
  readonly requests: { readonly stranger: number; readonly caller: number };
  /** Handshakes and requests that had to wait for their turn. */
  readonly delayed: number;
}

/** Streams of an HTTP/2 connection at a time. */
const maximumStreams = 32;

/** Octets of a request's header. */
const maximumHeader = 16_384;

/** See the module's page. */
export class HttpsListener implements AsyncDisposable {
  readonly #handler: RequestHandler;
  readonly #recognize: Recognize;
  readonly #limits: PortalLimits;
  readonly #admission: Admission;
  readonly #table: ConnectionTable;
  readonly #connections = new Map<string, PortalConnection>();
  readonly #server: Http2SecureServer;
  #gate!: ConnectionGate;
  #refused = 0;

  private constructor(options: HttpsListenerOptions) {
    const { certificate, handler, recognize, limits = portalLimits } = options;
    this.#handler = handler;
    this.#recognize = recognize;
    this.#limits = limits;
    this.#admission = new Admission(limits);
    this.#table = new ConnectionTable(limits);
    this.#server = this.#secureServer(certificate);
  }

  /**
   * Opens it.
   *
   * @throws {VpnError} when the address or the certificate cannot be used.
   */
  static async open(options: HttpsListenerOptions): Promise<HttpsListener> {
    const listener = new HttpsListener(options);
    listener.#gate = await ConnectionGate.open(
      options.address,
      listener.#limits.accepts,
      (socket) => listener.#connected(socket),
    );
    return listener;
  }

  /** The port that it has. */
  get port(): number {
    return this.#gate.port;
  }

  /** What came until now. */
  get figures(): ListenerFigures {
    return {
      ...this.#admission.figures,
      connections: this.#table.size,
      refusedConnections: this.#refused,
      pauses: this.#gate.pauses,
    };
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
    // It gets its connections from the gate; Deno's ends those of HTTP/1.1 after an answer where a
    // server does not listen.
    Object.defineProperty(server, "listening", { value: true });
    return server;
  }

  #connected(socket: Socket): void {
    const { remoteAddress: address, remotePort: port } = socket;
    socket.on("error", () => {});
    if (address === undefined) return void socket.destroy();
    const key = `${address} ${port}`;
    let handshake: AdmittedTask | undefined;
    const connection = new PortalConnection(socket, sourceKey(address), () => {
      handshake = this.#admission.handshake(connection.source, connection);
      void handshake.begun.then((begun) => {
        if (!begun || socket.destroyed) return;
        connection.awaitNext(this.#limits.patience);
        this.#server.emit("connection", socket);
      });
    });
    this.#connections.set(key, connection);
    socket.once("close", () => {
      connection.closed();
      handshake?.over();
      if (this.#connections.get(key) === connection) this.#connections.delete(key);
      this.#table.remove(connection);
    });
    connection.awaitNext(this.#limits.waitingPatience);
    if (this.#table.add(connection)) return;
    this.#refused++;
    socket.destroy();
  }

  async #request(request: NodeRequest, response: NodeResponse): Promise<void> {
    const { remoteAddress, remotePort } = request.socket;
    const connection = this.#connections.get(`${remoteAddress} ${remotePort}`);
    if (connection === undefined) return void request.socket.destroy();
    const limits = this.#limits;
    if (connection.requests >= limits.pending) return connection.destroy();
    const first = !connection.hadRequests;
    connection.requested();
    const caller = this.#recognize(request.headers);
    if (caller !== undefined) this.#table.identified(connection, caller);
    const task = this.#admission.request(
      caller === undefined
        ? { kind: "stranger", name: connection.source }
        : { kind: "caller", name: caller },
      connection,
      first,
    );
    let [begun, over] = [false, false];
    const end = () => {
      if (over) return;
      over = true;
      if (!begun) connection.gaveUp();
      // HTTP/2 lets a client ask and take it back as fast as it can (CVE-2023-44487).
      if (connection.givenUp > limits.givenUp) return connection.destroy();
      task.over();
      const known = this.#table.isIdentified(connection);
      connection.answered(request, known ? limits.callerPatience : limits.patience);
    };
    response.once("finish", end);
    response.once("close", end);
    begun = await task.begun;
    if (!begun) return;
    connection.expect(request, limits.patience);
    try {
      await this.#handler(request, response, {
        whole: () => connection.expect(request, undefined),
        answering: (endless) => {
          task.over();
          if (over) return;
          connection.expect(request, endless ? undefined : limits.answerPatience);
          if (connection.age > limits.term && this.#table.isWaitedFor(connection)) {
            makeLast(request, response);
          }
        },
      });
    } catch {
      connection.destroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = this.#gate[Symbol.asyncDispose]();
    for (const connection of this.#connections.values()) connection.destroy();
    this.#admission[Symbol.dispose]();
    await closed;
  }
}

/** The connection ends with this answer. */
function makeLast(request: NodeRequest, response: NodeResponse): void {
  if ("stream" in request) request.stream.session?.close();
  else response.setHeader("Connection", "close");
}
