/** Users from the command line, a server that needs no more than that, and a user at a terminal. */
import assert from "node:assert/strict";
import { tunnelServerAddress } from "../harness/configs.ts";
import { TemporaryDirectory } from "../harness/directory.ts";
import { Network } from "../harness/network.ts";
import { Peer } from "../harness/peers.ts";
import { vpnCommand } from "../harness/program.ts";
import { peerRequirements, testWith } from "../harness/requirements.ts";
import { pingSizes } from "../harness/traffic.ts";

const completed = /Initialization Sequence Completed/;

/** ms. */
const timeoutMs = 60_000;

await testWith("vpn serve asks for its users once there are some", async (context) => {
  await using directory = await TemporaryDirectory.create();
  await using network = await Network.create("state");
  const [serverHost, clientHost] = network.hosts.map((host) => host.namespace);
  const state = `${directory.path}/vpn-data`;
  const serve = [...vpnCommand, "serve", "--state", state];
  const user = (...args: string[]) => [...vpnCommand, "user", ...args, "--state", state];

  {
    await using first = serverHost.spawn(serve);
    await first.waitForLine(completed, { timeoutMs });
    await first.stop("SIGTERM", timeoutMs);
  }
  // For the portal alone: clients are not asked for it.
  await serverHost.exec(user("add", "root", "--role", "admin"), { input: "correct horse\n" });
  {
    await using second = serverHost.spawn(serve);
    await second.waitForLine(completed, { timeoutMs });
    assert.doesNotMatch(second.output, /Users: /);
    await second.stop("SIGTERM", timeoutMs);
  }
  await serverHost.exec(user("add", "alice"), { input: "correct horse\n" });
  await using server = serverHost.spawn(serve);
  await server.waitForLine(/Users: 2 in .*users\.json/, { timeoutMs });
  await server.waitForLine(completed, { timeoutMs });
  const profile = (await Deno.readTextFile(`${state}/client.ovpn`)).split("\n");
  const start = (name: string) =>
    Peer.start({
      implementation: "ours",
      role: "client",
      namespace: clientHost,
      directory: directory.path,
      name,
      config: [...profile, "auth-user-pass"],
      terminal: true,
    });

  await context.step("certificate and password let in", async () => {
    await using client = await start("both");
    await client.process.waitForPrompt(/Enter Auth Username:/, timeoutMs);
    // With a slip, taken back.
    await client.process.write("alicf\x7fe\n");
    await client.process.waitForPrompt(/Enter Auth Password:/, timeoutMs);
    await client.process.write("correct horse\n");
    await client.ready({ timeoutMs });
    await pingSizes(clientHost, tunnelServerAddress, [56]);
    await serverHost.exec(user("remove", "alice"));
    await client.process.waitForLine(/AUTH_FAILED,the account was changed/, { timeoutMs });
  });

  await context.step(
    "Ctrl-C at a question ends the client",
    async () => {
      await using client = await start("interrupted");
      await client.process.waitForPrompt(/Enter Auth Username:/, timeoutMs);
      await client.process.write("alice\n");
      await client.process.waitForPrompt(/Enter Auth Password:/, timeoutMs);
      await client.process.write("\x03");
      assert.equal((await client.process.ended).code, 0);
      assert.match(client.process.output, /SIGINT/);
    },
  );
}, [...peerRequirements, "script", "setpriv"]);
