/** Ten clients of both programs at one server, and its sudden death. */
import assert from "node:assert/strict";
import { tunnelServerAddress } from "../harness/configs.ts";
import type { Implementation, Peer } from "../harness/peers.ts";
import { testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";
import { pingSizes, transfer } from "../harness/traffic.ts";

const clientCount = 10;

await testWith(
  "ten clients, ours and OpenVPN's, survive a server killed with -9",
  async (context) => {
    await using scenario = await Scenario.create("many", { clients: clientCount });
    await using stack = new AsyncDisposableStack();
    const server = stack.use(
      await scenario.startServer({ implementation: "ours", extra: ["client-to-client"] }),
    );
    await server.ready();
    const clients: Peer[] = [];
    const addresses: string[] = [];

    const pingAll = async () => {
      const pings = clients.map((_, i) =>
        pingSizes(scenario.clientHost(i).namespace, tunnelServerAddress, [56, 1472, 4000])
      );
      await Promise.all(pings);
    };

    await context.step("all come up at once, each with its own address", async () => {
      const { authority } = scenario.credentials;
      for (let i = 0; i < clientCount; i++) {
        const implementation: Implementation = i % 2 === 0 ? "ours" : "openvpn";
        const certificate = await authority.issue(`client-${i}`, { usage: "client" });
        clients.push(stack.use(await scenario.startClient({ implementation, certificate }, i)));
      }
      await Promise.all(clients.map((client) => client.ready({ timeoutMs: 60_000 })));
      for (let i = 0; i < clientCount; i++) {
        const address = await tunnelAddress(scenario, i);
        assert.ok(!addresses.includes(address), `${address} twice`);
        addresses.push(address);
      }
      await pingAll();
    });

    await context.step("clients reach each other through the server", async () => {
      await pingSizes(scenario.clientHost(0).namespace, addresses[1], [56, 1472]);
      await pingSizes(scenario.clientHost(1).namespace, addresses[2], [56, 1472]);
      await transfer(
        ...[scenario.clientHost(3).namespace, scenario.clientHost(4).namespace] as const,
        ...[addresses[4], 1_000_000] as const,
      );
    });

    await context.step("all come back by themselves after kill -9 and a new start", async () => {
      const marks = clients.map((client) => client.process.lineCount);
      await server.process.stop("SIGKILL");
      await stack.use(await server.startAgain()).ready();
      // The pushed ping-restart is 10 s; then they connect anew.
      await Promise.all(
        clients.map((client, i) => client.ready({ after: marks[i], timeoutMs: 60_000 })),
      );
      await pingAll();
    });
  },
);

/** The client's IPv4 address in the tunnel. */
async function tunnelAddress(scenario: Scenario, index: number): Promise<string> {
  const output = await scenario.clientHost(index).namespace.ip("-4", "-o", "address", "show");
  const match = output.match(/inet (10\.8\.0\.\d+)/);
  if (!match) throw new Error(`no tunnel address on client ${index}:\n${output}`);
  return match[1];
}
