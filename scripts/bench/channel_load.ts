/**
 * Two processes that load a lean channel between them.
 *
 * @module
 */

import { ManagedProcess } from "../../tests/harness/process.ts";
import { projectDirectory } from "../files.ts";

/** A channel and what encrypts in it. */
export interface ChannelContender {
  readonly kind: "psk" | "box";
  readonly engine: string;
}

/** What one end took. */
export interface ChannelReport {
  /** From the handshake to the end of both directions. */
  readonly seconds: number;
  /** User and system time of the process meanwhile, all threads, seconds. */
  readonly processor: number;
  /** The most memory that it held, in bytes. */
  readonly peak: number;
}

/** Both ends' reports. */
export interface ChannelLoad {
  readonly connects: ChannelReport;
  readonly listens: ChannelReport;
}

const patience = 600_000;

/**
 * Sends `bytes` in each direction at once over loopback; each end compares all that comes with what
 * was sent.
 *
 * @throws {Error} when something is lost or changed.
 */
export async function loadChannel(
  { kind, engine }: ChannelContender,
  bytes: number,
): Promise<ChannelLoad> {
  const program = [Deno.execPath(), "run", "-A", "scripts/bench/channel_end.ts"];
  const spawn = (name: string, ...args: string[]) =>
    ManagedProcess.spawn([...program, ...args], { name, cwd: projectDirectory });
  await using listener = spawn("listener", "listen", kind, engine, String(bytes));
  const [, port] = await listener.waitForLine(/^listening on port (\d+)$/, { timeoutMs: 60_000 });
  await using client = spawn("client", "connect", kind, engine, String(bytes), port);
  const report = async (end: ManagedProcess) =>
    JSON.parse((await end.waitForLine(/^\{.*\}$/, { timeoutMs: patience }))[0]);
  const [connects, listens] = await Promise.all([report(client), report(listener)]);
  return { connects, listens };
}
