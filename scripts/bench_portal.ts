/**
 * What a tunnel loses while its server's portal is hammered, and who had the processors meanwhile:
 * `deno task bench:portal [--rounds N] [--seconds S] [--rate R]… [--way NAME]…`.
 *
 * iperf3 through the tunnel, in turn without and with wrk at the portal, so that what the machine
 * does besides meets both alike. At a fixed rate that leaves the processors room, and as fast as it
 * goes: then both ends of the tunnel, iperf3, wrk and the portal want the same processors.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { generateStaticKey } from "../lib/crypto/static_key.ts";
import { openStateDirectory } from "../lib/pki/state_directory.ts";
import { tunnelServerAddress } from "../tests/harness/configs.ts";
import { TemporaryDirectory } from "../tests/harness/directory.ts";
import { type Host, Network } from "../tests/harness/network.ts";
import type { ManagedProcess } from "../tests/harness/process.ts";
import { vpnCommand } from "../tests/harness/program.ts";
import { median } from "./bench/statistics.ts";
import { type ThreadTimes, threadTimes } from "./bench/threads.ts";
import { print } from "./print.ts";

const completed = /Initialization Sequence Completed/;

/** s that wrk runs before iperf3: what is free for a source at first is used up then. */
const lead = 2;

function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, lead * 1000));
}

/** Ways to hammer: wrk's arguments, and what its script does. */
const ways: Readonly<
  Record<
    string,
    { readonly args: readonly string[]; readonly script?: string; readonly port?: number }
  >
> = {
  /** 50 connections, each with its next request as soon as it has an answer. */
  kept: { args: ["-c50"] },
  /** A TLS handshake for each request. */
  new: { args: ["-c50", "-H", "Connection: close"] },
  /** 50 connections that say something every 3 s. */
  slow: { args: ["-c50"], script: "function delay() return 3000 end" },
  /** More connections than are served: wrk spins while it waits for TLS, see `silent`. */
  many: { args: ["-c1000"] },
  /** As `many`, at a port that takes connections and says nothing: what wrk takes by itself. */
  silent: { args: ["-c1000"], port: 8444 },
};

/** A program that takes connections and keeps them. */
const silentPort =
  "const kept = []; for await (const each of Deno.listen({ port: 8444 })) kept.push(each);";

/** The processes whose time is counted. */
interface Processes {
  readonly server: ManagedProcess;
  readonly client: ManagedProcess;
  readonly wrk?: ManagedProcess;
}

/** A run of iperf3: Gbit/s, and what each took of one processor meanwhile, in percent. */
interface Sample {
  readonly throughput: number;
  readonly main: number;
  readonly worker: number;
  readonly others: number;
  readonly client: number;
  readonly iperf: number;
  readonly wrk: number;
}

type Times = { readonly server: ThreadTimes; readonly client: number; readonly wrk: number };

const total = ({ main, worker, others }: ThreadTimes) => main + worker + others;

async function times({ server, client, wrk }: Processes): Promise<Times> {
  return {
    server: await threadTimes(server.pid),
    client: total(await threadTimes(client.pid)),
    wrk: wrk === undefined ? 0 : total(await threadTimes(wrk.pid)),
  };
}

/** One TCP stream from the client to the server. */
async function sample(
  host: Host,
  rate: string,
  duration: number,
  processes: Processes,
): Promise<Sample> {
  const [start, before] = [performance.now(), await times(processes)];
  const output = await host.namespace.exec([
    ...["iperf3", "-J", "-c", tunnelServerAddress, "-t", String(duration), "-b", rate],
  ]);
  const after = await times(processes);
  const percent = (seconds: number) => seconds / (performance.now() - start) * 1e5;
  const { end, error } = JSON.parse(output);
  if (error !== undefined) throw new Error(`iperf3: ${error}`);
  const { sum_received: received, cpu_utilization_percent: iperf } = end;
  return {
    throughput: received.bits_per_second / 1e9,
    main: percent(after.server.main - before.server.main),
    worker: percent(after.server.worker - before.server.worker),
    others: percent(after.server.others - before.server.others),
    client: percent(after.client - before.client),
    iperf: iperf.host_total + iperf.remote_total,
    wrk: percent(after.wrk - before.wrk),
  };
}

/** Hosts, processes and places of the measurement. */
interface Setting {
  readonly client: Host;
  readonly stranger: Host;
  readonly address: string;
  readonly directory: string;
  readonly processes: Processes;
}

async function hammered(
  { client, stranger, address, directory, processes }: Setting,
  way: string,
  rate: string,
  duration: number,
): Promise<{ readonly sample: Sample; readonly requests: number }> {
  const { args, script, port = 8443 } = ways[way];
  const file = `${directory}/${way}.lua`;
  await Deno.writeTextFile(file, script ?? "");
  await using wrk = stranger.namespace.spawn([
    ...["wrk", "-t1", ...args, `-d${duration + lead + 1}s`, "--timeout", "60s", "-s", file],
    `https://${address}:${port}/setup`,
  ]);
  await rest();
  const taken = await sample(client, rate, duration, { ...processes, wrk });
  const [, perSecond] = await wrk.waitForLine(/Requests\/sec:\s+([\d.]+)/);
  return { sample: taken, requests: Number(perSecond) };
}

function figures(samples: readonly Sample[]): string {
  const middle = (of: (sample: Sample) => number) => median(samples.map(of)) ?? NaN;
  const percent = (of: (sample: Sample) => number) => `${middle(of).toFixed(1).padStart(7)} %`;
  return `${middle((each) => each.throughput).toFixed(3).padStart(7)} Gbit/s ` +
    [
      ...[percent((each) => each.main), percent((each) => each.worker)],
      ...[percent((each) => each.others), percent((each) => each.client)],
      ...[percent((each) => each.iperf), percent((each) => each.wrk)],
    ].join(" ");
}

async function measure(
  setting: Setting,
  way: string,
  rate: string,
  rounds: number,
  duration: number,
): Promise<void> {
  const quiet: Sample[] = [];
  const loud: Sample[] = [];
  const requests: number[] = [];
  for (let round = 0; round < rounds; round++) {
    // As long as wrk's lead below: both come after the same rest.
    await rest();
    quiet.push(await sample(setting.client, rate, duration, setting.processes));
    const result = await hammered(setting, way, rate, duration);
    loud.push(result.sample);
    requests.push(result.requests);
  }
  const lost = quiet.map(({ throughput }, i) => 100 - loud[i].throughput / throughput * 100);
  print(
    `${way}, ${rate === "0" ? "no limit" : rate}: ${(median(lost) ?? NaN).toFixed(1)} % less ` +
      `(pairs: ${lost.map((each) => each.toFixed(1)).join(", ")}), ` +
      `${(median(requests) ?? NaN).toFixed(0)} requests/s`,
  );
  print(`  quiet     ${figures(quiet)}`);
  print(`  hammered  ${figures(loud)}`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: "5" },
      seconds: { type: "string", default: "4" },
      rate: { type: "string", multiple: true, default: ["200M", "0"] },
      way: { type: "string", multiple: true, default: Object.keys(ways) },
    },
  });
  await using directory = await TemporaryDirectory.create();
  await using network = await Network.create("bench-portal", { hosts: 3 });
  const [server, client, stranger] = network.hosts;
  const state = `${directory.path}/state`;
  await openStateDirectory(state, {
    createIfMissing: true,
    tlsAuthKey: generateStaticKey,
    remote: server.address,
  });
  await using serving = server.namespace.spawn([
    ...[...vpnCommand, "serve", "--state", state, "--portal", `${server.address}:8443`],
  ]);
  await serving.waitForLine(completed);
  await serving.waitForLine(/The portal is at /);
  await using connected = client.namespace.spawn([
    ...vpnCommand,
    "connect",
    `${state}/client.ovpn`,
  ]);
  await connected.waitForLine(completed);
  await using iperf = server.namespace.spawn([
    ...["iperf3", "-s", "--forceflush", "-B", tunnelServerAddress],
  ]);
  await iperf.waitForLine(/Server listening/);
  await using _silent = server.namespace.spawn([
    ...[Deno.execPath(), "eval", silentPort],
  ]);
  const setting: Setting = {
    ...{ client, stranger, directory: directory.path },
    address: server.address,
    processes: { server: serving, client: connected },
  };
  await sample(client, "0", 3, setting.processes);
  print(
    "Medians; of one processor: the server's main thread, its packets' thread, its others; the",
  );
  print("client; iperf3's two ends; wrk.");
  for (const rate of values.rate) {
    for (const way of values.way) {
      await measure(setting, way, rate, Number(values.rounds), Number(values.seconds));
    }
  }
}

if (import.meta.main) await main();
