/** Nothing leaves a client's machine outside of the tunnel: seen by a capture on the outer link. */
import assert from "node:assert/strict";
import { Capture } from "../harness/capture.ts";
import { serverPort, tunnelServerAddress } from "../harness/configs.ts";
import { eventually } from "../harness/eventually.ts";
import { hostState } from "../harness/machine_state.ts";
import { ManagementClient } from "../harness/management.ts";
import { NetworkNamespace } from "../harness/namespace.ts";
import { type Peer } from "../harness/peers.ts";
import { vpnCommand } from "../harness/program.ts";
import type { ManagedProcess } from "../harness/process.ts";
import { peerRequirements, testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";
import { pingSizes } from "../harness/traffic.ts";

/** Addresses on the other side of the default route: the Internet. */
const internet = ["203.0.113.1", "2001:db8:1::1"];
const serverName = "vpn.example.test";
const patience = { timeoutMs: 60_000 };
const requirements = [...peerRequirements, "nft", "sysctl"] as const;

/** A client's host whose default routes lead to the server's host, which has the Internet on it. */
async function connectToInternet(scenario: Scenario): Promise<void> {
  const [server, client] = [scenario.serverHost, scenario.clientHost()];
  await server.namespace.ip("address", "add", `${internet[0]}/32`, "dev", "lo");
  await server.namespace.ip("-6", "address", "add", `${internet[1]}/128`, "dev", "lo", "nodad");
  await client.namespace.ip("route", "add", "default", "via", server.address);
  await client.namespace.ip("-6", "route", "add", "default", "via", server.address6);
  // The kernel notices a moment later that the link is up; then it has routes of its own.
  await eventually(
    "the link is up",
    async () =>
      (await client.namespace.ip("-br", "link", "show", "eth0")).includes(" UP ") &&
      (await client.namespace.ip("-6", "route", "show", "table", "all")).includes("ff00::/8"),
  );
  await client.namespace.setResolvConf(`nameserver ${server.address}\n`);
}

/** Starts the server's host's resolver, which knows the server's name. */
async function startResolver(scenario: Scenario): Promise<ManagedProcess> {
  const { namespace, address } = scenario.serverHost;
  const program = new URL("../harness/dns_program.ts", import.meta.url).pathname;
  const resolver = namespace.spawn([
    ...[Deno.execPath(), "run", "--no-config", "--allow-net", program],
    ...[address, serverName, address],
  ], { name: "resolver" });
  await resolver.waitForLine(/listening/, patience);
  return resolver;
}

/** The machine's other programs, which know nothing of the tunnel. */
class Chatter implements AsyncDisposable {
  readonly #processes: readonly ManagedProcess[];

  constructor(scenario: Scenario) {
    const { namespace } = scenario.clientHost();
    const program = new URL("../harness/chatter_program.ts", import.meta.url).pathname;
    this.#processes = [
      namespace.spawn([Deno.execPath(), "run", "--no-config", "--allow-net", program, ...internet]),
      ...internet.map((address) => namespace.spawn(["ping", "-n", "-i", "0.05", address])),
    ];
  }

  /** Resolves when they have tried for some rounds more. */
  async goOn(): Promise<void> {
    const [talker] = this.#processes;
    const now = Number(talker.output.match(/round (\d+)(?![\s\S]*round)/)?.[1] ?? 0);
    await talker.waitForLine(new RegExp(`^round ${now + 15}$`), patience);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.#processes) await process[Symbol.asyncDispose]();
  }
}

/**
 * Captures what leaves the client's host and is neither the tunnel's, nor the question for the
 * server's name, nor what a link needs (neighbour discovery, multicast membership).
 */
function captureLeaks(scenario: Scenario, name: string): Promise<Capture> {
  const [server, client] = [scenario.serverHost, scenario.clientHost()];
  const filter = `(src host ${client.address} or src host ${client.address6}) and ` +
    `not (udp and dst host ${server.address} and dst port ${serverPort}) and ` +
    `not (udp and dst host ${server.address} and dst port 53) and ` +
    "not (icmp6 and ip6[40] >= 133 and ip6[40] <= 136) and not ip6[6] == 0 and not arp";
  return Capture.start(client.namespace, "eth0", filter, `${scenario.directory}/${name}.pcap`);
}

async function start(scenario: Scenario, extra: readonly string[]): Promise<Peer> {
  return await scenario.startClient({
    implementation: "ours",
    remote: `${serverName} ${serverPort}`,
    extra: ["redirect-gateway def1 ipv6", "connect-retry 1 1", "server-poll-timeout 4", ...extra],
  });
}

function startServer(scenario: Scenario, ...extra: string[]): Promise<Peer> {
  return scenario.startServer({
    implementation: "openvpn",
    extra: [
      ...["server-ipv6 fd00:8::/64", "reneg-sec 0"],
      ...[`push "dhcp-option DNS ${tunnelServerAddress}"`, `push "dhcp-option DOMAIN corp.test"`],
      ...extra,
    ],
  });
}

function isUnreachable(host: NetworkNamespace, address: string): Promise<boolean> {
  return host.tryExec(["ping", "-n", "-c", "1", "-W", "1", address]).then(({ code }) => code !== 0);
}

/** A host behind the client's, which forwards for it. */
async function connectBehind(scenario: Scenario): Promise<NetworkNamespace> {
  const { namespace, address } = scenario.clientHost();
  const behind = await NetworkNamespace.create("behind");
  const end = ["type", "veth", "peer", "name", "eth0", "netns", behind.name];
  await namespace.ip("link", "add", "eth9", ...end);
  await namespace.ip("link", "set", "eth9", "addrgenmode", "none");
  await namespace.ip("address", "add", "192.168.99.1/24", "dev", "eth9");
  await behind.ip("address", "add", "192.168.99.2/24", "dev", "eth0");
  await namespace.ip("link", "set", "eth9", "up");
  await behind.ip("link", "set", "eth0", "up");
  await behind.ip("route", "add", "default", "via", "192.168.99.1");
  await scenario.serverHost.namespace.ip("route", "add", "192.168.99.0/24", "via", address);
  await namespace.exec(["sysctl", "-qw", "net.ipv4.ip_forward=1"]);
  await eventually(
    "both ends are up",
    async () =>
      (await namespace.ip("-br", "link", "show", "eth9")).includes(" UP ") &&
      (await namespace.ip("-6", "route", "show", "table", "all")).includes("ff00::/8 dev eth9"),
  );
  return behind;
}

await testWith("kill switch: nothing leaves beside the tunnel, whatever happens", async () => {
  await using scenario = await Scenario.create("kill");
  await connectToInternet(scenario);
  await using resolver = await startResolver(scenario);
  const { namespace } = scenario.clientHost();
  const before = await hostState(namespace);
  await using chatter = new Chatter(scenario);
  await chatter.goOn();

  // Closed from before the first packet: the server is not there yet.
  await using client = await start(scenario, ["kill-switch"]);
  await client.process.waitForLine(/Kill switch: nothing leaves/, patience);
  await using leaks = await captureLeaks(scenario, "closed");
  await client.process.waitForLine(/link remote: \[AF_INET\]198\.18\.0\.1/, patience);
  await resolver.waitForLine(new RegExp(`asked ${serverName} A`), patience);
  await chatter.goOn();
  await using server = await startServer(scenario);
  await server.ready(patience);
  await client.ready(patience);
  await pingSizes(namespace, internet[0], [56, 1200]);
  await pingSizes(namespace, internet[1], [56, 1200]);
  const settings = await namespace.exec(["cat", "/etc/resolv.conf"]);
  assert.match(
    settings,
    new RegExp(`^nameserver ${tunnelServerAddress}\nsearch corp\\.test$`, "m"),
  );
  await chatter.goOn();

  // Reconnecting, renegotiating, starting anew.
  for (const signal of ["SIGUSR1", "SIGHUP"] as const) {
    const after = client.process.lineCount;
    client.process.signal(signal);
    await client.ready({ after, ...patience });
    await chatter.goOn();
  }
  await pingSizes(namespace, internet[1], [56]);

  // A crash: the device is gone, the routes into it too, and still nothing leaves.
  await client.process.stop("SIGKILL");
  await chatter.goOn();
  assert.ok(await isUnreachable(namespace, internet[0]));
  assert.ok(await isUnreachable(namespace, internet[1]));

  // The next client takes it over, wanted or not, and takes it away at its end.
  await using next = await start(scenario, ["reneg-sec 5"]);
  await next.process.waitForLine(/former client's kill switch/, patience);
  await next.ready(patience);
  await next.process.waitForLine(/soft reset to key 1/, patience);
  await chatter.goOn();
  await pingSizes(namespace, tunnelServerAddress, [56]);
  const captured = await leaks.stop();
  assert.deepEqual(captured.map(describePacket), []);
  assert.equal((await next.process.stop("SIGTERM", 30_000)).code, 0);
  assert.equal(await hostState(namespace), before);

  // The same capture sees the same programs' packets without a kill switch.
  await using control = await captureLeaks(scenario, "open");
  await using plain = await start(scenario, []);
  await plain.process.waitForLine(/link remote/, patience);
  await chatter.goOn();
  const seen = (await control.stop()).map(describePacket).join("\n");
  for (const protocol of ["IPv4 1 ", "IPv4 6 ", "IPv4 17 ", "IPv6 6 ", "IPv6 17 ", "IPv6 58 "]) {
    assert.ok(seen.includes(protocol), `${protocol}is not in\n${seen}`);
  }
}, requirements);

await testWith(
  "kill switch: it stays until the user says so; TCP and the LAN pass",
  async () => {
    await using scenario = await Scenario.create("kill");
    await connectToInternet(scenario);
    const { namespace } = scenario.clientHost();
    // A neighbour with a private address: what lan is for.
    await scenario.serverHost.namespace.ip("address", "add", "192.168.77.1/24", "dev", "eth0");
    await namespace.ip("address", "add", "192.168.77.2/24", "dev", "eth0");
    const vpn = (...args: string[]) => namespace.tryExec([...vpnCommand, ...args]);
    await using behind = await connectBehind(scenario);
    await pingSizes(behind, internet[0], [56]);
    const before = await hostState(namespace);
    await using server = await startServer(scenario, "proto tcp-server");
    await server.ready(patience);

    await using client = await scenario.startClient({
      implementation: "ours",
      extra: [
        ...["proto tcp-client", "redirect-gateway def1", "kill-switch lan stay", "user nobody"],
        // As nobody it could not put the file back; the next start would.
        `pull-filter ignore "dhcp-option"`,
      ],
    });
    await client.ready(patience);
    await pingSizes(namespace, "192.168.77.1", [56]);
    await pingSizes(namespace, internet[0], [56]);
    // IPv6 is not in this tunnel, and does not go beside it.
    assert.ok(await isUnreachable(namespace, internet[1]));
    const status = JSON.parse((await vpn("kill-switch", "status", "--json")).stdout);
    assert.equal(status.inForce, true);
    assert.equal(status.attended, true);
    await client.process.stop("SIGTERM", 30_000);
    assert.match(client.process.output, /kill switch stays in force.*vpn kill-switch off/);
    assert.ok(await isUnreachable(namespace, internet[0]));
    // Nor does what the machine forwards for another.
    assert.ok(await isUnreachable(behind, internet[0]));
    await pingSizes(behind, "192.168.77.1", [56]);
    await pingSizes(namespace, "192.168.77.1", [56]);

    await using open = await scenario.startClient({
      implementation: "ours",
      extra: ["proto tcp-client"],
      ourArguments: ["--kill-switch=off"],
    });
    await open.process.waitForLine(/Kill switch: off/, patience);
    await open.process.stop("SIGTERM", 30_000);
    await pingSizes(namespace, internet[0], [56]);
    await pingSizes(behind, internet[0], [56]);
    assert.equal(await hostState(namespace), before);
  },
  requirements,
);

await testWith(
  "kill switch: who ends a client that is held after SIGHUP hears that it stays",
  async () => {
    await using scenario = await Scenario.create("kill");
    await connectToInternet(scenario);
    const { namespace } = scenario.clientHost();
    const [socket, password] = ["management", "password"].map((name) =>
      `${scenario.directory}/${name}`
    );
    await Deno.writeTextFile(password, "secret\n", { mode: 0o600 });
    // There is no server: held or not, it is the client's start that counts.
    await using client = await start(scenario, [
      "kill-switch",
      `management ${socket} unix ${password}`,
      "management-hold",
    ]);
    await using session = await ManagementClient.connect(socket);
    session.send("secret");
    await session.line(/^>HOLD:Waiting for hold release/);
    await session.command("hold release");
    await client.process.waitForLine(/Kill switch: nothing leaves/, patience);
    client.process.signal("SIGHUP");
    await session.line(/^>HOLD:Waiting for hold release/);
    await client.process.stop("SIGTERM", 30_000);
    assert.match(
      client.process.output,
      /kill switch stays in force.*vpn kill-switch off[\s\S]*SIGTERM\[hard,\] received/,
    );
    assert.ok(await isUnreachable(namespace, internet[0]));
    await namespace.exec([...vpnCommand, "kill-switch", "off"]);
    await pingSizes(namespace, internet[0], [56]);
  },
  requirements,
);

/** Family, protocol and destination of a captured packet. */
function describePacket(packet: Uint8Array): string {
  const ip = packet.subarray(14);
  if (ip[0] >>> 4 === 4) return `IPv4 ${ip[9]} to ${ip.slice(16, 20).join(".")}`;
  return `IPv6 ${ip[6]} to ${ip.slice(24, 40).toHex()}`;
}
