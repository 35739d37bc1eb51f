/**
 * A channel joined to a TCP connection: what comes out of the one goes into the other, ends and cuts
 * included.
 *
 * @module
 */

import type { Channel } from "../../channel/connection/channel.ts";
import { closeQuietly, type Connection, writeFully } from "../../channel/connection/connection.ts";

/** Bytes per read: one message of a channel. */
const readLength = 65536;

/**
 * Runs until both directions have ended.
 *
 * @throws {ChannelError | Error} when either was cut: then so is the other.
 */
export async function splice(channel: Channel, connection: Connection): Promise<void> {
  try {
    await Promise.all([fromChannel(channel, connection), toChannel(channel, connection)]);
    await channel.closed;
  } catch (error) {
    channel.abort("the connection behind it failed");
    // The channel's own reason, where it has one, is the first of all.
    await channel.closed.catch((failure) => {
      if (failure.failure !== "aborted") throw failure;
    });
    throw error;
  } finally {
    closeQuietly(connection);
  }
}

async function fromChannel(channel: Channel, connection: Connection): Promise<void> {
  try {
    for await (const chunk of channel.readable) await writeFully(connection, chunk);
    await connection.closeWrite();
  } catch (error) {
    closeQuietly(connection); // The other direction may wait for it.
    throw error;
  }
}

async function toChannel(channel: Channel, connection: Connection): Promise<void> {
  const writer = channel.writable.getWriter();
  const buffer = new Uint8Array(readLength);
  try {
    for (;;) {
      const length = await connection.read(buffer);
      if (length === null) break;
      await writer.write(buffer.subarray(0, length));
    }
    await writer.close();
  } catch (error) {
    channel.abort("the connection behind it failed");
    throw error;
  }
}
