/**
 * Accepting channels: many handshakes at once, bounded in number and time.
 *
 * @module
 */

import { errorLine, VpnError } from "../../base/errors.ts";
import { Channel, type ChannelParts, type ChannelPeer } from "./channel.ts";
import { closeQuietly, type Connection, withDeadline } from "./connection.ts";
import { HalfOpenConnections } from "./half_open.ts";

/** Where to listen, and how much of strangers to bear. */
export interface ListenOptions {
  /** The address to listen on; all addresses of the machine where not given. */
  readonly hostname?: string;
  /** The TCP port; 0: any that is free. */
  readonly port: number;
  /** How long a handshake may take, ms; 10,000 where not given. */
  readonly handshakeTimeout?: number;
  /** How many handshakes may be under way at a time; 128 where not given. */
  readonly maximumHandshakes?: number;
  /** How many channels may be open at a time; 1,024 where not given. */
  readonly maximumChannels?: number;
  /** Told of each connection that was refused, and why. */
  readonly onRefused?: (error: unknown, peer: ChannelPeer) => void;
}

/** Does a protocol's handshake on a connection, or throws. */
export type Handshake = (connection: Connection, peer: ChannelPeer) => Promise<ChannelParts>;

const defaults = { handshakeTimeout: 10_000, maximumHandshakes: 128, maximumChannels: 1024 };

/** How often accepting is tried again when the process has run out of file descriptors, ms. */
const acceptPause = 100;

/** Channels as they come; iterate over it to get them. */
export class ChannelListener implements AsyncIterable<Channel>, Disposable {
  /** Where it listens. */
  readonly address: ChannelPeer;
  readonly #listener: Deno.TcpListener;
  readonly #options: ListenOptions & typeof defaults;
  readonly #handshake: Handshake;
  readonly #halfOpen: HalfOpenConnections<Connection>;
  readonly #established: Channel[] = [];
  /** Those that are established and not over, taken by the caller or not. */
  readonly #open = new Set<Channel>();
  #wake: (() => void) | undefined;
  #closed = false;

  /**
   * Listens.
   *
   * @throws {VpnError} when the address cannot be listened on.
   */
  constructor(options: ListenOptions, handshake: Handshake) {
    this.#options = { ...defaults, ...options };
    this.#handshake = handshake;
    this.#halfOpen = new HalfOpenConnections(this.#options.maximumHandshakes);
    this.#listener = listen(options);
    this.address = this.#listener.addr;
    this.#accept();
  }

  async #accept(): Promise<void> {
    while (!this.#closed) {
      try {
        this.#greet(await this.#listener.accept());
      } catch {
        // Closed, or no file descriptors left, which mends itself when connections end.
        if (!this.#closed) await new Promise((resolve) => setTimeout(resolve, acceptPause));
      }
    }
  }

  async #greet(connection: Deno.TcpConn): Promise<void> {
    const peer = connection.remoteAddr;
    try {
      if (this.#open.size >= this.#options.maximumChannels) {
        throw new VpnError(`there are ${this.#open.size} channels already`);
      }
      this.#halfOpen.add(connection, peer.hostname, () => closeQuietly(connection));
      connection.setNoDelay();
      connection.setKeepAlive();
      const { handshakeTimeout } = this.#options;
      const work = this.#handshake(connection, peer);
      const parts = await withDeadline(connection, handshakeTimeout, "its handshake", work);
      this.#halfOpen.remove(connection);
      this.#establish(new Channel(connection, parts, peer));
    } catch (error) {
      this.#halfOpen.remove(connection);
      closeQuietly(connection);
      if (!this.#closed) this.#options.onRefused?.(error, peer);
    }
  }

  #establish(channel: Channel): void {
    this.#open.add(channel);
    const forget = () => void this.#open.delete(channel);
    channel.closed.then(forget, forget);
    if (this.#closed) return channel.abort("the listener was closed");
    this.#established.push(channel);
    this.#wake?.();
  }

  /** The next channel; undefined after `close`. */
  async accept(): Promise<Channel | undefined> {
    while (this.#established.length === 0) {
      if (this.#closed) return undefined;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.#established.shift();
  }

  /** Channels until `close`. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Channel, void, undefined> {
    for (;;) {
      const channel = await this.accept();
      if (channel === undefined) return;
      yield channel;
    }
  }

  /** Listens no longer. Channels that `accept` has given out stay open; handshakes are cut off. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener.close();
    this.#halfOpen.clear();
    for (const channel of this.#established.splice(0)) channel.abort("the listener was closed");
    this.#wake?.();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function listen({ hostname, port }: ListenOptions): Deno.TcpListener {
  try {
    if (hostname !== undefined) return Deno.listen({ hostname, port });
    try {
      // IPv4 as well, where the system does not say otherwise (net.ipv6.bindv6only).
      return Deno.listen({ hostname: "::", port });
    } catch (error) {
      if (error instanceof Deno.errors.AddrInUse) throw error;
      return Deno.listen({ hostname: "0.0.0.0", port });
    }
  } catch (cause) {
    throw new VpnError(
      `cannot listen on ${hostname ?? "any address"}, TCP port ${port}: ${errorLine(cause)}`,
      "choose another address or port",
      { cause },
    );
  }
}
