/**
 * HTTP and HTTPS listeners for the open Internet: who connects and says nothing, or too slowly, or
 * too much, is cut off, and there are never more connections than a bound.
 *
 * On Node's servers: Deno's own waits for a request's header without end.
 *
 * @module
 */

import { createServer, type RequestListener, type Server, type ServerOptions } from "node:http";
import { createServer as createTlsServer, Server as TlsServer } from "node:https";
import type { Socket } from "node:net";
import { VpnError } from "../../base/errors.ts";
import type { ListenAddress } from "../../config/config.ts";
import { addressText } from "../listen_address.ts";

/** Certificate and key of an HTTPS listener, PEM. */
export interface ListenerCertificate {
  /** The chain, its own first. */
  readonly certificate: string;
  /** The private key. */
  readonly key: string;
}

/** How long a client may take, ms. */
export interface ListenerTimeouts {
  /** Until the header is there. */
  readonly headersTimeout: number;
  /** Until the whole request is there. */
  readonly requestTimeout: number;
  /** Between two requests. */
  readonly keepAliveTimeout: number;
}

const defaultTimeouts: ListenerTimeouts = {
  headersTimeout: 10_000,
  requestTimeout: 20_000,
  keepAliveTimeout: 5_000,
};

const limits: ServerOptions = {
  // How often the times are looked at, ms.
  connectionsCheckingInterval: 1_000,
  // Octets.
  maxHeaderSize: 8_192,
};

/** Most connections at a time. */
const MAX_CONNECTIONS = 256;
/** Most of them from one address: nobody alone can take all. */
const MAX_OF_ONE = 64;

/** A listener that is open. */
export class HttpListener implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server, readonly port: number) {
    this.#server = server;
  }

  /**
   * Opens it.
   *
   * @param certificate Makes it HTTPS.
   * @throws {VpnError} when the address cannot be had.
   */
  static async open(
    address: ListenAddress,
    certificate: ListenerCertificate | undefined,
    onRequest: RequestListener,
    timeouts: ListenerTimeouts = defaultTimeouts,
  ): Promise<HttpListener> {
    const server: Server = certificate === undefined
      ? createServer({ ...limits, ...timeouts }, onRequest)
      : createTlsServer(
        {
          ...limits,
          ...timeouts,
          cert: certificate.certificate,
          key: certificate.key,
          minVersion: "TLSv1.2",
        },
        onRequest,
      );
    server.maxConnections = MAX_CONNECTIONS;
    boundEachAddress(server);
    server.on("clientError", (_error, socket) => socket.destroy());
    server.on("tlsClientError", (_error: Error, socket: { destroy(): void }) => socket.destroy());
    await new Promise<void>((resolve, reject) => {
      server.once("error", (cause: Error) =>
        reject(
          new VpnError(
            `cannot listen at ${addressText(address)}: ${cause.message}`,
            "choose another address or port",
            { cause },
          ),
        ));
      server.listen(address.port, address.host, resolve);
    });
    server.on("error", () => {}); // What goes wrong with one connection ends that one.
    const bound = server.address();
    return new HttpListener(
      server,
      bound !== null && typeof bound === "object" ? bound.port : address.port,
    );
  }

  /** New connections get this certificate; the others go on as they are. */
  use({ certificate: cert, key }: ListenerCertificate): void {
    if (this.#server instanceof TlsServer) this.#server.setSecureContext({ cert, key });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}

function boundEachAddress(server: Server): void {
  const open = new Map<string, number>();
  server.on("connection", (socket: Socket) => {
    const address = socket.remoteAddress ?? "";
    const count = (open.get(address) ?? 0) + 1;
    open.set(address, count);
    socket.once("close", () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
    if (count > MAX_OF_ONE) socket.destroy();
  });
}
