/** One server of ours that listens at several places, with clients of both programs at each. */
import { tunnelServerAddress } from "../harness/configs.ts";
import type { Implementation } from "../harness/peers.ts";
import { testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";
import { pingSizes } from "../harness/traffic.ts";

await testWith("one server takes clients over UDP and TCP, IPv4 and IPv6", async () => {
  await using scenario = await Scenario.create("listen", { clients: 4 });
  await using stack = new AsyncDisposableStack();
  const { address, address6 } = scenario.serverHost;
  const server = stack.use(
    await scenario.startServer({
      implementation: "ours",
      extra: [
        "client-to-client",
        `local ${address}`,
        `local ${address6} 1196 udp6`,
        "local 0.0.0.0 1195 tcp4-server",
        "local :: 1195 tcp6-server",
      ],
    }),
  );
  await server.ready();
  const places: [Implementation, string, string][] = [
    ["openvpn", `${address} 1194`, "udp4"],
    ["ours", `${address6} 1196`, "udp6"],
    ["ours", `${address} 1195`, "tcp4-client"],
    ["openvpn", `${address6} 1195`, "tcp6-client"],
  ];
  const clients = [];
  for (const [index, [implementation, remote, proto]] of places.entries()) {
    const certificate = await scenario.credentials.authority.issue(`client-${index}`, {
      usage: "client",
    });
    clients.push(stack.use(
      await scenario.startClient({
        implementation,
        certificate,
        remote,
        extra: [`proto ${proto}`],
      }, index),
    ));
  }
  await Promise.all(clients.map((client) => client.ready({ timeoutMs: 60_000 })));
  await Promise.all(
    clients.map((_, index) =>
      pingSizes(scenario.clientHost(index).namespace, tunnelServerAddress, [56, 1472, 4000])
    ),
  );
  // From each place to each other one, through the one worker that has them all.
  const addresses = await Promise.all(clients.map(async (_, index) => {
    const text = await scenario.clientHost(index).namespace.ip("-4", "-o", "address", "show");
    return text.match(/inet (10\.8\.0\.\d+)/)![1];
  }));
  for (const index of clients.keys()) {
    await pingSizes(scenario.clientHost(index).namespace, addresses[(index + 1) % 4], [1472]);
  }
});
