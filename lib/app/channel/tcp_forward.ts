/**
 * TCP through streams, at both ends.
 *
 * ```text
 * program ─► TCP listener ─► channel ═══► channel ─► TCP connection ─► upstream
 *            `forward`                    `serve`
 * ```
 *
 * @module
 */

import { errorLine, VpnError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Channel } from "../../channel/connection/channel.ts";
import { closeQuietly } from "../../channel/connection/connection.ts";
import type { ChannelListener } from "../../channel/connection/listener.ts";
import { type Endpoint, formatEndpoint } from "./endpoint.ts";
import { splice } from "./splice.ts";

/** Connections of programs that may be open at a time. */
const maximumConnections = 1024;

/** Connects each channel of a listener to `upstream`, until the listener is closed. */
export async function serveTcp(
  listener: ChannelListener,
  upstream: Endpoint,
  log: Log,
): Promise<void> {
  for await (const channel of listener) serveOne(channel, upstream, log);
}

async function serveOne(channel: Channel, upstream: Endpoint, log: Log): Promise<void> {
  const name = channel.peerKey?.toBase64() ?? "";
  log.at(3, `${formatEndpoint(channel.peer)}: channel opened by ${name}`);
  try {
    const { hostname = "localhost", port } = upstream;
    const connection = await Deno.connect({ hostname, port });
    connection.setNoDelay();
    await splice(channel, connection);
    log.at(3, `${formatEndpoint(channel.peer)}: channel closed`);
  } catch (error) {
    channel.abort("the upstream failed");
    log.warn(`${formatEndpoint(channel.peer)}: ${errorLine(error)}`);
  }
}

/** Takes connections of programs; each becomes a channel of its own. */
export class TcpForward implements Disposable {
  /** Where it listens. */
  readonly address: Endpoint;
  readonly #listener: Deno.TcpListener;
  readonly #connect: () => Promise<Channel>;
  readonly #log: Log;
  #open = 0;
  #closed = false;

  /**
   * Listens.
   *
   * @param connect Opens a channel.
   * @throws {VpnError} when the address cannot be listened on.
   */
  constructor(
    { hostname = "127.0.0.1", port }: Endpoint,
    connect: () => Promise<Channel>,
    log: Log,
  ) {
    try {
      this.#listener = Deno.listen({ hostname, port });
    } catch (cause) {
      throw new VpnError(
        `cannot listen on ${formatEndpoint({ hostname, port })}: ${errorLine(cause)}`,
        "choose another address or port",
        { cause },
      );
    }
    this.address = this.#listener.addr;
    this.#connect = connect;
    this.#log = log;
  }

  /** Runs until `close`. */
  async run(): Promise<void> {
    while (!this.#closed) {
      try {
        this.#take(await this.#listener.accept());
      } catch {
        // Closed, or no file descriptors left, which mends itself when connections end.
        if (!this.#closed) await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  async #take(connection: Deno.TcpConn): Promise<void> {
    if (this.#open >= maximumConnections) {
      this.#log.warn(`a connection is refused: ${this.#open} are open`);
      return closeQuietly(connection);
    }
    this.#open++;
    try {
      connection.setNoDelay();
      await splice(await this.#connect(), connection);
    } catch (error) {
      this.#log.warn(errorLine(error));
      closeQuietly(connection);
    } finally {
      this.#open--;
    }
  }

  /** Takes no more connections; those that are open go on. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
