/**
 * TCP streams by iperf3.
 *
 * @module
 */

import type { Ends } from "./tunnel.ts";

/** What a run of iperf3 brought to the receiver. */
export interface TcpReport {
  readonly bytes: number;
  readonly seconds: number;
}

/** How to run it. */
export interface TcpOptions {
  readonly seconds: number;
  /** Parallel streams; 1 by default. */
  readonly streams?: number;
  /** From server to client; the other way by default. */
  readonly down?: boolean;
}

const port = 5201;

/**
 * Reads what `iperf3 --json` printed.
 *
 * @throws {Error} with iperf3's own words when it failed, or when it isn't such a text.
 */
export function parseIperf(text: string): TcpReport {
  const report: {
    error?: unknown;
    end?: { sum_received?: { bytes?: unknown; seconds?: unknown } };
  } = JSON.parse(text);
  if (typeof report.error === "string") throw new Error(`iperf3: ${report.error}`);
  const { bytes, seconds } = report.end?.sum_received ?? {};
  if (typeof bytes !== "number" || typeof seconds !== "number" || seconds <= 0) {
    throw new Error("iperf3 reported no bytes received");
  }
  return { bytes, seconds };
}

/**
 * Sends as much as goes for some seconds.
 *
 * @param started Called when the client runs; the report waits for it.
 */
export async function runTcp(
  ends: Ends,
  options: TcpOptions,
  started: () => Promise<void> = () => Promise.resolve(),
): Promise<TcpReport> {
  const to = ["--bind", ends.address, "--port", String(port)];
  await using server = ends.server.spawn([
    "iperf3",
    "--server",
    "--one-off",
    "--forceflush",
    ...to,
  ]);
  await server.waitForLine(/Server listening/);
  await using client = ends.client.spawn([
    ...["iperf3", "--client", ends.address, "--port", String(port), "--json"],
    ...["--time", String(options.seconds), "--parallel", String(options.streams ?? 1)],
    // One interval: reports in between are work for the machine that is measured.
    ...["--interval", "0", "--connect-timeout", "5000"],
    ...(options.down ? ["--reverse"] : []),
  ]);
  // A tunnel that breaks leaves iperf3 waiting for ever.
  const timer = setTimeout(() => client.signal("SIGKILL"), (options.seconds + 10) * 1000);
  try {
    await Promise.all([client.ended, started()]);
  } finally {
    clearTimeout(timer);
  }
  if (client.output === "") throw new Error(`iperf3 did not end within ${options.seconds + 10} s`);
  return parseIperf(client.output);
}
