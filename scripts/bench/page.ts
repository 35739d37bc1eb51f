/**
 * The page `docs/benchmarks.md`, made from a report.
 *
 * @module
 */

import { disturbance } from "./machine.ts";
import { lossTolerance } from "./traffic.ts";
import type { Report } from "./report.ts";
import { escapeMarkdown, groupTables, tableMarkdown, targetTable } from "./tables.ts";

function describe(report: Report): string[] {
  const { machine, settings } = report;
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  const load = machine.load.toFixed(1);
  const disturbed = disturbance(machine);
  return [
    `- Machine: ${escapeMarkdown(machine.processor)}, ${machine.cores} cores, ` +
    `${
      (machine.memory / 1e9).toFixed(0)
    } GB of memory; ${machine.system}, Linux ${machine.kernel}; ` +
    `TCP congestion control ${machine.congestionControl}; load average ${load} at the start.`,
    `- Versions: ${versions.join(", ")}; this project at ${machine.commit}, ` +
    (settings.executable ? "its executable." : "run from source."),
    `- Run: ${report.date.slice(0, 10)}, ${settings.runs} rounds, TCP for ${settings.seconds} s ` +
    `each, ${settings.clients} clients where many are meant.` +
    (settings.filter === undefined ? "" : ` Rows that match \`${settings.filter}\` only.`) +
    (report.complete ? "" : " **It was interrupted: rows are missing.**"),
    ...(disturbed === undefined ? [] : [`- **${disturbed}**`]),
  ];
}

function method(report: Report): string {
  const clients = report.settings.clients;
  return `\
## How it is measured

Two network namespaces on one machine, joined by a veth pair with an MTU of 1,500 bytes: the server in
one, the client in the other, as real processes with real certificates. Each round starts every
contender anew and in turn (OpenVPN, ours, OpenVPN, ours …), so that a machine that is slower for a
while is so for all. Figures are medians of the rounds. A ratio is the median of the ratios to OpenVPN
round by round, and so not exactly the ratio of two medians. No process is bound to a core: VPN, sender
and receiver share them as the kernel sees fit. OpenVPN has its defaults, without its kernel module; both
programs read the same configuration. ${
    report.settings.executable
      ? "Ours is the executable of `deno task compile`, as users run it; unpacked before, where it is the\nportable form."
      : "Ours is run from its sources, which takes longer to start and more memory than the executable."
  } Before the first figure each tunnel carries TCP for a second in each direction.

| figure | how |
| --- | --- |
| TCP streams | iperf3, bytes that arrived. Up: from client to server |
| CPU-s/GB | user and system time of the VPN process, all threads, by 10^9 bytes of those streams |
| UDP without loss | the highest rate, client to server, at which at most ${
    lossTolerance * 100
  } % is missing, and they arrive no slower than 0.95 of the rate they were sent at (not out of growing queues), found by bisection; a rate is lossy when it is so twice. Bytes are payload. Each datagram is sent as its own packet, many per system call: iperf3 itself would lose packets |
| round-trip time | ping, the median; under load: while one TCP stream goes up as fast as it can |
| start to Initialization Sequence Completed | from starting the client's process, the median of three per round; the program's and the runtime's code are in the page cache |
| server memory | resident set size of the server; PSS counts pages shared with other processes in proportion. Clients beyond the first are OpenVPN's, whoever serves |
| idle CPU | processor time of the server with ${clients} clients that send nothing but keepalive, every 10 s |
| new sessions | OpenVPN clients started, connected and killed, four at a time per core, on the same machine: the clients take most of it. The option connect-freq-initial is raised, which otherwise lets 100 come in 10 s. The server's own part is the processor time per session |
| no VPN | the same programs over the bare veth pair: what they can measure at most |
`;
}

/**
 * The page as Markdown.
 *
 * @param chart Address of the chart, relative to the page; without it there is none.
 */
export function benchmarkPage(report: Report, chart?: string): string {
  const targets = targetTable(report);
  return [
    "# Benchmarks",
    "",
    "Made by `deno task bench --markdown docs/benchmarks.md --chart docs/benchmarks.svg`; run it on a",
    "machine of your own (as root). Figures in brackets are ratios to OpenVPN's; ✓ and ✗ say whether a",
    "target is reached.",
    "",
    ...describe(report),
    "",
    ...(chart === undefined ? [] : [`![Bars for each figure and contender](${chart})`, ""]),
    "## Results",
    "",
    ...groupTables(report).flatMap((table) => [tableMarkdown(table), ""]),
    ...(targets.rows.length > 0 ? [tableMarkdown(targets), ""] : []),
    method(report),
  ].join("\n");
}
