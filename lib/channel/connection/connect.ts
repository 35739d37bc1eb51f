/**
 * Opening a channel to a listener.
 *
 * @module
 */

import { errorLine } from "../../base/errors.ts";
import { Channel } from "./channel.ts";
import { closeQuietly, connectionFailure, withDeadline } from "./connection.ts";
import { ChannelError } from "./errors.ts";
import type { Handshake } from "./listener.ts";

/** Where to connect to. */
export interface ConnectOptions {
  /** A name or an IP address. */
  readonly hostname: string;
  /** The TCP port. */
  readonly port: number;
  /** How long connection and handshake may take, each, ms; 10,000 where not given. */
  readonly handshakeTimeout?: number;
}

/**
 * Connects and does the handshake.
 *
 * @throws {ChannelError} when there is nobody, or the peer fails a check.
 */
export async function connectChannel(
  { hostname, port, handshakeTimeout = 10_000 }: ConnectOptions,
  handshake: Handshake,
): Promise<Channel> {
  let connection: Deno.TcpConn;
  try {
    const signal = AbortSignal.timeout(handshakeTimeout);
    connection = await Deno.connect({ hostname, port, signal });
  } catch (cause) {
    throw new ChannelError(
      "connection",
      `cannot connect to ${hostname}, TCP port ${port}: ${errorLine(cause)}`,
      "see whether the other end listens there",
      { cause },
    );
  }
  try {
    connection.setNoDelay();
    connection.setKeepAlive();
    const peer = connection.remoteAddr;
    const work = handshake(connection, peer);
    const parts = await withDeadline(connection, handshakeTimeout, "its handshake", work);
    return new Channel(connection, parts, peer);
  } catch (error) {
    closeQuietly(connection);
    throw connectionFailure(error);
  }
}
