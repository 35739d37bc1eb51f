/** Every pair of programs with at least one of ours, every cipher, both crypto engines. */
import { availableEngines } from "../lib/crypto/available_engines.ts";
import { tunnelServerAddress } from "../harness/configs.ts";
import type { Implementation } from "../harness/peers.ts";
import { testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";
import { pingSizes, transfer } from "../harness/traffic.ts";

const pairs: readonly (readonly [server: Implementation, client: Implementation])[] = [
  ["ours", "openvpn"],
  ["openvpn", "ours"],
  ["ours", "ours"],
];
const ciphers = ["AES-128-CBC", "AES-256-CBC", "AES-256-GCM", "CHACHA20-POLY1305"];
const engines = availableEngines;

/** ICMP payloads, in bytes: every remainder of the block size, the edge of the MTU, fragments. */
const sizes = [
  ...Array.from({ length: 34 }, (_, i) => i),
  ...Array.from({ length: 27 }, (_, i) => 50 + i * 53),
  ...Array.from({ length: 34 }, (_, i) => 1439 + i),
  ...[1473, 1500, 2944, 2945, 8000, 30_000, 65_507],
];

const transferBytes = 30_000_000;

async function crossTunnel(
  scenario: Scenario,
  [server, client]: readonly [Implementation, Implementation],
  cipher: string,
  engine: string,
): Promise<void> {
  const options = { cipher, ourArguments: ["--crypto", engine] };
  await using serverPeer = await scenario.startServer({ ...options, implementation: server });
  await serverPeer.ready();
  await using clientPeer = await scenario.startClient({ ...options, implementation: client });
  await clientPeer.ready();
  for (const peer of [serverPeer, clientPeer]) {
    await peer.process.waitForLine(new RegExp(`Data Channel: cipher '${cipher}'`));
    if (peer.options.implementation === "ours") {
      await peer.process.waitForLine(new RegExp(`engine: ${engine}`));
    }
  }
  const clientHost = scenario.clientHost().namespace;
  await pingSizes(clientHost, tunnelServerAddress, sizes);
  await transfer(
    ...[clientHost, scenario.serverHost.namespace, tunnelServerAddress, transferBytes] as const,
  );
}

await testWith("pings of all sizes and 30 MB each way cross", async (context) => {
  await using scenario = await Scenario.create("matrix");
  for (const pair of pairs) {
    for (const cipher of ciphers) {
      for (const engine of engines) {
        await context.step(
          `${pair[0]} serves ${pair[1]}, ${cipher}, ${engine}`,
          () => crossTunnel(scenario, pair, cipher, engine),
        );
      }
    }
  }
});
