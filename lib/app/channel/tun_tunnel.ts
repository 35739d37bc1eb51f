/**
 * `--tun` from start to end: channels come and go, the device stays until a signal.
 *
 * @module
 */

import { errorLine } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Channel } from "../../channel/connection/channel.ts";
import { ChannelError } from "../../channel/connection/errors.ts";
import type { ChannelListener } from "../../channel/connection/listener.ts";
import { formatEndpoint } from "./endpoint.ts";
import { runService } from "./service.ts";
import { TunLink, type TunLinkOptions } from "./tun_link.ts";

/** Between two attempts to connect, ms: doubled each time. */
const retryDelay = { first: 1000, last: 30_000 } as const;

/** Takes each channel that a listener accepts; the newest has the device. The exit code. */
export async function serveTun(
  listener: ChannelListener,
  options: TunLinkOptions,
  log: Log,
  reload?: () => Promise<void>,
): Promise<number> {
  return await withTun(options, log, async (link, ended) => {
    ended.addEventListener("abort", () => listener.close());
    for await (const channel of listener) carry(link, channel, log);
  }, reload);
}

/** Connects, again and again, until a signal ends it. The exit code. */
export async function connectTun(
  connect: () => Promise<Channel>,
  options: TunLinkOptions,
  log: Log,
): Promise<number> {
  return await withTun(options, log, async (link, ended) => {
    for (let delay: number = retryDelay.first; !ended.aborted;) {
      const start = performance.now();
      try {
        await carry(link, await connect(), log);
        // A server that does not know our key cuts each channel at once.
        if (performance.now() - start > retryDelay.last) delay = retryDelay.first;
      } catch (error) {
        const lasting: unknown[] = ["secret", "unknown-key", "malformed"];
        if (error instanceof ChannelError && lasting.includes(error.failure)) throw error;
        log.error(errorLine(error));
      }
      if (ended.aborted) return;
      log.at(1, `connecting again in ${delay / 1000} s`);
      await pause(delay, ended);
      delay = Math.min(2 * delay, retryDelay.last);
    }
  });
}

async function withTun(
  options: TunLinkOptions,
  log: Log,
  run: (link: TunLink, ended: AbortSignal) => Promise<void>,
  reload?: () => Promise<void>,
): Promise<number> {
  const end = new AbortController();
  await using link = await TunLink.open(options, log);
  try {
    return await runService(run(link, end.signal), log, { reload });
  } finally {
    end.abort();
  }
}

async function carry(link: TunLink, channel: Channel, log: Log): Promise<void> {
  const peer = formatEndpoint(channel.peer);
  log.at(1, `tunnel with ${peer}: Initialization Sequence Completed`);
  try {
    await link.carry(channel);
    log.at(1, `tunnel with ${peer}: ended by the peer`);
  } catch (error) {
    log.warn(`tunnel with ${peer}: ${errorLine(error)}`);
  }
}

async function pause(delay: number, ended: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, delay);
  ended.addEventListener("abort", () => resolve(), { once: true });
  await promise;
  clearTimeout(timer);
}
