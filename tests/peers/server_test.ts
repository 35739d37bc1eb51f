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

await testWith("a session ends when its certificate is revoked, others go on", async () => {
  await using scenario = await Scenario.create("crl", { clients: 2 });
  const { authority, client: certificate } = scenario.credentials;
  const other = await authority.issue("other", { usage: "client" });
  await using server = await scenario.startServer({
    implementation: "ours",
    extra: [`crl-verify ${authority.crl}`],
  });
  await server.ready();
  await using revoked = await scenario.startClient({ implementation: "openvpn" }, 0);
  await using client = await scenario.startClient({
    implementation: "openvpn",
    certificate: other,
  }, 1);
  await Promise.all([revoked.ready(), client.ready()]);
  await using ping = await ContinuousPing.start(
    scenario.clientHost(1).namespace,
    tunnelServerAddress,
  );
  const after = server.process.lineCount;
  await authority.revoke(certificate);
  await server.process.waitForLine(/VERIFY ERROR: .*is revoked/, { after, timeoutMs: 60_000 });
  await revoked.process.waitForLine(/AUTH_FAILED/, { timeoutMs: 60_000 });
  await server.process.waitForLine(/client\/.*SIGTERM.soft,auth-failed/, {
    after,
    timeoutMs: 60_000,
  });
  // It cannot come back.
  await using again = await scenario.startClient({ implementation: "openvpn" }, 0);
  await again.process.waitForLine(/AUTH_FAILED/, { timeoutMs: 60_000 });
  const mark = ping.process.lineCount;
  await ping.process.waitForLine(/bytes from/, { after: mark, timeoutMs: 60_000 });
  assert.equal(server.process.lines().filter((line) => /other\/.*SIGTERM/.test(line)).length, 0);
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
