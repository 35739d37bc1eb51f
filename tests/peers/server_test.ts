/** What our server does with several clients of one name, too many of them, or moving ones. */
import assert from "node:assert/strict";
import { tunnelServerAddress } from "../harness/configs.ts";
import { hostDevice } from "../harness/network.ts";
import { testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";
import { ContinuousPing, pingSizes } from "../harness/traffic.ts";

await testWith("a second session of the same name replaces the first", async () => {
  await using scenario = await Scenario.create("replace", { clients: 2 });
  await using server = await scenario.startServer({ implementation: "ours" });
  await server.ready();
  await using first = await scenario.startClient({ implementation: "openvpn" }, 0);
  await first.ready();
  // Not to be replaced in turn by the first one's next attempt.
  await scenario.clientHost(0).namespace.cut(hostDevice, scenario.serverHost.address);
  await using second = await scenario.startClient({ implementation: "openvpn" }, 1);
  await second.ready();
  await server.process.waitForLine(/replaced/);
  await pingSizes(scenario.clientHost(1).namespace, tunnelServerAddress, [56]);
});

await testWith("with duplicate-cn both sessions of a name live", async () => {
  await using scenario = await Scenario.create("duplicate", { clients: 2 });
  await using server = await scenario.startServer({
    implementation: "ours",
    extra: ["duplicate-cn"],
  });
  await server.ready();
  await using first = await scenario.startClient({ implementation: "openvpn" }, 0);
  await using second = await scenario.startClient({ implementation: "ours" }, 1);
  await Promise.all([first.ready(), second.ready()]);
  for (const index of [0, 1, 0]) {
    await pingSizes(scenario.clientHost(index).namespace, tunnelServerAddress, [56]);
  }
});

await testWith("a client beyond max-clients is not served", async () => {
  await using scenario = await Scenario.create("max", { clients: 2 });
  await using server = await scenario.startServer({
    implementation: "ours",
    extra: ["max-clients 1", "duplicate-cn"],
  });
  await server.ready();
  await using first = await scenario.startClient({ implementation: "openvpn" }, 0);
  await first.ready();
  const after = server.process.lineCount;
  await using second = await scenario.startClient({ implementation: "openvpn" }, 1);
  await server.process.waitForLine(/max-clients|maximum number of clients/i, { after });
  await pingSizes(scenario.clientHost(0).namespace, tunnelServerAddress, [56]);
  assert.doesNotMatch(second.process.output, /Initialization Sequence Completed/);
});

await testWith("a client whose certificate is revoked meanwhile can't come back", async () => {
  await using scenario = await Scenario.create("crl");
  const { authority, client: certificate } = scenario.credentials;
  await using server = await scenario.startServer({
    implementation: "ours",
    extra: [`crl-verify ${authority.crl}`],
  });
  await server.ready();
  await using client = await scenario.startClient({ implementation: "openvpn" });
  await client.ready();
  await authority.revoke(certificate);
  const after = server.process.lineCount;
  client.process.signal("SIGUSR1");
  await server.process.waitForLine(/is revoked/, { after });
});

await testWith("a client that gets another address keeps its session", async () => {
  await using scenario = await Scenario.create("float");
  await using server = await scenario.startServer({ implementation: "ours" });
  await server.ready();
  await using client = await scenario.startClient({ implementation: "openvpn" });
  await client.ready();
  const host = scenario.clientHost();
  await using ping = await ContinuousPing.start(host.namespace, tunnelServerAddress);
  await host.namespace.ip("address", "add", "198.18.0.77/24", "dev", hostDevice);
  await host.namespace.ip("address", "delete", `${host.address}/24`, "dev", hostDevice);
  // The secondary address goes with the primary one unless promoted.
  await host.namespace.ip("address", "replace", "198.18.0.77/24", "dev", hostDevice);
  const mark = ping.process.lineCount;
  await ping.process.waitForLine(/bytes from/, { after: mark + 20 });
  await server.process.waitForLine(/float.*198\.18\.0\.77/i);
  assert.equal(server.process.lines().filter((line) => /TLS: new session/.test(line)).length, 1);
});

await testWith("routes that our server pushes arrive, and go with the session", async () => {
  await using scenario = await Scenario.create("push");
  const { namespace } = scenario.clientHost();
  await using server = await scenario.startServer({
    implementation: "ours",
    extra: ['push "route 10.99.0.0 255.255.0.0"'],
  });
  await server.ready();
  const before = await namespace.routes();
  await using client = await scenario.startClient({ implementation: "openvpn" });
  await client.ready();
  assert.match((await namespace.routes()).join("\n"), /^10\.99\.0\.0\/16 .*dev tun/m);
  await client.process.stop();
  assert.deepEqual(await namespace.routes(), before);
});
