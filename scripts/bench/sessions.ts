/**
 * The measurements of a server with clients that come and stay: time to connect, memory, idle
 * processor time, new sessions.
 *
 * All clients but the first are OpenVPN's, whoever serves: the same load for both, and light enough
 * for a hundred of them on the server's own machine.
 *
 * @module
 */

import type { Peer } from "../../tests/harness/peers.ts";
import type { Scenario } from "../../tests/harness/scenario.ts";
import type { MetricId } from "./metrics.ts";
import type { Session } from "./plan.ts";
import { cpuSeconds, memoryOf } from "./proc.ts";
import type { Settings } from "./report.ts";
import { median } from "./statistics.ts";
import { checkEngine, startOptions } from "./tunnel.ts";

/** Cold starts of a client per round. */
const connects = 3;
/** Sessions started at most: those of killed clients stay, and servers take 1,024 by default. */
const maxSessions = 800;
/** In ms. */
const readyTimeout = 30_000;

/** Seconds that the server is left to itself while its processor time is counted. */
function idleSeconds(settings: Settings): number {
  return Math.max(2, 2 * settings.seconds);
}

/** Seconds that these metrics take, roughly: for the estimate at the start. */
export function estimateSessions(metrics: readonly MetricId[], settings: Settings): number {
  const wants = (...ids: MetricId[]) => metrics.some((id) => ids.includes(id));
  return 7 + (needsMany(metrics) ? settings.clients * 0.05 + idleSeconds(settings) : 0) +
    (wants("sessions", "session-cpu") ? settings.seconds : 0);
}

function needsMany(metrics: readonly MetricId[]): boolean {
  const many: readonly MetricId[] = [
    ...["memory-many", "memory-client", "pss-many", "idle-cpu"] as const,
  ];
  return metrics.some((metric) => many.includes(metric));
}

function settle(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/**
 * Measures all of it, one after the other.
 *
 * @param found Takes each value as it comes.
 */
export async function measureSessions(
  scenario: Scenario,
  session: Session,
  settings: Settings,
  executable: string | undefined,
  found: (metric: MetricId, value: number) => void,
): Promise<void> {
  const { group, contender, metrics } = session;
  await using stack = new AsyncDisposableStack();
  const options = startOptions(group, contender, "server", executable);
  const server = stack.use(
    await scenario.startServer({
      ...options,
      extra: [
        ...options.extra ?? [],
        // Room for many addresses, and one certificate for all.
        ...["server 10.8.0.0 255.255.0.0", "duplicate-cn"],
        // OpenVPN 2.6 answers 100 first packets in 10 s by default: no more than it is let.
        "connect-freq-initial 100000 1",
      ],
    }),
  );
  await server.ready({ timeoutMs: readyTimeout });
  await checkEngine(server, contender);
  const { pid } = server.process;

  await settle(1000);
  found("memory-idle", (await memoryOf(pid)).rss / 1e6);

  const { client, milliseconds } = await connectCold(scenario, session, executable);
  stack.use(client);
  found("connect", milliseconds);
  await settle(1000);
  const one = await memoryOf(pid);
  found("memory-one", one.rss / 1e6);
  found("pss-one", one.pss / 1e6);

  if (needsMany(metrics)) {
    for (let i = 1; i < settings.clients; i++) stack.use(await startLightClient(scenario, group));
    await settle(1000);
    const seconds = idleSeconds(settings);
    const [start, before] = [performance.now(), await cpuSeconds(pid)];
    await settle(seconds * 1000);
    const used = await cpuSeconds(pid) - before;
    found("idle-cpu", used / ((performance.now() - start) / 1000) * 100);
    const many = await memoryOf(pid);
    found("memory-many", many.rss / 1e6);
    found("pss-many", many.pss / 1e6);
    if (settings.clients > 1) {
      found("memory-client", (many.rss - one.rss) / (settings.clients - 1) / 1000);
    }
  }
  if (metrics.includes("sessions") || metrics.includes("session-cpu")) {
    const before = await cpuSeconds(pid);
    const { count, seconds } = await startSessions(scenario, session, settings);
    found("sessions", count / seconds);
    found("session-cpu", (await cpuSeconds(pid) - before) / count * 1000);
  }
}

/** Starts a client of the contender several times; the last one stays. */
async function connectCold(
  scenario: Scenario,
  { group, contender }: Session,
  executable: string | undefined,
): Promise<{ client: Peer; milliseconds: number }> {
  const times: number[] = [];
  for (;;) {
    await using stack = new AsyncDisposableStack();
    const start = performance.now();
    const client = stack.use(
      await scenario.startClient(startOptions(group, contender, "client", executable)),
    );
    await client.ready({ timeoutMs: readyTimeout });
    times.push(performance.now() - start);
    if (times.length < connects) continue;
    stack.move();
    return { client, milliseconds: median(times) ?? NaN };
  }
}

/** An OpenVPN client without a device; resolves when it is connected. */
async function startLightClient(
  scenario: Scenario,
  group: Session["group"],
): Promise<Peer> {
  await using stack = new AsyncDisposableStack();
  const client = stack.use(
    await scenario.startClient({
      implementation: "openvpn",
      cipher: group.cipher,
      extra: ["verb 3", "dev null", "ifconfig-noexec", "route-noexec"],
    }),
  );
  await client.ready({ timeoutMs: readyTimeout });
  stack.move();
  return client;
}

/** Starts clients and kills each one when it is connected, several at a time. */
async function startSessions(
  scenario: Scenario,
  { group }: Session,
  settings: Settings,
): Promise<{ count: number; seconds: number }> {
  let count = 0;
  let isGoing = true;
  const start = performance.now();
  const end = start + settings.seconds * 1000;
  const most = maxSessions - settings.clients;
  const loop = async () => {
    try {
      while (isGoing && performance.now() < end && count < most) {
        await using _client = await startLightClient(scenario, group);
        count++;
      }
    } finally {
      isGoing = false;
    }
  };
  // All of them to their end: nothing is to run on beside the next measurement.
  const loops = Array.from({ length: 4 * navigator.hardwareConcurrency }, loop);
  for (const result of await Promise.allSettled(loops)) {
    if (result.status === "rejected") throw result.reason;
  }
  return { count, seconds: (performance.now() - start) / 1000 };
}
