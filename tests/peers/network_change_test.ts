/** A client whose machine goes from one network to another. */
import assert from "node:assert/strict";
import { serverPort, tunnelServerAddress } from "../harness/configs.ts";
import { testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";
import { pingSizes } from "../harness/traffic.ts";

const patience = { timeoutMs: 60_000 };
/** The server, on neither of the client's networks. */
const serverAddress = "203.0.113.1";

await testWith("our client follows its machine to another network, by UDP and TCP", async () => {
  await using scenario = await Scenario.create("roam");
  const [server, client] = [scenario.serverHost.namespace, scenario.clientHost().namespace];
  await server.ip("address", "add", `${serverAddress}/32`, "dev", "lo");
  // A second cable, as the other network.
  await server.ip(
    ...["link", "add", "eth1", "type", "veth", "peer", "name", "eth1", "netns", client.name],
  );
  for (const [host, address] of [[server, "198.18.1.1"], [client, "198.18.1.2"]] as const) {
    await host.ip("link", "set", "eth1", "addrgenmode", "none");
    await host.ip("address", "add", `${address}/24`, "dev", "eth1");
    await host.ip("link", "set", "eth1", "up");
  }
  for (const protocol of ["udp", "tcp"]) {
    await client.ip("route", "replace", "default", "via", "198.18.0.1", "dev", "eth0");
    await using serverPeer = await scenario.startServer({
      implementation: "openvpn",
      extra: [`proto ${protocol}`, `local ${serverAddress}`],
    });
    await serverPeer.ready(patience);
    await using peer = await scenario.startClient({
      implementation: "ours",
      remote: `${serverAddress} ${serverPort} ${protocol}`,
      extra: ["redirect-gateway def1"],
    });
    await peer.ready(patience);
    assert.match(await client.ip("route", "show", serverAddress), /via 198\.18\.0\.1 dev eth0/);

    const after = peer.process.lineCount;
    await client.ip("route", "replace", "default", "via", "198.18.1.1", "dev", "eth1");
    await peer.process.waitForLine(/SIGUSR1\[soft,network-changed\]/, { after, ...patience });
    await peer.ready({ after, ...patience });
    await pingSizes(client, tunnelServerAddress, [56]);
    assert.match(await client.ip("route", "show", serverAddress), /via 198\.18\.1\.1 dev eth1/);
    assert.match(await client.ip("route", "get", "198.51.100.1"), /dev tun0/);

    await peer.process.stop("SIGTERM", 30_000);
    assert.equal((await client.ip("route", "show", serverAddress)).trim(), "");
    assert.match(await client.ip("route", "show", "default"), /via 198\.18\.1\.1 dev eth1/);
  }
});
