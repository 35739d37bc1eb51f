/**
 * The measurements of a tunnel that is up: rates, processor time, packets without loss, round-trip
 * times.
 *
 * @module
 */

import { runTcp } from "./iperf.ts";
import { searchLossless } from "./lossless.ts";
import type { Measured, MetricId } from "./metrics.ts";
import { roundTripTime } from "./ping.ts";
import { cpuSeconds } from "./proc.ts";
import type { Settings } from "./report.ts";
import type { Tunnel } from "./tunnel.ts";
import { probeUdp } from "./udp.ts";

/** One measurement, which may give several metrics. */
export interface Step {
  readonly metrics: readonly MetricId[];
  readonly run: () => Promise<Measured>;
}

/** Part of the packets that may be missing where "without loss" is said. */
export const lossTolerance = 0.001;

/** Rates that earlier rounds of the same contender ended at, by length: where to begin. */
export type RateHints = Map<number, number>;

/** UDP payloads by metric, in bytes, and the rate to begin with in packets per second. */
const udpLengths = { udp64: [64, 20_000], udp1200: [1200, 10_000] } as const;

/** Duration of one try of a packet rate, in seconds. */
function probeSeconds(settings: Settings): number {
  return Math.min(2, Math.max(1, settings.seconds / 3));
}

/** All measurements, in the order in which they are made. */
export function trafficSteps(tunnel: Tunnel, settings: Settings, hints: RateHints): Step[] {
  return [
    {
      metrics: ["rtt-idle", "rtt-load", "rtt-added"],
      run: () => measureRoundTrips(tunnel, settings),
    },
    {
      metrics: ["tcp1-up", "cpu-up-client", "cpu-up-server"],
      run: async () => {
        const { rate, client, server } = await measureTcp(tunnel, settings, 1, false);
        return { "tcp1-up": rate, "cpu-up-client": client, "cpu-up-server": server };
      },
    },
    {
      metrics: ["tcp1-down", "cpu-down-client", "cpu-down-server"],
      run: async () => {
        const { rate, client, server } = await measureTcp(tunnel, settings, 1, true);
        return { "tcp1-down": rate, "cpu-down-client": client, "cpu-down-server": server };
      },
    },
    {
      metrics: ["tcp4-up"],
      run: async () => ({ "tcp4-up": (await measureTcp(tunnel, settings, 4, false)).rate }),
    },
    {
      metrics: ["tcp4-down"],
      run: async () => ({ "tcp4-down": (await measureTcp(tunnel, settings, 4, true)).rate }),
    },
    ...(["udp64", "udp1200"] as const).map((metric): Step => ({
      metrics: [metric],
      run: async () => ({ [metric]: await measurePackets(tunnel, metric, settings, hints) }),
    })),
  ];
}

/** Seconds that these metrics take, roughly: for the estimate at the start. */
export function estimateTraffic(metrics: readonly MetricId[], settings: Settings): number {
  const wants = (...ids: MetricId[]) => metrics.some((id) => ids.includes(id));
  const tcp = (["tcp1-up", "tcp1-down", "tcp4-up", "tcp4-down"] as const)
    .filter((id) => metrics.includes(id)).length;
  const udp = (["udp64", "udp1200"] as const).filter((id) => wants(id)).length;
  return 3 + tcp * (settings.seconds + 0.3) + udp * 8 * (probeSeconds(settings) + 0.7) +
    (wants("rtt-idle", "rtt-load", "rtt-added") ? 2 * settings.seconds : 0);
}

/** Lets both programs compile and size what they only do under load; what it brings is not kept. */
export async function warmUp(tunnel: Tunnel): Promise<void> {
  await runTcp(tunnel, { seconds: 1 });
  await runTcp(tunnel, { seconds: 1, down: true });
}

async function measureRoundTrips(tunnel: Tunnel, settings: Settings): Promise<Measured> {
  const idle = await roundTripTime(tunnel, Math.round(settings.seconds * 50), 0.01);
  let loaded = 0;
  const seconds = settings.seconds + 1;
  await runTcp(tunnel, { seconds }, async () => {
    // The stream is to have found its rate; it outlasts the pings by half a second.
    await new Promise((resolve) => setTimeout(resolve, 500));
    loaded = await roundTripTime(tunnel, Math.round(settings.seconds * 50), 0.02);
  });
  return { "rtt-idle": idle, "rtt-load": loaded, "rtt-added": loaded - idle };
}

/** @returns Mbit/s, and the processor time of each side in seconds per GB. */
async function measureTcp(
  tunnel: Tunnel,
  settings: Settings,
  streams: number,
  down: boolean,
): Promise<{ rate: number; client?: number; server?: number }> {
  const used = async () => {
    const { client, server } = tunnel.processes ?? {};
    if (client === undefined || server === undefined) return undefined;
    return { client: await cpuSeconds(client.pid), server: await cpuSeconds(server.pid) };
  };
  const before = await used();
  const report = await runTcp(tunnel, { seconds: settings.seconds, streams, down });
  const after = await used();
  const rate = report.bytes * 8 / report.seconds / 1e6;
  if (before === undefined || after === undefined) return { rate };
  const gigabytes = report.bytes / 1e9;
  return {
    rate,
    client: (after.client - before.client) / gigabytes,
    server: (after.server - before.server) / gigabytes,
  };
}

/** @returns Packets per second. */
async function measurePackets(
  tunnel: Tunnel,
  metric: keyof typeof udpLengths,
  settings: Settings,
  hints: RateHints,
): Promise<number> {
  const [length, start] = udpLengths[metric];
  const hint = hints.get(length);
  const seconds = probeSeconds(settings);
  // The first packets of their kind are sent for the programs' compilers.
  await probeUdp(tunnel, length, hint ?? start, seconds);
  const best = await searchLossless((rate) => probeUdp(tunnel, length, rate, seconds), {
    start: hint ?? start,
    near: hint !== undefined,
    tolerance: lossTolerance,
    precision: 0.03,
    maxProbes: 16,
  });
  hints.set(length, best);
  return best;
}
