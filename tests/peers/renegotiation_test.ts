/** New keys every 5 s under traffic, asked for by either side: not one packet is lost. */
import assert from "node:assert/strict";
import { tunnelServerAddress } from "../harness/configs.ts";
import type { Implementation } from "../harness/peers.ts";
import { testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";
import { ContinuousPing } from "../harness/traffic.ts";

/** Who serves, who is served, and who asks for new keys. */
interface Case {
  readonly server: Implementation;
  readonly client: Implementation;
  readonly asks: "server" | "client";
  readonly cipher: string;
}

const cases: readonly Case[] = ["AES-256-CBC", "AES-256-GCM"].flatMap((cipher) => [
  { server: "ours", client: "openvpn", asks: "server", cipher },
  { server: "ours", client: "openvpn", asks: "client", cipher },
  { server: "openvpn", client: "ours", asks: "server", cipher },
  { server: "openvpn", client: "ours", asks: "client", cipher },
  { server: "ours", client: "ours", asks: "server", cipher },
]);

const pingSeconds = 30;

/** In ms; as many programs as there are cases start at once. */
const startTimeout = 60_000;

/** One line of both programs for each set of keys that is ready. */
const keysReady = /Control Channel: TLSv/;

async function renegotiate({ server, client, asks, cipher }: Case): Promise<void> {
  await using scenario = await Scenario.create("reneg");
  const interval = (role: string) => [`reneg-sec ${role === asks ? 5 : 0}`];
  await using serverPeer = await scenario.startServer({
    ...{ implementation: server, cipher, extra: interval("server") },
  });
  await serverPeer.ready({ timeoutMs: startTimeout });
  await using clientPeer = await scenario.startClient({
    ...{ implementation: client, cipher, extra: interval("client") },
  });
  await clientPeer.ready({ timeoutMs: startTimeout });
  const host = scenario.clientHost().namespace;
  await using ping = await ContinuousPing.start(host, tunnelServerAddress);
  // The traffic itself is the clock: as many answers as 30 s bring.
  await ping.process.waitForLine(new RegExp(`icmp_seq=${pingSeconds * 50} `), {
    timeoutMs: pingSeconds * 2_000,
  });
  const report = await ping.stop();
  const negotiations = clientPeer.process.lines().filter((line) => keysReady.test(line)).length;
  assert.ok(negotiations >= 6, `${negotiations} negotiations`);
  assert.deepEqual(report.lost, []);
  assert.equal(report.duplicates, 0);
}

await testWith("renegotiation every 5 s for 30 s loses nothing", async () => {
  // Side by side: each one mostly waits.
  const results = await Promise.allSettled(cases.map(renegotiate));
  const failures = results.flatMap((result, i) =>
    result.status === "rejected" ? [`${JSON.stringify(cases[i])}: ${result.reason}`] : []
  );
  assert.deepEqual(failures, []);
});
