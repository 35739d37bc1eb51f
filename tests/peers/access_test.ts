/** Access lists, multicast, and sessions that end by themselves, with clients of both programs. */
import assert from "node:assert/strict";
import { tunnelServerAddress } from "../harness/configs.ts";
import { eventually } from "../harness/eventually.ts";
import { testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";
import { pingSizes } from "../harness/traffic.ts";

/** A program that answers TCP connections on some ports of all addresses. */
const listener = `
  for (const port of [80, 443]) {
    const server = Deno.listen({ hostname: "::", port });
    (async () => { for await (const connection of server) {
      await connection.write(new TextEncoder().encode("hello"));
      connection.close();
    } })();
  }
  console.log("listening");`;

await testWith(
  "vpn-acl: what a client may reach, in the server's file and in its own",
  async () => {
    await using scenario = await Scenario.create("acl", { clients: 2 });
    const { directory, credentials: { authority }, serverHost } = scenario;
    await Deno.mkdir(`${directory}/ccd`);
    await Deno.writeTextFile(
      `${directory}/ccd/web`,
      "vpn-acl allow 10.8.0.1 tcp/443\nvpn-acl allow fd00:8::1/128 icmp\n",
    );
    await using server = await scenario.startServer({
      implementation: "ours",
      extra: [
        "server-ipv6 fd00:8::/64",
        `client-config-dir ${directory}/ccd`,
        "vpn-acl deny 10.8.0.1 tcp/80",
        "vpn-acl allow any",
      ],
    });
    await server.ready({ timeoutMs: 60_000 });
    await using web = serverHost.namespace.spawn([
      Deno.execPath(),
      "eval",
      "--no-config",
      listener,
    ]);
    await web.waitForLine(/listening/, { timeoutMs: 60_000 });
    const start = async (name: string, implementation: "ours" | "openvpn", index: number) => {
      const certificate = await authority.issue(name, { usage: "client" });
      return await scenario.startClient({ implementation, certificate }, index);
    };
    await using restricted = await start("web", "openvpn", 0);
    await using other = await start("other", "ours", 1);
    await restricted.ready({ timeoutMs: 60_000 });
    await other.ready({ timeoutMs: 60_000 });
    /** Whether a connection gets its greeting. */
    const reaches = async (index: number, address: string, port: number) => {
      const script = `const timer = setTimeout(() => Deno.exit(1), 3000);
      const connection = await Deno.connect({ hostname: "${address}", port: ${port} });
      await connection.read(new Uint8Array(9));
      clearTimeout(timer);`;
      const command = [Deno.execPath(), "eval", "--no-config", script];
      return (await scenario.clientHost(index).namespace.tryExec(command)).code === 0;
    };
    assert.deepEqual(
      await Promise.all([
        reaches(0, tunnelServerAddress, 443),
        reaches(0, tunnelServerAddress, 80),
        reaches(0, "fd00:8::1", 443),
        reaches(1, tunnelServerAddress, 443),
        reaches(1, tunnelServerAddress, 80),
        reaches(1, "fd00:8::1", 80),
      ]),
      [true, false, false, true, false, true],
    );
    // What comes from the TUN device is looked at, too: the first of these never arrives.
    const arrivals = scenario.clientHost(0).namespace.spawn(
      ["tcpdump", "-n", "-l", "-i", "tun0", "icmp or src port 443"],
    );
    await arrivals.waitForLine(/listening on/);
    const address = (await scenario.clientHost(0).namespace.ip("-4", "-o", "address", "show"))
      .match(/inet (10\.8\.0\.\d+)/)![1];
    await serverHost.namespace.tryExec(["ping", "-n", "-c", "1", "-W", "1", address]);
    assert.equal(await reaches(0, tunnelServerAddress, 443), true);
    await arrivals.waitForLine(/\.443 > /, { timeoutMs: 30_000 });
    assert.doesNotMatch(arrivals.output, /ICMP/);
    const [hers, his] = [scenario.clientHost(0).namespace, scenario.clientHost(1).namespace];
    await pingSizes(hers, "fd00:8::1", [56, 4000]);
    await assert.rejects(pingSizes(hers, tunnelServerAddress, [56], 1), /no answer/);
    await pingSizes(his, tunnelServerAddress, [56, 4000]);
  },
);

await testWith(
  "our server sends multicast to all clients, and refuses IPv6 with block-ipv6",
  async () => {
    await using scenario = await Scenario.create("multicast", { clients: 2 });
    await using server = await scenario.startServer({
      implementation: "ours",
      extra: ["duplicate-cn", "server-ipv6 fd00:8::/64", "block-ipv6"],
    });
    await server.ready({ timeoutMs: 60_000 });
    await using first = await scenario.startClient({ implementation: "openvpn" }, 0);
    await using second = await scenario.startClient({ implementation: "ours" }, 1);
    await Promise.all([first, second].map((client) => client.ready({ timeoutMs: 60_000 })));
    await using stack = new AsyncDisposableStack();
    const captures = [0, 1].map((index) => {
      const command = ["tcpdump", "-n", "-l", "-i", "tun0", "-c", "1", "dst 239.1.2.3"];
      return stack.use(scenario.clientHost(index).namespace.spawn(command));
    });
    await Promise.all(captures.map((capture) => capture.waitForLine(/listening on/)));
    const ping = ["ping", "-n", "-c", "1", "-W", "1", "-I", "tun0", "239.1.2.3"];
    await eventually("both clients see a packet", async () => {
      await scenario.serverHost.namespace.tryExec(ping);
      return captures.every(({ output }) => / > 239\.1\.2\.3: ICMP echo request/.test(output));
    });
    // The kernel believes the answer: its checksum is right, and it is about that connection.
    for (const index of [0, 1]) {
      const script = `await Deno.connect({ hostname: "fd00:8::1", port: 80 });`;
      const command = [Deno.execPath(), "eval", "--no-config", script];
      const { stderr } = await scenario.clientHost(index).namespace.tryExec(command);
      assert.match(stderr, /Network is unreachable/);
    }
  },
);

await testWith("sessions end: inactive on our client, session-timeout on our server", async () => {
  await using scenario = await Scenario.create("limits");
  {
    await using server = await scenario.startServer({
      implementation: "openvpn",
      extra: ['push "inactive 2 1000000"'],
    });
    await server.ready({ timeoutMs: 60_000 });
    await using client = await scenario.startClient({ implementation: "ours" });
    await client.ready({ timeoutMs: 60_000 });
    await client.process.waitForLine(/Inactivity timeout \(--inactive\)/, { timeoutMs: 60_000 });
    assert.equal((await client.process.ended).code, 0);
  }
  await using server = await scenario.startServer({
    implementation: "ours",
    extra: ["session-timeout 2"],
  });
  await server.ready({ timeoutMs: 60_000 });
  await using client = await scenario.startClient({ implementation: "openvpn" });
  await client.ready({ timeoutMs: 60_000 });
  await server.process.waitForLine(/SIGTERM\[soft,session-timeout\]/, { timeoutMs: 60_000 });
});
