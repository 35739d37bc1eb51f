/**
 * The lean channels' section of `docs/benchmarks.md`, which the other benchmark leaves as it is.
 *
 * @module
 */

import type { ChannelContender, ChannelLoad } from "./channel_load.ts";
import { disturbance, type Machine } from "./machine.ts";
import { escapeMarkdown } from "./tables.ts";

/** A contender and what it did. */
export interface ChannelResult extends ChannelContender {
  /** Bytes in each direction. */
  readonly bytes: number;
  readonly load: ChannelLoad;
}

const heading = "## Lean channels";

/** Gbit/s in each direction. */
export function channelRate({ bytes, load }: ChannelResult): number {
  return bytes * 8 / load.connects.seconds / 1e9;
}

/** The section as Markdown. */
export function channelsSection(
  results: readonly ChannelResult[],
  machine: Machine,
  date: string,
): string {
  const disturbed = disturbance(machine);
  const rows = results.map((result) => {
    const { kind, engine, bytes, load: { connects, listens } } = result;
    const processor = (connects.processor + listens.processor) / 2 / (bytes / 1e9);
    const alone = 8 / processor;
    const peak = Math.max(connects.peak, listens.peak) / 1e6;
    return `| ${kind}, ${engine} | ${(bytes / 1e9).toFixed(1)} | ${
      channelRate(result).toFixed(2)
    } | ${processor.toFixed(2)} | ${alone.toFixed(2)} | ${peak.toFixed(0)} |`;
  });
  return [
    heading,
    "",
    "Made by `deno task bench:channels --markdown docs/benchmarks.md`: two processes on one machine send",
    "through one stream over loopback, both directions at once, and compare all that comes with what was",
    "sent. CPU is that of one process for 1 GB sent and 1 GB received, all threads; what it would carry",
    "with a core to itself is computed from it.",
    "",
    `- Machine: ${
      escapeMarkdown(machine.processor)
    }, ${machine.cores} cores; Linux ${machine.kernel}; ` +
    `Deno ${Deno.version.deno}; this project at ${machine.commit}; ${date}; load average ` +
    `${machine.load.toFixed(1)} at the start.`,
    ...(disturbed === undefined ? [] : [`- **${disturbed}**`]),
    "",
    "| channel, engine | GB each way | Gbit/s each way | CPU-s | Gbit/s each way on a core | most memory, MB |",
    "| --- | ---: | ---: | ---: | ---: | ---: |",
    ...rows,
    "",
  ].join("\n");
}

/** A page with this section in the place of its own, or at its end. */
export function withChannelsSection(page: string, section: string): string {
  return `${page.split(heading)[0].trimEnd()}\n\n${section}`;
}

/** The section of a page; undefined when it has none. */
export function channelsSectionOf(page: string): string | undefined {
  const start = page.indexOf(heading);
  return start < 0 ? undefined : page.slice(start);
}
