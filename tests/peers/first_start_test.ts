/** A server without any configuration, as the README's first command starts it. */
import assert from "node:assert/strict";
import { tunnelServerAddress } from "../harness/configs.ts";
import { TemporaryDirectory } from "../harness/directory.ts";
import { Network } from "../harness/network.ts";
import { mainModule, vpnCommand } from "../harness/program.ts";
import { testWith } from "../harness/requirements.ts";
import { pingSizes } from "../harness/traffic.ts";

const completed = /Initialization Sequence Completed/;
const projectDirectory = mainModule.slice(0, mainModule.lastIndexOf("/"));

/** Name to content of every file in a directory. */
async function contents(directory: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const entry of Deno.readDir(directory)) {
    // The control socket is there while a server runs.
    if (!entry.isFile) continue;
    found[entry.name] = await Deno.readTextFile(`${directory}/${entry.name}`);
  }
  return found;
}

await testWith(
  "a server starts from nothing, and OpenVPN connects with its profile",
  async (context) => {
    await using directory = await TemporaryDirectory.create();
    await using network = await Network.create("first");
    const [serverHost, clientHost] = network.hosts;
    const state = `${directory.path}/vpn-data`;
    const profile = `${state}/client.ovpn`;
    const serve = [Deno.execPath(), "task", "serve", "--state", state];

    await context.step("the first start makes its state and says what to do next", async () => {
      await using server = serverHost.namespace.spawn(serve, { cwd: projectDirectory });
      await server.waitForLine(completed, { timeoutMs: 60_000 });
      assert.equal(((await Deno.stat(state)).mode ?? 0) & 0o777, 0o700);
      for await (const entry of Deno.readDir(state)) {
        if (!/\.key$|\.ovpn$/.test(entry.name)) continue;
        const mode = ((await Deno.stat(`${state}/${entry.name}`)).mode ?? 0) & 0o777;
        assert.equal(mode, 0o600, entry.name);
      }
      for (const word of [profile, `${state}/server.conf`, serverHost.address]) {
        assert.ok(server.output.includes(word), `${word} is not in:\n${server.output}`);
      }
      assert.doesNotMatch(server.output, /PRIVATE KEY|Static key/);
      await using client = clientHost.namespace.spawn(["openvpn", "--config", profile]);
      await client.waitForLine(completed);
      await pingSizes(clientHost.namespace, tunnelServerAddress, [56, 1472]);
      await client.stop();
      await server.stop("SIGINT");
    });

    await context.step("a second start changes nothing, and the profile still works", async () => {
      const before = await contents(state);
      await using server = serverHost.namespace.spawn(serve, { cwd: projectDirectory });
      await server.waitForLine(completed);
      assert.deepEqual(await contents(state), before);
      await using client = clientHost.namespace.spawn([...vpnCommand, "connect", profile]);
      await client.waitForLine(completed);
      await pingSizes(clientHost.namespace, tunnelServerAddress, [56]);
      await server.stop("SIGINT");
    });

    await context.step("OpenVPN serves with the same configuration", async () => {
      const config = `${state}/server.conf`;
      await using server = serverHost.namespace.spawn(["openvpn", "--config", config]);
      await server.waitForLine(completed);
      // OpenVPN's own face of the command line.
      await using client = clientHost.namespace.spawn([
        ...vpnCommand,
        "--config",
        profile,
        "--verb",
        "4",
      ]);
      await client.waitForLine(completed);
      await pingSizes(clientHost.namespace, tunnelServerAddress, [56]);
      await client.stop();
    });
  },
);

await testWith("a wrong option ends the start with one line and leaves nothing", async () => {
  await using directory = await TemporaryDirectory.create();
  await using network = await Network.create("wrong");
  const { namespace } = network.hosts[0];
  const file = `${directory.path}/client.ovpn`;
  await Deno.writeTextFile(file, "client\ndev tun\nremtoe 198.18.0.1 1194\n");
  const result = await namespace.tryExec([
    ...[...vpnCommand, "connect", file],
  ]);
  assert.equal(result.code, 1);
  const lines = (result.stdout + result.stderr).trim().split("\n");
  assert.equal(lines.length, 1, lines.join("\n"));
  assert.match(lines[0], /client\.ovpn:3: .*remtoe.*remote/);
  assert.deepEqual(await namespace.devices(), ["lo", "eth0"]);
});
