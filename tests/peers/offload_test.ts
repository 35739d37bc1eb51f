/** What crosses with offloads crosses without them, and between an end that has them and one not. */
import { tunnelServerAddress } from "../harness/configs.ts";
import type { Implementation } from "../harness/peers.ts";
import { testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";
import { pingSizes, transfer } from "../harness/traffic.ts";

/** Further arguments of server and client. */
const without = ["--disable-offload"];
const cases: readonly (readonly [
  server: Implementation,
  serverArguments: readonly string[],
  client: Implementation,
  clientArguments: readonly string[],
])[] = [
  ["ours", without, "ours", without],
  ["ours", without, "ours", []],
  ["ours", [], "ours", without],
  ["ours", without, "openvpn", []],
  ["openvpn", [], "ours", without],
];

const sizes = [0, 1, 15, 16, 56, 1000, 1372, 1444, 1472, 1473, 3000, 20_000];
const transferBytes = 30_000_000;

await testWith("tunnels without offloads carry the same", async (context) => {
  await using scenario = await Scenario.create("offload");
  for (const cipher of ["AES-256-GCM", "AES-256-CBC"]) {
    for (const [server, serverArguments, client, clientArguments] of cases) {
      const name = `${server} ${serverArguments}, ${client} ${clientArguments}, ${cipher}`;
      await context.step(name, async () => {
        await using serverPeer = await scenario.startServer({
          ...{ implementation: server, cipher, ourArguments: serverArguments },
        });
        await serverPeer.ready();
        await using clientPeer = await scenario.startClient({
          ...{ implementation: client, cipher, ourArguments: clientArguments },
        });
        await clientPeer.ready();
        const host = scenario.clientHost().namespace;
        const serverHost = scenario.serverHost.namespace;
        await pingSizes(host, tunnelServerAddress, sizes);
        await transfer(host, serverHost, tunnelServerAddress, transferBytes);
      });
    }
  }
});
