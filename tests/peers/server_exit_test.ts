/** A server as exit node: the Internet sees its address, and afterwards the machine is as before. */
import assert from "node:assert/strict";
import { Internet, machineState } from "../harness/internet.ts";
import { vpnCommand } from "../harness/program.ts";
import { peerRequirements, testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";

const extra = ["exit-node", "server-ipv6 fd00:8::/64", 'push "redirect-gateway def1 ipv6"'];

/** Starting programs takes its time on a busy machine. */
const timeoutMs = 60_000;

await testWith("a server is an exit node, and leaves the machine as it was", async (context) => {
  await using scenario = await Scenario.create("exit", { clients: 2 });
  await using internet = await Internet.behind(scenario.network);
  const server = scenario.serverHost;
  const client = scenario.clientHost().namespace;
  const router = scenario.clientHost(1).namespace;
  await router.ip("route", "add", "10.8.0.0/24", "via", server.address);
  const before = await machineState(server.namespace);

  for (const implementation of ["openvpn", "ours"] as const) {
    await context.step(
      `all traffic of a client, ${implementation}, goes by the server`,
      async () => {
        // Once as root, once as nobody: what was done as root is undone.
        const user = implementation === "ours" ? ["user nobody", "group nogroup"] : [];
        await using peer = await scenario.startServer({
          implementation: "ours",
          extra: [...extra, ...user],
        });
        await peer.ready({ timeoutMs });
        await using clientPeer = await scenario.startClient({ implementation });
        await clientPeer.ready({ timeoutMs });
        await internet.reachedFrom(client, server);
        // Whoever is outside and knows of the tunnel's addresses cannot begin.
        const ping = ["ping", "-n", "-c", "2", "-W", "1", "10.8.0.2"];
        assert.equal((await router.tryExec(ping)).code, 1);
        await clientPeer.process.stop("SIGTERM", timeoutMs);
        await peer.process.stop("SIGTERM", timeoutMs);
        assert.equal(await machineState(server.namespace), before);
      },
    );
  }

  await context.step("what a SIGKILL leaves is undone by the next start", async () => {
    {
      await using peer = await scenario.startServer({ implementation: "ours", extra });
      await peer.ready({ timeoutMs });
      await peer.process.stop("SIGKILL");
    }
    assert.notEqual(await machineState(server.namespace), before);
    await using peer = await scenario.startServer({ implementation: "ours" });
    await peer.ready({ timeoutMs });
    await peer.process.waitForLine(/undone what process \d+ had left: nftables table/, {
      timeoutMs,
    });
    await peer.process.stop("SIGTERM", timeoutMs);
    assert.equal(await machineState(server.namespace), before);
  });
  await context.step("vpn serve --exit from nothing is all that a client needs", async () => {
    const state = `${scenario.directory}/vpn-data`;
    await using peer = server.namespace.spawn([...vpnCommand, "serve", "--exit", "--state", state]);
    await peer.waitForLine(/Initialization Sequence Completed/, { timeoutMs });
    await using clientPeer = client.spawn(["openvpn", "--config", `${state}/client.ovpn`]);
    await clientPeer.waitForLine(/Initialization Sequence Completed/, { timeoutMs });
    assert.equal(await internet.sourceOf(client, "tcp", 4), server.address);
    assert.equal(await internet.sourceOf(client, "tcp", 6), server.address6);
    const exitNode = [...vpnCommand, "exit-node", "choose", "client"];
    await client.exec([...exitNode, "none", "--state", state]);
    await peer.waitForLine(/client: Internet traffic is dropped: none was chosen/, { timeoutMs });
    assert.equal(await internet.sourceOf(client, "udp", 4, 2), undefined);
    await client.exec([...exitNode, "default", "--state", state]);
    await peer.waitForLine(/client: Internet traffic goes by the server/, { timeoutMs });
    assert.equal(await internet.sourceOf(client, "udp", 4), server.address);
    await clientPeer.stop("SIGTERM", timeoutMs);
    await peer.stop("SIGTERM", timeoutMs);
    assert.equal(await machineState(server.namespace), before);
  });
}, [...peerRequirements, "nft"]);
