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
import { ExitCode } from "../exit_code.ts";
import { SignalQueue } from "../signals.ts";
import { formatEndpoint } from "./endpoint.ts";
import { TunLink, type TunLinkOptions } from "./tun_link.ts";

/** Between two attempts to connect, ms: doubled each time. */
const retryDelay = { first: 1000, last: 30_000 } as const;

/** Takes each channel that a listener accepts; the newest has the device. The exit code. */
export async function serveTun(
  listener: ChannelListener,
  options: TunLinkOptions,
  log: Log,
): Promise<number> {
  return await withTun(options, log, async (link, ended) => {
    ended.addEventListener("abort", () => listener.close());
    for await (const channel of listener) carry(link, channel, log);
  });
}

/** Connects, again and again, until a signal ends it. The exit code. */
export async function connectTun(
  connect: () => Promise<Channel>,
  options: TunLinkOptions,
  log: Log,
): Promise<number> {
  return await withTun(options, log, async (link, ended) => {
    for (let delay: number = retryDelay.first; !ended.aborted;) {
      try {
        await carry(link, await connect(), log);
        delay = retryDelay.first;
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
): Promise<number> {
  const signals = new SignalQueue();
  const end = new AbortController();
  try {
    await using link = await TunLink.open(options, log);
    const running = run(link, end.signal);
    let failure: unknown;
    const over = running.catch((error) => failure = error);
    for (;;) {
      const signal = await signals.next(over);
      if (signal === "abandoned") {
        if (failure !== undefined) throw failure;
        return ExitCode.success;
      }
      if (signal === "SIGINT" || signal === "SIGTERM") {
        log.at(0, `${signal} received, process exiting`);
        end.abort();
        return ExitCode.success;
      }
    }
  } finally {
    signals.close();
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
