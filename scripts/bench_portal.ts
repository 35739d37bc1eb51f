/**
 * What a tunnel loses while its server's portal is hammered: `deno task bench:portal [--rounds N]`.
 *
 * iperf3 through the tunnel, with wrk at the portal and without, in turn. At a fixed rate that
 * leaves the processors room, and as fast as it goes: there wrk, its TLS and both ends of the tunnel
 * want the same two processors, so that the second says as much about them as about the portal.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { generateStaticKey } from "../lib/crypto/static_key.ts";
import { openStateDirectory } from "../lib/pki/state_directory.ts";
import { tunnelServerAddress } from "../tests/harness/configs.ts";
import { TemporaryDirectory } from "../tests/harness/directory.ts";
import { type Host, Network } from "../tests/harness/network.ts";
import { mainModule } from "../tests/harness/peers.ts";
import { median } from "./bench/statistics.ts";
import { print } from "./print.ts";

const completed = /Initialization Sequence Completed/;
/** As iperf3's `-b` takes it; 0: no limit. */
const rates = ["200M", "0"] as const;
/** In s. */
const duration = 3;

/** Gbit/s of one TCP stream from the client to the server. */
async function throughput(client: Host, rate: string): Promise<number> {
  const output = await client.namespace.exec([
    ...["iperf3", "-J", "-c", tunnelServerAddress, "-t", String(duration), "-b", rate],
  ]);
  return JSON.parse(output).end.sum_received.bits_per_second / 1e9;
}

async function measure(
  client: Host,
  stranger: Host,
  address: string,
  rate: string,
  rounds: number,
): Promise<void> {
  const quiet: number[] = [];
  const hammered: number[] = [];
  const requests: number[] = [];
  for (let round = 0; round < rounds; round++) {
    quiet.push(await throughput(client, rate));
    await using wrk = stranger.namespace.spawn([
      ...["wrk", "-t1", "-c50", `-d${duration + 1}s`, `https://${address}:8443/login`],
    ]);
    hammered.push(await throughput(client, rate));
    const [, perSecond] = await wrk.waitForLine(/Requests\/sec:\s+([\d.]+)/);
    requests.push(Number(perSecond));
  }
  const [before, during] = [median(quiet) ?? NaN, median(hammered) ?? NaN];
  const lost = (1 - during / before) * 100;
  print(
    `${rate === "0" ? "no limit" : rate.padEnd(8)}  ${before.toFixed(3)} Gbit/s alone, ` +
      `${during.toFixed(3)} hammered (${lost.toFixed(1)} % less), ` +
      `${(median(requests) ?? NaN).toFixed(0)} requests/s`,
  );
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { rounds: { type: "string", default: "3" } } });
  await using directory = await TemporaryDirectory.create();
  await using network = await Network.create("bench-portal", { hosts: 3 });
  const [server, client, stranger] = network.hosts;
  const state = `${directory.path}/state`;
  await openStateDirectory(state, {
    createIfMissing: true,
    tlsAuthKey: generateStaticKey,
    remote: server.address,
  });
  const vpn = [Deno.execPath(), "run", "-A", mainModule];
  await using serving = server.namespace.spawn([
    ...[...vpn, "serve", "--state", state, "--portal", `${server.address}:8443`],
  ]);
  await serving.waitForLine(completed);
  await serving.waitForLine(/The portal is at /);
  await using connected = client.namespace.spawn([...vpn, "connect", `${state}/client.ovpn`]);
  await connected.waitForLine(completed);
  await using _iperf = server.namespace.spawn(["iperf3", "-s", "-B", tunnelServerAddress]);
  await throughput(client, "0");
  for (const rate of rates) {
    await measure(client, stranger, server.address, rate, Number(values.rounds));
  }
}

if (import.meta.main) await main();
