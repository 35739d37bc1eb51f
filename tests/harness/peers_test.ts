/** The harness itself, shown with OpenVPN at both ends: what it passes here it can judge of ours. */
import assert from "node:assert/strict";
import { tunnelServerAddress } from "./configs.ts";
import { testWith } from "./requirements.ts";
import { Scenario } from "./scenario.ts";
import { pingSizes, transfer } from "./traffic.ts";

await testWith("OpenVPN reaches OpenVPN; a revoked client does not", async (context) => {
  await using scenario = await Scenario.create("self");
  const { authority, client: clientCertificate } = scenario.credentials;
  const host = scenario.clientHost().namespace;
  await using server = await scenario.startServer({
    implementation: "openvpn",
    cipher: "AES-256-CBC",
    extra: [`crl-verify ${authority.crl}`],
  });
  await server.ready();
  const before = await host.routes();

  await context.step("traffic crosses, and the end leaves no trace", async () => {
    await using client = await scenario.startClient({
      implementation: "openvpn",
      cipher: "AES-256-CBC",
    });
    await client.ready();
    await pingSizes(host, tunnelServerAddress, [0, 1472, 4000]);
    await transfer(host, scenario.serverHost.namespace, tunnelServerAddress, 1_000_000);
    assert.equal((await client.process.stop("SIGTERM")).code, 0);
    assert.deepEqual(await host.routes(), before);
  });

  await context.step("the revoked client is refused", async () => {
    await authority.revoke(clientCertificate);
    await using _client = await scenario.startClient({
      implementation: "openvpn",
      cipher: "AES-256-CBC",
    });
    await server.process.waitForLine(/certificate revoked/);
  });
});
