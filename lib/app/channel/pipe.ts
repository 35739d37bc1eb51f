/**
 * Standard input and output over a channel, as netcat does it: bytes in, bytes out, and the end of
 * either is carried over.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import type { Channel } from "../../channel/connection/channel.ts";

/**
 * Runs until both directions have ended. Where a person types, the peer's end is enough.
 *
 * @throws {ChannelError} when the channel was cut or failed a check.
 */
export async function pipeStandardStreams(channel: Channel): Promise<void> {
  const sending = Deno.stdin.readable.pipeTo(channel.writable).catch(failure(channel));
  const receiving = channel.readable
    .pipeTo(Deno.stdout.writable, { preventClose: true })
    .catch(failure(channel));
  if (Deno.stdin.isTerminal()) {
    await Promise.race([receiving, sending.then(() => receiving)]);
    return;
  }
  await Promise.all([sending, receiving]);
  await channel.closed;
}

/** The channel's own error where it has one; else it is standard input's or output's. */
function failure(channel: Channel): (error: unknown) => Promise<never> {
  return async (error) => {
    channel.abort("standard input or output failed");
    await channel.closed.catch((ended) => {
      if (ended.failure !== "aborted") throw ended;
    });
    throw new VpnError("standard input or output failed", undefined, { cause: error });
  };
}
