/**
 * The byte stream under a channel, and reading and writing it whole.
 *
 * @module
 */

import { ChannelError } from "./errors.ts";

/** A reliable byte stream, as `Deno.TcpConn` is one. */
export interface Connection {
  /** Reads up to `into.length` bytes; null at the end. */
  read(into: Uint8Array): Promise<number | null>;
  /** Writes some of the bytes; resolves when the stream has room for more. */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends the direction of this side. */
  closeWrite(): Promise<void>;
  /** Ends both directions; a pending `read` or `write` rejects. */
  close(): void;
}

/** Fills `into`; the number of bytes that came before the stream ended. */
export async function readFully(connection: Connection, into: Uint8Array): Promise<number> {
  let length = 0;
  while (length < into.length) {
    const more = await connection.read(into.subarray(length));
    if (more === null) break;
    length += more;
  }
  return length;
}

/** Writes all of `bytes`. */
export async function writeFully(connection: Connection, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}

/** Closes a connection that may be closed already. */
export function closeQuietly(connection: Connection): void {
  try {
    connection.close();
  } catch {
    // The peer or a deadline was quicker.
  }
}

/**
 * Closes the connection unless `work` ends in time.
 *
 * @param limit ms.
 * @param what What the peer was to send, for the message.
 * @throws {ChannelError} `timeout` then.
 */
export async function withDeadline<Result>(
  connection: Connection,
  limit: number,
  what: string,
  work: Promise<Result>,
): Promise<Result> {
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    closeQuietly(connection);
  }, limit);
  try {
    return await work;
  } catch (error) {
    throw late ? new ChannelError("timeout", `the peer did not send ${what} in time`) : error;
  } finally {
    clearTimeout(timer);
  }
}

/** The error of a read or write as one of the channel's. */
export function connectionFailure(error: unknown): ChannelError {
  if (error instanceof ChannelError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new ChannelError("connection", `the connection failed: ${reason}`, undefined, {
    cause: error,
  });
}
