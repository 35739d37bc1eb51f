/** 5% loss, 10% reordering, 2% duplicates: sessions come up all the same, in under 10 s. */
import { serverPort, tunnelServerAddress } from "../harness/configs.ts";
import { Relay } from "../harness/relay.ts";
import { testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";
import { transfer } from "../harness/traffic.ts";

const relayPort = 1195;

for (
  const [server, client] of [["ours", "openvpn"], ["openvpn", "ours"], ["ours", "ours"]] as const
) {
  await testWith(`${server} serves ${client} over a bad network`, async (context) => {
    await using scenario = await Scenario.create("bad");
    const { namespace, address } = scenario.clientHost();
    await using serverPeer = await scenario.startServer({ implementation: server });
    await serverPeer.ready();
    for (const seed of [11, 22, 33, 44]) {
      await context.step(`seed ${seed}`, async () => {
        await using relay = await Relay.start(namespace, {
          ...{ hostname: address, port: relayPort, serverHostname: scenario.serverHost.address },
          ...{ serverPort, seed, loss: 0.05, duplicate: 0.02, reorder: 0.1, delay: 10 },
        });
        await using clientPeer = await scenario.startClient({
          implementation: client,
          remote: `${address} ${relayPort}`,
        });
        await clientPeer.ready({ timeoutMs: 60_000 });
        await transfer(
          ...[namespace, scenario.serverHost.namespace, tunnelServerAddress, 200_000] as const,
        );
        await relay.stop();
      });
    }
  });
}
