/** A client as exit node of others: there and back by it, and by nobody else when it is gone. */
import assert from "node:assert/strict";
import { chooseExit } from "../../lib/app/exit/exit_choices.ts";
import { Capture } from "../harness/capture.ts";
import { Internet, machineState } from "../harness/internet.ts";
import type { NetworkNamespace } from "../harness/namespace.ts";
import { peerRequirements, testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";
import { ContinuousPing } from "../harness/traffic.ts";

/** An address of the exit node's own, and one of a private network behind it. */
const exitOwn = "192.0.2.77";
const besideExit = "192.168.77.1";

/** Starting programs takes its time on a busy machine. */
const timeoutMs = 60_000;

async function tunnelAddress(namespace: NetworkNamespace): Promise<string> {
  const [{ addr_info }] = JSON.parse(await namespace.ip("-4", "-j", "address", "show", "tun0"));
  return addr_info[0].local;
}

await testWith("a client is the exit node of another one", async (context) => {
  await using scenario = await Scenario.create("clientexit", { clients: 3 });
  await using internet = await Internet.behind(scenario.network);
  const { authority } = scenario.credentials;
  const paris = await authority.issue("paris", { usage: "client" });
  const [{ namespace: client }, exit] = [scenario.clientHost(0), scenario.clientHost(1)];
  const { serverHost } = scenario;
  const router = scenario.clientHost(2).namespace;
  await exit.namespace.ip("address", "add", `${exitOwn}/32`, "dev", "lo");
  await router.ip("address", "add", `${besideExit}/32`, "dev", "lo");
  const choices = `${scenario.directory}/exit-choices`;
  const startServer = () =>
    scenario.startServer({
      implementation: "ours",
      extra: [
        // The server could do it: what is to be dropped would be seen outside if it were not.
        ...["exit-node", "exit-node paris", "exit-node rome for nobody fallback server"],
        ...[`exit-choices ${choices}`, "server-ipv6 fd00:8::/64", "keepalive 1 5"],
        'push "redirect-gateway def1 ipv6"',
      ],
    });
  const startExit = () =>
    scenario.startClient({
      implementation: "ours",
      certificate: paris,
      // As nobody, it undoes what it did as root.
      extra: ["advertise-exit", "exit-out eth0", "explicit-exit-notify 3", "user nobody"],
    }, 1);
  const before = await machineState(exit.namespace);

  await using server = await startServer();
  await server.ready({ timeoutMs });
  // Whatever leaves for the Internet, if not by the exit node.
  const beside = [internet.address, internet.address6].map((host) => `host ${host}`).join(" or ");
  const leakFilter = `(${beside}) and not host ${exit.address} and not host ${exit.address6}`;
  const leaks = `${scenario.directory}/leaks.pcap`;
  await using capture = await Capture.start(router, "eth0", leakFilter, leaks);
  await using clientPeer = await scenario.startClient({ implementation: "openvpn" });
  await clientPeer.ready({ timeoutMs });
  await server.process.waitForLine(/client: Internet traffic is dropped: paris is not there/, {
    timeoutMs,
  });
  for (const family of [4, 6] as const) {
    assert.equal(await internet.sourceOf(client, "udp", family, 2), undefined);
  }

  await context.step("UDP, TCP, ICMP and path MTU discovery go by it", async () => {
    await using exitPeer = await startExit();
    await exitPeer.ready({ timeoutMs });
    await exitPeer.process.waitForLine(/redirect-gateway is not followed/, { timeoutMs });
    await server.process.waitForLine(/client: Internet traffic goes by paris/, { timeoutMs });
    await internet.reachedFrom(client, exit);
    // The exit node itself, and the networks around it, are not the Internet. (The server's kernel
    // forwards: its rules keep clients apart.)
    const exitAddress = await tunnelAddress(exit.namespace);
    const reached: string[] = [];
    for (const address of [exitOwn, besideExit, exitAddress]) {
      const { code } = await client.tryExec(["ping", "-c1", "-W1", address]);
      if (code === 0) reached.push(address);
    }
    assert.deepEqual(reached, []);
    await using _flow = await ContinuousPing.start(client, internet.address);
    const after = server.process.lineCount;
    await exitPeer.process.stop("SIGTERM", timeoutMs);
    await server.process.waitForLine(/dropped: paris is not there/, { after, timeoutMs });
    assert.equal(await machineState(exit.namespace), before);
    // Enough packets for one of them to be seen outside.
    for (const address of [internet.address, internet.address6]) {
      const more = ["ping", "-n", "-c", "10", "-i", "0.1", "-W", "1", address];
      assert.equal((await client.tryExec(more)).code, 1);
    }
  });

  await context.step("what a SIGKILL leaves is undone by the next start", async () => {
    {
      await using exitPeer = await startExit();
      await exitPeer.ready({ timeoutMs });
      const after = server.process.lineCount;
      await using _flow = await ContinuousPing.start(client, internet.address);
      await exitPeer.process.stop("SIGKILL");
      // Its session ends by ping-restart.
      const patience = { after, timeoutMs };
      await server.process.waitForLine(/dropped: paris is not there/, patience);
    }
    assert.notEqual(await machineState(exit.namespace), before);
    await using exitPeer = await startExit();
    await exitPeer.ready({ timeoutMs });
    await exitPeer.process.stop("SIGTERM", timeoutMs);
    assert.equal(await machineState(exit.namespace), before);
  });

  // Nothing has left but by the exit node; the same filter sees what leaves by the server.
  assert.deepEqual(await capture.stop(), []);
  await using control = await Capture.start(router, "eth0", leakFilter, `${leaks}.control`);

  await context.step("an administrator chooses while the server runs", async () => {
    await using exitPeer = await startExit();
    await exitPeer.ready({ timeoutMs });
    const choose = async (exitName: string | undefined, log: RegExp) => {
      const after = server.process.lineCount;
      await chooseExit(choices, "client", exitName);
      await server.process.waitForLine(log, { after, timeoutMs });
    };
    await server.process.waitForLine(/client: Internet traffic goes by paris/, { timeoutMs });
    await choose("server", /client: Internet traffic goes by the server/);
    assert.equal(await internet.sourceOf(client, "udp", 4), serverHost.address);
    await choose("none", /client: .* is dropped: none was chosen/);
    assert.equal(await internet.sourceOf(client, "udp", 4, 2), undefined);
    await choose("paris", /client: Internet traffic goes by paris/);
    assert.equal(await internet.sourceOf(client, "tcp", 4), exit.address);
    // Its rule says what to do instead.
    await choose("rome", /client: Internet traffic goes by the server/);
    assert.equal(await internet.sourceOf(client, "tcp", 4), serverHost.address);
  });

  await context.step("a client asks for the exit node that it wishes", async () => {
    await chooseExit(choices, "client", undefined);
    await clientPeer.process.stop("SIGTERM", timeoutMs);
    const after = server.process.lineCount;
    const extra = ["use-exit server"];
    await using ours = await scenario.startClient({ implementation: "ours", extra });
    await ours.ready({ timeoutMs });
    assert.equal(await internet.sourceOf(client, "udp", 4), serverHost.address);
    assert.ok(!server.process.lines(after).some((line) => /client: .* dropped/.test(line)));
  });
  assert.notDeepEqual(await control.stop(), []);
}, [...peerRequirements, "nft"]);
