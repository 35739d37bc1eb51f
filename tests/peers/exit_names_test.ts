/** Names are looked up behind the server's exit: by capture, no question leaves beside the tunnel. */
import assert from "node:assert/strict";
import { Capture } from "../harness/capture.ts";
import { serverPort } from "../harness/configs.ts";
import { Internet } from "../harness/internet.ts";
import { peerRequirements, testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";

const timeoutMs = 60_000;
const name = "host.behind.test";
/** Where names lead to, and nobody is asked: TEST-NET-3 and the documentation's network. */
const answers = { ipv4: "203.0.113.77", ipv6: "2001:db8:f::77" };

/** Everything that leaves a client's host, but for the tunnel and what a link needs. */
function captureBesideTunnel(scenario: Scenario, file: string): Promise<Capture> {
  const [server, client] = [scenario.serverHost, scenario.clientHost()];
  const filter = `(src host ${client.address} or src host ${client.address6}) and ` +
    `not (udp and dst host ${server.address} and dst port ${serverPort}) and ` +
    "not (icmp6 and ip6[40] >= 133 and ip6[40] <= 136) and not ip6[6] == 0 and not arp";
  return Capture.start(client.namespace, "eth0", filter, `${scenario.directory}/${file}.pcap`);
}

await testWith("a client of an exit node looks names up behind it", async (context) => {
  await using scenario = await Scenario.create("names", { clients: 2 });
  await using internet = await Internet.behind(scenario.network);
  const { namespace, address } = scenario.clientHost();
  const server = scenario.serverHost;
  await using resolver = internet.namespace.spawn([
    ...["dnsmasq", "--no-daemon", "--no-resolv", "--no-hosts", "--log-queries", "--user=root"],
    ...["--bind-interfaces", `--listen-address=${internet.address}`, "--conf-file=/dev/null"],
    ...[`--listen-address=${internet.address6}`, `--host-record=${name},${answers.ipv4}`],
    `--host-record=${name},${answers.ipv6}`,
  ]);
  await resolver.waitForLine(/started/, { timeoutMs });
  /** What the machine's own resolver says, as every program of it gets it. */
  const lookUp = async (database: "ahostsv4" | "ahostsv6") => {
    const { stdout } = await namespace.tryExec(["getent", database, name]);
    return stdout.split(/\s+/)[0];
  };
  const asked = (from: string, type: string) =>
    new RegExp(`query\\[${type}\\] ${name.replaceAll(".", "\\.")} from ${from}`);
  // Without the tunnel the same resolver is asked from the client's own address.
  await namespace.setResolvConf(`nameserver ${internet.address}\n`);
  {
    await using capture = await captureBesideTunnel(scenario, "open");
    assert.equal(await lookUp("ahostsv4"), answers.ipv4);
    await resolver.waitForLine(asked(address, "A"), { timeoutMs });
    assert.ok((await capture.stop()).length > 0, "the capture sees questions");
  }

  for (
    const [family, dns, source] of [
      ["IPv4", internet.address, server.address],
      ["IPv6", internet.address6, server.address6],
    ]
  ) {
    await context.step(`the resolver has an address of ${family}`, async () => {
      // Before the tunnel there is none that answers.
      await namespace.setResolvConf("nameserver 192.0.2.53\n");
      await using serving = await scenario.startServer({
        implementation: "ours",
        extra: [
          ...["exit-node", "server-ipv6 fd00:8::/64", 'push "redirect-gateway def1 ipv6"'],
          `push "dhcp-option DNS ${dns}"`,
        ],
      });
      await serving.ready({ timeoutMs });
      await using client = await scenario.startClient({ implementation: "ours" });
      await client.ready({ timeoutMs });
      const after = resolver.lineCount;
      await using capture = await captureBesideTunnel(scenario, family);
      assert.equal(await lookUp("ahostsv4"), answers.ipv4);
      assert.equal(await lookUp("ahostsv6"), answers.ipv6);
      for (const type of ["A", "AAAA"]) {
        await resolver.waitForLine(asked(source, type), { after, timeoutMs });
      }
      assert.doesNotMatch(resolver.lines(after).join("\n"), new RegExp(`from ${address}`));
      assert.deepEqual((await capture.stop()).map((packet) => packet.toHex()), []);
      await client.process.stop("SIGTERM", timeoutMs);
      // Afterwards the machine asks whom it asked before.
      const settings = await namespace.exec(["cat", "/etc/resolv.conf"]);
      assert.equal(settings, "nameserver 192.0.2.53\n");
      await serving.process.stop("SIGTERM", timeoutMs);
    });
  }
}, [...peerRequirements, "nft", "dnsmasq"]);
