/** The status files of server and client, with OpenVPN at the other end, read as exporters do. */
import assert from "node:assert/strict";
import { readClientStatistics, readLaterVersion } from "../lib/app/status/status_readers.ts";
import { tunnelServerAddress } from "../harness/configs.ts";
import { eventually } from "../harness/eventually.ts";
import { testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";
import { pingSizes } from "../harness/traffic.ts";

await testWith(
  "a server's and a client's status files say who is there and what went",
  async () => {
    await using scenario = await Scenario.create("status", { clients: 2 });
    const serverFile = `${scenario.directory}/server.status`;
    const clientFile = `${scenario.directory}/client.status`;
    await using server = await scenario.startServer({
      implementation: "ours",
      extra: [`status ${serverFile} 1`, "status-version 2", "duplicate-cn"],
    });
    await server.ready();
    await using openvpn = await scenario.startClient({ implementation: "openvpn" }, 0);
    await using ours = await scenario.startClient({
      implementation: "ours",
      extra: [`status ${clientFile} 1`],
    }, 1);
    await Promise.all([openvpn.ready(), ours.ready()]);
    for (const index of [0, 1]) {
      await pingSizes(scenario.clientHost(index).namespace, tunnelServerAddress, [1000]);
    }
    await eventually("both clients with their bytes in the server's status", async () => {
      const { clients, routes } = readLaterVersion(await Deno.readTextFile(serverFile), ",");
      const sizes = clients.flatMap((row) => [row["Bytes Received"], row["Bytes Sent"]]);
      return clients.length === 2 && routes.length === 2 &&
        sizes.every((size) => Number(size) > 1000);
    });
    const { clients, routes, version } = readLaterVersion(await Deno.readTextFile(serverFile), ",");
    assert.equal(version, "2.6.14");
    assert.deepEqual(clients.map((row) => row["Real Address"].replace(/:\d+$/, "")).sort(), [
      scenario.clientHost(0).address,
      scenario.clientHost(1).address,
    ]);
    assert.deepEqual(clients.map((row) => row["Common Name"]), ["client", "client"]);
    assert.deepEqual(clients.map((row) => row["Data Channel Cipher"]).map((name) => !!name), [
      true,
      true,
    ]);
    assert.deepEqual(
      routes.map((row) => row["Virtual Address"]).sort(),
      clients.map((row) => row["Virtual Address"]).sort(),
    );
    await eventually("the client's bytes in its status", async () => {
      const figures = readClientStatistics(await Deno.readTextFile(clientFile));
      return Object.values(figures).every((figure) => figure > 1000);
    });
  },
);
