/**
 * The run: for each group, round after round, each contender in turn (A B C A B C …).
 *
 * @module
 */

import { tryRun } from "../../tests/harness/command.ts";
import { Scenario } from "../../tests/harness/scenario.ts";
import { unavailable } from "./availability.ts";
import { formatNumber } from "./format.ts";
import { type MetricId, metrics } from "./metrics.ts";
import type { plan, Session } from "./plan.ts";
import type { Recorder, Settings } from "./report.ts";
import { estimateSessions, measureSessions } from "./sessions.ts";
import { estimateTraffic, type RateHints, trafficSteps, warmUp } from "./traffic.ts";
import { startTunnel } from "./tunnel.ts";

/** What a run needs. */
export interface RunOptions {
  readonly plan: ReturnType<typeof plan>;
  readonly settings: Settings;
  /** Path of the executable, to be measured in place of the sources. */
  readonly executable?: string;
  readonly recorder: Recorder;
  /** Ends the run as soon as may be, all cleaned up. */
  readonly signal: AbortSignal;
  /** Takes a line on how it goes. */
  readonly say: (line: string) => void;
  /** Called after each turn, when the recorder has something to keep. */
  readonly keep: () => Promise<void>;
}

/** An error in one line; what a process printed before it failed is on the lines after that. */
function reasonOf(error: unknown): string {
  const [line] = String(error instanceof Error ? error.message : error).split("\n");
  return `failed: ${line.replace(/ Its last lines:$/, "")}`;
}

/** Seconds that a session takes, roughly. */
function estimate(session: Session, settings: Settings): number {
  return session.group.id === "sessions"
    ? estimateSessions(session.metrics, settings)
    : estimateTraffic(session.metrics, settings);
}

/** Measures all that is planned; what fails is noted with the recorder. */
export async function runBenchmark(options: RunOptions): Promise<void> {
  const { settings, recorder, signal, say } = options;
  const groups: { sessions: Session[] }[] = [];
  for (const { sessions } of options.plan) {
    const available: Session[] = [];
    for (const session of sessions) {
      const reason = await unavailable(session);
      if (reason === undefined) {
        available.push(session);
        continue;
      }
      say(`${session.group.title}, ${session.contender.title}: not measured: ${reason}`);
      for (const metric of session.metrics) recorder.miss(session, metric, reason);
    }
    groups.push({ sessions: available });
  }
  const turns = groups.flatMap(({ sessions }) => sessions);
  const seconds = turns.reduce((sum, session) => sum + estimate(session, settings), 0);
  say(
    `${turns.length} tunnels, ${settings.runs} times in turn: ` +
      `about ${Math.ceil(seconds * settings.runs / 60)} minutes`,
  );

  if (signal.aborted) return;
  await using scenario = await Scenario.create("bench");
  const endProcesses = async () => {
    for (const { namespace } of scenario.network.hosts) {
      const { stdout } = await tryRun(["ip", "netns", "pids", namespace.name]);
      for (const pid of stdout.split("\n").filter((line) => line !== "")) {
        try {
          Deno.kill(Number(pid), "SIGKILL");
        } catch {
          // It ended between the two calls.
        }
      }
    }
  };
  // What is waited for then fails, and each scope on the way out cleans up its own.
  signal.addEventListener("abort", endProcesses);
  try {
    await takeTurns(scenario, groups, options);
  } finally {
    signal.removeEventListener("abort", endProcesses);
  }
}

async function takeTurns(
  scenario: Scenario,
  groups: readonly { readonly sessions: readonly Session[] }[],
  options: RunOptions,
): Promise<void> {
  const { settings, recorder, signal, say } = options;
  const all = groups.reduce((sum, { sessions }) => sum + sessions.length, 0) * settings.runs;
  let turn = 0;
  for (const { sessions } of groups) {
    const hints = new Map(sessions.map((session) => [session, new Map<number, number>()]));
    for (let round = 0; round < settings.runs; round++) {
      for (const session of sessions) {
        if (signal.aborted) return;
        const { group, contender } = session;
        say(`${++turn}/${all}  round ${round + 1}  ${group.title}, ${contender.title}`);
        const done = new Set<MetricId>();
        const found = (metric: MetricId, value: number) => {
          if (!session.metrics.includes(metric)) return;
          done.add(metric);
          recorder.add(session, metric, round, value);
          const title = metrics[metric].title.replace("#", String(settings.clients));
          say(`    ${title}: ${formatNumber(value)} ${metrics[metric].unit}`);
        };
        const failed = (failedMetrics: readonly MetricId[], error: unknown) => {
          if (signal.aborted) return;
          say(`    failed: ${error instanceof Error ? error.message : error}`);
          for (const metric of failedMetrics) {
            if (!done.has(metric)) recorder.miss(session, metric, reasonOf(error));
          }
        };
        try {
          if (group.id === "sessions") {
            await measureSessions(scenario, session, settings, options.executable, found);
          } else {
            const hint = hints.get(session) ?? new Map();
            await measureTraffic(scenario, session, options, hint, found, failed);
          }
        } catch (error) {
          failed(session.metrics, error);
        }
        await options.keep();
      }
    }
  }
}

async function measureTraffic(
  scenario: Scenario,
  session: Session,
  { settings, executable, signal }: RunOptions,
  hints: RateHints,
  found: (metric: MetricId, value: number) => void,
  failed: (metrics: readonly MetricId[], error: unknown) => void,
): Promise<void> {
  await using tunnel = await startTunnel(scenario, session.group, session.contender, executable);
  await warmUp(tunnel);
  for (const step of trafficSteps(tunnel, settings, hints)) {
    if (signal.aborted) return;
    if (!step.metrics.some((metric) => session.metrics.includes(metric))) continue;
    try {
      for (const [metric, value] of Object.entries(await step.run())) {
        // The keys of a Measured are no others.
        if (value !== undefined) found(metric as MetricId, value);
      }
    } catch (error) {
      failed(step.metrics, error);
      const { server, client } = tunnel.processes ?? {};
      if (server?.status !== undefined || client?.status !== undefined) throw error;
    }
  }
}
