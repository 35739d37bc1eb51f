/**
 * Round-trip times by ping.
 *
 * @module
 */

import { median } from "./statistics.ts";
import type { Ends } from "./tunnel.ts";

/** Round-trip times in ms that iputils' ping printed, one for each answer. */
export function parsePingTimes(output: string): number[] {
  return [...output.matchAll(/ time=([\d.]+) ms/g)].map((match) => Number(match[1]));
}

/**
 * The median round-trip time, in ms.
 *
 * @param count Requests.
 * @param interval Time between two of them, in seconds.
 * @throws {Error} when fewer than half are answered.
 */
export async function roundTripTime(ends: Ends, count: number, interval: number): Promise<number> {
  const { stdout } = await ends.client.tryExec([
    ...["ping", "-n", "-c", String(count), "-i", interval.toFixed(3), "-W", "2", ends.address],
  ], { timeoutMs: (count * interval + 10) * 1000 });
  const times = parsePingTimes(stdout);
  const middle = median(times);
  if (middle === undefined || times.length < count / 2) {
    throw new Error(`ping: ${times.length} of ${count} requests were answered`);
  }
  return middle;
}
