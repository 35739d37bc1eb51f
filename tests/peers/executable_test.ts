/** The one executable that `deno task compile` makes. */
import assert from "node:assert/strict";
import { run } from "../harness/command.ts";
import { tunnelServerAddress } from "../harness/configs.ts";
import type { Peer } from "../harness/peers.ts";
import { testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";
import { pingSizes, transfer } from "../harness/traffic.ts";

const compileScript = new URL("../../scripts/compile.ts", import.meta.url).pathname;

const visitProgram = new URL("../harness/visit_program.ts", import.meta.url).pathname;

/** uid and gid of nobody and nogroup on Debian. */
const nobody = 65534;

/** `deno run` opens its inspector on SIGUSR1: the portable form must have the signal blocked. */
async function assertInspectorClosed(server: Peer): Promise<void> {
  const after = server.process.lineCount;
  server.process.signal("SIGUSR1");
  await server.ready({ after });
  assert.doesNotMatch(server.process.output, /debugger listening/i);
}

await testWith(
  "the executable serves and connects, with its permissions baked in",
  async (context) => {
    await using scenario = await Scenario.create("executable");
    const executable = `${scenario.directory}/vpn`;
    await run([Deno.execPath(), "run", "-A", compileScript, "--output", executable], {
      timeoutMs: 300_000,
    });
    // Where the portable form unpacks itself.
    const env = { XDG_CACHE_HOME: `${scenario.directory}/cache` };
    const host = scenario.clientHost().namespace;
    const ours = { implementation: "executable", executable, env } as const;
    for (
      const [server, client] of [
        [ours, { implementation: "openvpn" }],
        [{ implementation: "openvpn" }, ours],
      ] as const
    ) {
      await context.step(`${server.implementation} serves ${client.implementation}`, async () => {
        await using serverPeer = await scenario.startServer({ ...server });
        await serverPeer.ready();
        if (server.implementation === "executable") await assertInspectorClosed(serverPeer);
        await using clientPeer = await scenario.startClient({ ...client });
        await clientPeer.ready();
        await pingSizes(host, tunnelServerAddress, [0, 1472, 4000]);
        await transfer(
          ...[host, scenario.serverHost.namespace, tunnelServerAddress, 3_000_000] as const,
        );
        for (const peer of [clientPeer, serverPeer]) {
          const status = await peer.process.stop("SIGTERM");
          assert.equal(status.code, 0, peer.process.output);
        }
      });
    }

    await context.step("its portal has the pages and all that they ask for", async () => {
      const state = `${scenario.directory}/portal`;
      await using server = host.spawn([
        ...[executable, "serve", "--state", state, "--public-address", "127.0.0.1"],
        ...["--portal", "127.0.0.1:8443"],
      ], { env });
      await server.waitForLine(/The portal is at/);
      const output = await host.exec([
        ...[Deno.execPath(), "run", "-A", "--no-config", visitProgram],
        ...["https://127.0.0.1:8443/setup", `${state}/ca.crt`],
      ]);
      const statuses = output.trim().split("\n");
      assert.ok(statuses.length >= 4, output);
      assert.ok(statuses.every((line) => line.startsWith("200 ")), output);
    });

    await context.step("without the right to make a TUN device it says so in a line", async () => {
      // The keys in it are for root alone all the same.
      await Deno.chmod(scenario.directory, 0o755);
      const home = `${scenario.directory}/home`;
      await Deno.mkdir(home);
      await Deno.chown(home, nobody, nobody);
      await using server = host.spawn([
        ...["setpriv", `--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups"],
        ...[executable, "serve", "--state", `${home}/vpn-data`],
      ], { env: { XDG_CACHE_HOME: home }, cwd: home });
      const status = await server.ended;
      assert.equal(status.code, 1);
      const reasons = server.lines().filter((line) => /root|CAP_NET_ADMIN/.test(line));
      assert.ok(reasons.length >= 1, server.output);
      assert.doesNotMatch(server.output, /^\s+at /m);
      assert.deepEqual(await host.devices(), ["lo", "eth0"]);
    });
  },
);
