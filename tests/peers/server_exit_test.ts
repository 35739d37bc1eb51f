/** A server as exit node: the Internet sees its address, and afterwards the machine is as before. */
import assert from "node:assert/strict";
import { Internet, machineState } from "../harness/internet.ts";
import { mainModule } from "../harness/peers.ts";
import { peerRequirements, testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";
import { pingSizes, transfer } from "../harness/traffic.ts";

const extra = ["exit-node", 'push "redirect-gateway def1"'];
/** More than any window: path MTU discovery must have worked for it to arrive. */
const transferBytes = 2_000_000;

await testWith("a server is an exit node, and leaves the machine as it was", async (context) => {
  await using scenario = await Scenario.create("exit", { clients: 2 });
  await using internet = await Internet.behind(scenario.network);
  const server = scenario.serverHost;
  const client = scenario.clientHost().namespace;
  const before = await machineState(server.namespace);

  for (const implementation of ["openvpn", "ours"] as const) {
    await context.step(
      `all traffic of a client, ${implementation}, goes by the server`,
      async () => {
        await using peer = await scenario.startServer({ implementation: "ours", extra });
        await peer.ready();
        await using clientPeer = await scenario.startClient({ implementation });
        await clientPeer.ready();
        assert.equal(await internet.sourceOf(client, "udp", 4), server.address);
        assert.equal(await internet.sourceOf(client, "tcp", 4), server.address);
        // The narrow link is told of, through the masquerade and the tunnel.
        const ping = ["ping", "-n", "-M", "do", "-c", "3", "-i", "0.3", "-s", "1400"];
        const { stdout } = await client.tryExec([...ping, internet.address]);
        assert.match(stdout, /mtu ?= ?1400/);
        await pingSizes(client, internet.address, [56, 1472, 4000], 20);
        await transfer(client, internet.namespace, internet.address, transferBytes);
        await clientPeer.process.stop();
        await peer.process.stop();
        assert.equal(await machineState(server.namespace), before);
      },
    );
  }

  await context.step("what a SIGKILL leaves is undone by the next start", async () => {
    {
      await using peer = await scenario.startServer({ implementation: "ours", extra });
      await peer.ready();
      await peer.process.stop("SIGKILL");
    }
    assert.notEqual(await machineState(server.namespace), before);
    await using peer = await scenario.startServer({ implementation: "ours" });
    await peer.ready();
    await peer.process.waitForLine(/undone what process \d+ had left: nftables table/);
    await peer.process.stop();
    assert.equal(await machineState(server.namespace), before);
  });
  await context.step("vpn serve --exit from nothing is all that a client needs", async () => {
    const vpn = [Deno.execPath(), "run", "-A", mainModule];
    const state = `${scenario.directory}/vpn-data`;
    await using peer = server.namespace.spawn([...vpn, "serve", "--exit", "--state", state]);
    await peer.waitForLine(/Initialization Sequence Completed/, { timeoutMs: 60_000 });
    await using clientPeer = client.spawn(["openvpn", "--config", `${state}/client.ovpn`]);
    await clientPeer.waitForLine(/Initialization Sequence Completed/, { timeoutMs: 30_000 });
    assert.equal(await internet.sourceOf(client, "tcp", 4), server.address);
    const exitNode = [...vpn, "exit-node", "choose", "client"];
    await client.exec([...exitNode, "none", "--state", state]);
    await peer.waitForLine(/client: Internet traffic is dropped: none was chosen/);
    assert.equal(await internet.sourceOf(client, "udp", 4, 2), undefined);
    await client.exec([...exitNode, "default", "--state", state]);
    await peer.waitForLine(/client: Internet traffic goes by the server/);
    assert.equal(await internet.sourceOf(client, "udp", 4), server.address);
    await clientPeer.stop();
    await peer.stop();
    assert.equal(await machineState(server.namespace), before);
  });
}, [...peerRequirements, "nft"]);
