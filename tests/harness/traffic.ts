/**
 * Traffic through a tunnel, and what became of it.
 *
 * @module
 */

import type { NetworkNamespace } from "./namespace.ts";
import type { ManagedProcess } from "./process.ts";

/**
 * Sends one ICMP echo request per size and throws unless each is answered with the same bytes.
 *
 * @param sizes ICMP payload lengths in bytes, 0 to 65,507.
 * @param patience Seconds to wait for each answer; 5 by default.
 */
export async function pingSizes(
  from: NetworkNamespace,
  address: string,
  sizes: readonly number[],
  patience = 5,
): Promise<void> {
  // One shell for all: starting "ip netns exec" for each size would take most of the time.
  const script = `for size in "$@"; do ping -n -c 1 -W ${patience} -q -s "$size" "$0" >/dev/null ` +
    '|| echo "$size"; done';
  const output = await from.exec(["sh", "-c", script, address, ...sizes.map(String)]);
  const failed = output.split("\n").filter((line) => line !== "");
  if (failed.length > 0) {
    throw new Error(`no answer from ${address} to ICMP payloads of ${failed.join(", ")} bytes`);
  }
}

/** What a continuous ping saw. */
export interface PingReport {
  readonly sent: number;
  readonly received: number;
  /** Sequence numbers without an answer. */
  readonly lost: readonly number[];
  /** Answers that came twice. */
  readonly duplicates: number;
}

/** Reads what iputils' ping printed, `Ctrl-C` at its end included. */
export function parsePing(output: string): PingReport {
  const summary = output.match(/(\d+) packets transmitted, (\d+) received/);
  if (!summary) throw new Error(`ping printed no summary:\n${output}`);
  const sent = Number(summary[1]);
  const seen = new Set<number>();
  let duplicates = 0;
  for (const match of output.matchAll(/bytes from .*icmp_seq=(\d+) .*?(DUP!)?$/gm)) {
    if (match[2] !== undefined || seen.has(Number(match[1]))) duplicates++;
    seen.add(Number(match[1]));
  }
  const lost: number[] = [];
  for (let sequence = 1; sequence <= sent; sequence++) {
    if (!seen.has(sequence)) lost.push(sequence);
  }
  return { sent, received: seen.size, lost, duplicates };
}

/** A ping that goes on while something else happens. */
export class ContinuousPing implements AsyncDisposable {
  private constructor(readonly process: ManagedProcess) {}

  /**
   * Starts and waits for the first answer.
   *
   * @param intervalMs Time between two requests; 20 by default.
   */
  static async start(
    from: NetworkNamespace,
    address: string,
    intervalMs = 20,
  ): Promise<ContinuousPing> {
    const interval = (intervalMs / 1000).toFixed(3);
    // Line-buffered although stdout is a pipe: answers are to be seen as they come.
    const command = ["ping", "-n", "-i", interval, "-s", "200", address];
    const ping = new ContinuousPing(from.spawn(["stdbuf", "-oL", ...command], { name: "ping" }));
    await ping.process.waitForLine(/bytes from/);
    return ping;
  }

  /** Ends it and tells what was lost. */
  async stop(): Promise<PingReport> {
    // Ctrl-C may come between a request and its answer: the last request doesn't count.
    await this.process.stop("SIGINT");
    const report = parsePing(this.process.output);
    if (report.lost.at(-1) !== report.sent) return report;
    return { ...report, sent: report.sent - 1, lost: report.lost.slice(0, -1) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
  }
}

/** The script that both ends of a transfer run. */
const transferScript = new URL("./transfer_program.ts", import.meta.url).pathname;

/** What a transfer took. */
export interface TransferReport {
  /** Bytes sent in each direction. */
  readonly bytes: number;
  readonly milliseconds: number;
}

/**
 * Sends `bytes` random bytes over TCP in each direction at the same time; throws unless each side
 * received exactly what the other sent, by SHA-256.
 */
export async function transfer(
  from: NetworkNamespace,
  to: NetworkNamespace,
  address: string,
  bytes: number,
  { timeoutMs = 60_000 }: { timeoutMs?: number } = {},
): Promise<TransferReport> {
  const program = [Deno.execPath(), "run", "--no-config", "--allow-net", transferScript];
  await using server = to.spawn([...program, "listen", address, String(bytes)], {
    name: "transfer server",
  });
  const [, port] = await server.waitForLine(/^listening on port (\d+)$/);
  await using client = from.spawn([...program, "connect", address, String(bytes), port], {
    name: "transfer client",
  });
  const [sent, received] = await Promise.all([
    client.waitForLine(/^done in (\d+) ms, sent (\w+), received (\w+)$/, { timeoutMs }),
    server.waitForLine(/^done in (\d+) ms, sent (\w+), received (\w+)$/, { timeoutMs }),
  ]);
  if (sent[2] !== received[3] || sent[3] !== received[2]) {
    throw new Error(`what arrived is not what was sent:\n${sent[0]}\n${received[0]}`);
  }
  return { bytes, milliseconds: Number(sent[1]) };
}
