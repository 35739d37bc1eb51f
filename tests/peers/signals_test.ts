/** What signals do, and that the end leaves the machine as it was. */
import assert from "node:assert/strict";
import { tunnelServerAddress } from "../harness/configs.ts";
import type { Peer } from "../harness/peers.ts";
import { testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";
import { pingSizes } from "../harness/traffic.ts";

/** Ends a peer, which is killed after 20 s, and throws when that doesn't look like success. */
async function endCleanly(peer: Peer, signal: Deno.Signal): Promise<void> {
  const status = await peer.process.stop(signal);
  assert.equal(status.code, 0, peer.process.output);
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  await testWith(`our client ends on ${signal} without a trace, and says so`, async () => {
    await using scenario = await Scenario.create("signal");
    const host = scenario.clientHost().namespace;
    await using server = await scenario.startServer({
      implementation: "openvpn",
      extra: ['push "route 10.99.0.0 255.255.0.0"'],
    });
    await server.ready();
    const before = await host.routes();
    await using client = await scenario.startClient({
      implementation: "ours",
      extra: ["explicit-exit-notify 1"],
    });
    await client.ready();
    assert.match((await host.routes()).join("\n"), /^10\.99\.0\.0\/16 .*dev tun/m);
    await endCleanly(client, signal);
    await server.process.waitForLine(/remote-exit|exit message received/);
    assert.deepEqual(await host.devices(), ["lo", "eth0"]);
    assert.deepEqual(await host.routes(), before);
  });

  await testWith(`our server ends on ${signal} without a trace, and says so`, async () => {
    await using scenario = await Scenario.create("signal");
    const host = scenario.serverHost.namespace;
    const before = await host.routes();
    await using server = await scenario.startServer({
      implementation: "ours",
      extra: ["explicit-exit-notify 1", "route 10.77.0.0 255.255.0.0"],
    });
    await server.ready();
    await using client = await scenario.startClient({ implementation: "openvpn" });
    await client.ready();
    await endCleanly(server, signal);
    await client.process.waitForLine(/Connection reset command was pushed by server|remote-exit/);
    assert.deepEqual(await host.devices(), ["lo", "eth0"]);
    assert.deepEqual(await host.routes(), before);
  });
}

await testWith("our client reconnects on SIGUSR1 and restarts on SIGHUP", async () => {
  await using scenario = await Scenario.create("signal");
  const host = scenario.clientHost().namespace;
  await using server = await scenario.startServer({ implementation: "openvpn" });
  await server.ready();
  await using client = await scenario.startClient({ implementation: "ours" });
  await client.ready();
  for (const signal of ["SIGUSR1", "SIGHUP"] as const) {
    const after = client.process.lineCount;
    client.process.signal(signal);
    await client.ready({ after });
    await pingSizes(host, tunnelServerAddress, [56]);
  }
  await endCleanly(client, "SIGTERM");
});

await testWith("our client reads its configuration again on SIGHUP", async () => {
  await using scenario = await Scenario.create("signal");
  await using server = await scenario.startServer({ implementation: "openvpn" });
  await server.ready();
  await using client = await scenario.startClient({ implementation: "ours" });
  await client.ready();
  const file = `${scenario.directory}/${client.options.name}.conf`;
  await Deno.writeTextFile(file, "remtoe 198.18.0.1\n", { append: true });
  client.process.signal("SIGHUP");
  const status = await client.process.ended;
  assert.equal(status.code, 1);
  assert.match(client.process.output, /\.conf:\d+: .*remtoe.*remote/);
  assert.deepEqual(await scenario.clientHost().namespace.devices(), ["lo", "eth0"]);
});

await testWith("our server restarts on SIGHUP, and its client comes back", async () => {
  await using scenario = await Scenario.create("signal");
  await using server = await scenario.startServer({ implementation: "ours" });
  await server.ready();
  await using client = await scenario.startClient({ implementation: "openvpn" });
  await client.ready();
  const marks = { server: server.process.lineCount, client: client.process.lineCount };
  server.process.signal("SIGHUP");
  await server.ready({ after: marks.server });
  await client.ready({ after: marks.client, timeoutMs: 60_000 });
  await pingSizes(scenario.clientHost().namespace, tunnelServerAddress, [56]);
});

await testWith("SIGUSR2 prints the status at either end", async () => {
  await using scenario = await Scenario.create("signal");
  await using server = await scenario.startServer({ implementation: "ours" });
  await server.ready();
  await using client = await scenario.startClient({ implementation: "ours" });
  await client.ready();
  server.process.signal("SIGUSR2");
  await server.process.waitForLine(/OpenVPN CLIENT LIST/);
  const address = scenario.clientHost().address.replaceAll(".", "\\.");
  await server.process.waitForLine(new RegExp(`client,${address}:\\d+,\\d+,\\d+,`));
  client.process.signal("SIGUSR2");
  await client.process.waitForLine(/OpenVPN STATISTICS/);
  await client.process.waitForLine(/TCP\/UDP read bytes,\d+/);
});
