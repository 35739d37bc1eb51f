/** Correctness under speed: 2 GB through each cipher, whole, while keys are renewed every 5 s. */
import assert from "node:assert/strict";
import { tunnelServerAddress } from "../harness/configs.ts";
import { testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";
import { transfer } from "../harness/traffic.ts";

const ciphers = ["AES-256-GCM", "AES-256-CBC", "CHACHA20-POLY1305"];

/** In each direction, both at once. */
const transferBytes = 1_000_000_000;

const timeoutMs = 240_000;
const maximumTransfers = 6;

await testWith("2 GB of each cipher cross whole under renegotiation", async (context) => {
  await using scenario = await Scenario.create("volume");
  for (const cipher of ciphers) {
    await context.step(cipher, async () => {
      const options = { implementation: "ours", cipher } as const;
      await using server = await scenario.startServer({ ...options, extra: ["reneg-sec 5"] });
      await server.ready();
      await using client = await scenario.startClient({ ...options, extra: ["reneg-sec 0"] });
      await client.ready();
      const host = scenario.clientHost().namespace;
      const serverHost = scenario.serverHost.namespace;
      const renewals = () =>
        client.process.lines().filter((line) => /soft reset to key/.test(line)).length;
      let transfers = 0;
      // A fast machine is done before new keys are due: then once more.
      do await transfer(host, serverHost, tunnelServerAddress, transferBytes, {
        timeoutMs,
      }); while (++transfers < maximumTransfers && renewals() < 2);
      assert.ok(renewals() >= 1, `${transfers} transfers without new keys`);
    });
  }
});
