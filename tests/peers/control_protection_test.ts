/** tls-auth, tls-crypt and tls-crypt-v2, both roles, over UDP and TCP, IPv4 and IPv6. */
import { serverPort, tunnelServerAddress } from "../harness/configs.ts";
import {
  ControlKeys,
  type ControlProtection,
  controlProtections,
} from "../harness/control_keys.ts";
import type { Implementation } from "../harness/peers.ts";
import { testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";
import { pingSizes } from "../harness/traffic.ts";

/** A busy machine takes its time for five programs that start at once. */
const patience = { timeoutMs: 60_000 };

const servers: readonly (readonly [Implementation, readonly Implementation[]])[] = [
  ["ours", ["openvpn", "ours"]],
  ["openvpn", ["ours"]],
];

/** A server over one transport, and a client of each program over IPv4 and IPv6 at once. */
async function connectAll(
  scenario: Scenario,
  keys: ControlKeys,
  protection: ControlProtection,
  transport: "udp" | "tcp",
  [server, clients]: readonly [Implementation, readonly Implementation[]],
): Promise<void> {
  // OpenVPN takes both families with the names that have a 6; ours with the plain ones.
  const family = server === "openvpn" ? "6" : "";
  const proto = transport === "udp" ? `udp${family}` : `tcp${family}-server`;
  await using serverPeer = await scenario.startServer({
    implementation: server,
    tlsAuth: false,
    extra: [`proto ${proto}`, "duplicate-cn", keys.serverLine(protection)],
  });
  await serverPeer.ready(patience);
  const { address, address6 } = scenario.serverHost;
  const ends = clients.flatMap((implementation) =>
    [4, 6].map((version) => ({ implementation, version }))
  );
  await Promise.all(ends.map(async ({ implementation, version }, index) => {
    const remoteProto = transport === "udp" ? `udp${version}` : `tcp${version}-client`;
    await using client = await scenario.startClient({
      implementation,
      tlsAuth: false,
      remote: `${version === 4 ? address : address6} ${serverPort} ${remoteProto}`,
      extra: [await keys.clientLine(protection)],
    }, index);
    await client.ready(patience);
    await pingSizes(scenario.clientHost(index).namespace, tunnelServerAddress, [56, 1472]);
  }));
}

await testWith("each protection over each transport, in either role", async (context) => {
  await using scenario = await Scenario.create("wrap", { clients: 4 });
  const keys = await ControlKeys.create(scenario.directory, scenario.credentials);
  for (const protection of controlProtections) {
    for (const transport of ["udp", "tcp"] as const) {
      for (const pair of servers) {
        await context.step(
          `${protection} over ${transport}: ${pair[0]} serves ${pair[1].join(", ")}`,
          () => connectAll(scenario, keys, protection, transport, pair),
        );
      }
    }
  }
});
