/**
 * The benchmark: `deno task bench`; `--help` says the rest.
 *
 * @module
 */

import { dirname, relative, resolve } from "node:path";
import { obstacles } from "./bench/availability.ts";
import { BuiltExecutable } from "./bench/built_executable.ts";
import { drawChart } from "./bench/chart.ts";
import { describeMachine, disturbance } from "./bench/machine.ts";
import { type BenchmarkOptions, parseOptions, usage, UsageError } from "./bench/options.ts";
import { channelsSectionOf, withChannelsSection } from "./bench/channels_section.ts";
import { benchmarkPage } from "./bench/page.ts";
import { plan, rowId } from "./bench/plan.ts";
import { parseReport, Recorder, type Report, reportFormat } from "./bench/report.ts";
import { runBenchmark } from "./bench/run.ts";
import { tablesOf, tableText } from "./bench/tables.ts";
import { print } from "./print.ts";

/** Progress goes to standard error: standard output is the results'. */
function say(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}

async function buildExecutable(): Promise<BuiltExecutable> {
  say("Building the executable.");
  return await BuiltExecutable.build();
}

async function measure(options: BenchmarkOptions, signal: AbortSignal): Promise<Report> {
  const date = new Date().toISOString();
  const planned = plan(options.filter);
  const recorder = new Recorder(options.runs, planned.flatMap(({ sessions }) => sessions));
  const { runs, seconds, clients } = options;
  await using built = options.source || options.executable !== undefined
    ? undefined
    : await buildExecutable();
  const executable = options.executable === undefined ? built?.path : resolve(options.executable);
  const settings = {
    ...{ runs, seconds, clients, filter: options.filter?.source },
    executable: executable !== undefined,
  };
  const machine = await describeMachine();
  const disturbed = disturbance(machine);
  if (disturbed !== undefined) say(disturbed);
  const report = (complete: boolean): Report => ({
    ...{ format: reportFormat, date, machine, settings, complete },
    rows: recorder.rows(),
  });
  const keep = async () => {
    // A run takes long: what kills it leaves the turns before.
    if (options.json !== undefined && options.json !== "-") {
      await writeJson(report(false), options.json);
    }
  };
  try {
    await runBenchmark({ plan: planned, settings, executable, recorder, signal, say, keep });
  } catch (error) {
    // A terminal's Ctrl-C reaches the programs that prepare the network, too.
    if (!signal.aborted) throw error;
  }
  return report(!signal.aborted);
}

async function writeJson(report: Report, path: string): Promise<void> {
  await Deno.writeTextFile(`${path}.new`, JSON.stringify(report, null, 2) + "\n");
  await Deno.rename(`${path}.new`, path);
}

async function write(report: Report, options: BenchmarkOptions): Promise<void> {
  if (options.json === "-") {
    print(JSON.stringify(report, null, 2));
  } else {
    if (options.json !== undefined) await writeJson(report, options.json);
    for (const table of tablesOf(report)) print(`\n${tableText(table)}`);
    const disturbed = disturbance(report.machine);
    if (disturbed !== undefined) print(`\n${disturbed}`);
  }
  if (options.chart !== undefined) await Deno.writeTextFile(options.chart, drawChart(report));
  if (options.markdown !== undefined) {
    const chart = options.chart === undefined
      ? undefined
      : relative(dirname(resolve(options.markdown)), resolve(options.chart));
    // The lean channels' figures are another benchmark's.
    const old = await Deno.readTextFile(options.markdown).catch(() => "");
    const page = benchmarkPage(report, chart);
    const channels = channelsSectionOf(old);
    const whole = channels === undefined ? page : withChannelsSection(page, channels);
    await Deno.writeTextFile(options.markdown, whole);
  }
}

async function main(): Promise<number> {
  const options = parseOptions(Deno.args);
  if (options === undefined) {
    print(usage);
    return 0;
  }
  const planned = plan(options.filter);
  if (planned.length === 0) throw new UsageError("--filter matches no row; --list shows them all");
  if (options.list) {
    for (const { sessions } of planned) {
      for (const { group, contender, metrics } of sessions) {
        for (const metric of metrics) print(rowId(group.id, contender.id, metric));
      }
    }
    return 0;
  }
  if (options.from !== undefined) {
    await write(parseReport(await Deno.readTextFile(options.from)), options);
    return 0;
  }
  const found = await obstacles();
  if (found.length > 0) {
    say(`This machine lacks ${found.join(", ")}.`);
    return 1;
  }
  const interruption = new AbortController();
  // Twice means at once: what is left behind then is removed by the next run.
  const interrupt = () => interruption.signal.aborted ? Deno.exit(130) : interruption.abort();
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, interrupt);
  const report = await measure(options, interruption.signal);
  await write(report, options);
  if (!report.complete) return 130;
  return report.rows.some((row) => row.missing?.startsWith("failed: ")) ? 1 : 0;
}

if (import.meta.main) {
  try {
    Deno.exit(await main());
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    say(`bench: ${error.message}`);
    Deno.exit(2);
  }
}
