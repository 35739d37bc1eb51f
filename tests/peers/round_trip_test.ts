/** The round-trip time of OpenVPN's clients: it is there, is of now, and follows the network. */
import assert from "node:assert/strict";
import { ControlClient } from "../../lib/app/control_socket/control_client.ts";
import type { ClientStatus } from "../../lib/app/status/server_status.ts";
import { serverPort } from "../harness/configs.ts";
import { eventually } from "../harness/eventually.ts";
import { Relay } from "../harness/relay.ts";
import { testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";

const relayPort = 1195;

/** Each way, ms; under half of tls-timeout, so that nothing is sent twice. */
const delay = 400;

async function clientsOf(socket: string): Promise<readonly ClientStatus[]> {
  using client = await ControlClient.connect(socket);
  return (await client.report()).clients;
}

await testWith("the round trip of OpenVPN's clients is known, and follows the delay", async () => {
  await using scenario = await Scenario.create("trip", { clients: 2 });
  const socket = `${scenario.directory}/control.sock`;
  const [near, far] = [scenario.clientHost(0), scenario.clientHost(1)];
  await using server = await scenario.startServer({
    implementation: "ours",
    extra: [`setenv opt control-socket ${socket}`, "duplicate-cn"],
  });
  await server.ready();
  await using _relay = await Relay.start(far.namespace, {
    ...{ hostname: far.address, port: relayPort, serverHostname: scenario.serverHost.address },
    ...{ serverPort, seed: 1, loss: 0, duplicate: 0, reorder: 0, delay },
  });
  const before = Date.now();
  await using direct = await scenario.startClient({
    implementation: "openvpn",
    extra: ["reneg-sec 5"],
  }, 0);
  await using delayed = await scenario.startClient({
    implementation: "openvpn",
    remote: `${far.address} ${relayPort}`,
  }, 1);
  await Promise.all([direct, delayed].map((peer) => peer.ready({ timeoutMs: 60_000 })));
  const of = async ({ address }: { readonly address: string }) =>
    (await clientsOf(socket)).find(({ realAddress }) => realAddress.startsWith(`${address}:`))!;
  const [first, second] = [await of(near), await of(far)];
  // Timers come a millisecond early at most, and as late as they like.
  assert.ok(second.roundTrip! >= 2 * (delay - 1), `${second.roundTrip} ms`);
  assert.ok(first.roundTrip! < second.roundTrip!, `${first.roundTrip}, ${second.roundTrip} ms`);
  assert.ok(first.roundTripMeasuredAt! >= before && first.roundTripMeasuredAt! <= Date.now());
  await eventually(
    "another measurement, at the renegotiation",
    async () => (await of(near)).roundTripMeasuredAt! > first.roundTripMeasuredAt! + 2000,
  );
});

await testWith("the round trip of a client by TCP is known as well", async () => {
  await using scenario = await Scenario.create("trip");
  const socket = `${scenario.directory}/control.sock`;
  await using server = await scenario.startServer({
    implementation: "ours",
    without: ["proto udp"],
    extra: ["proto tcp-server", `setenv opt control-socket ${socket}`],
  });
  await server.ready();
  await using client = await scenario.startClient({
    implementation: "openvpn",
    without: ["proto udp"],
    extra: ["proto tcp-client"],
  });
  await client.ready({ timeoutMs: 60_000 });
  const [{ roundTrip, roundTripMeasuredAt }] = await clientsOf(socket);
  assert.ok(roundTrip! > 0 && roundTripMeasuredAt! <= Date.now());
});
