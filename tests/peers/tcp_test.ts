/** Tunnels over TCP: every pair of programs, IPv4 and IPv6, and what TCP alone makes possible. */
import assert from "node:assert/strict";
import { serverPort, tunnelServerAddress } from "../harness/configs.ts";
import type { Implementation } from "../harness/peers.ts";
import { testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";
import { ContinuousPing, pingSizes, transfer } from "../harness/traffic.ts";

const pairs: readonly (readonly [server: Implementation, client: Implementation])[] = [
  ["ours", "openvpn"],
  ["openvpn", "ours"],
  ["ours", "ours"],
  // Shows that the test is fair.
  ["openvpn", "openvpn"],
];

/** ICMP payloads, in bytes: the smallest, the edge of the MTU, fragments. */
const sizes = [0, 1, 15, 16, 17, 56, 500, 1400, 1471, 1472, 1473, 8000, 65_507];
/** What OpenVPN, or ours, says of a stream that is cut wrongly, or of options that don't match. */
const complaint =
  /Bad encapsulated|is announced|used inconsistently|may be a replay|decryption error/;
const transferBytes = 30_000_000;

/** What stands after `remote`, and the server's `proto`. */
function endpoints(scenario: Scenario, family: 4 | 6): { remote: string; proto: string } {
  const { address, address6 } = scenario.serverHost;
  return {
    remote: `${family === 4 ? address : address6} ${serverPort} tcp${family}-client`,
    proto: `proto tcp${family}-server`,
  };
}

await testWith("pings of all sizes and 30 MB each way cross over TCP", async (context) => {
  await using scenario = await Scenario.create("tcp");
  const client = scenario.clientHost().namespace;
  for (const [serverProgram, clientProgram] of pairs) {
    for (const family of [4, 6] as const) {
      for (const cipher of ["AES-256-GCM", "AES-256-CBC"]) {
        await context.step(
          `${serverProgram} serves ${clientProgram} over TCPv${family}, ${cipher}`,
          async () => {
            const { remote, proto } = endpoints(scenario, family);
            await using server = await scenario.startServer({
              ...{ implementation: serverProgram, cipher, extra: [proto] },
            });
            await server.ready();
            await using peer = await scenario.startClient({
              ...{ implementation: clientProgram, cipher, remote },
            });
            await peer.ready();
            await pingSizes(client, tunnelServerAddress, sizes);
            await transfer(
              ...[client, scenario.serverHost.namespace, tunnelServerAddress] as const,
              transferBytes,
            );
            for (const { process } of [server, peer]) {
              assert.deepEqual(process.lines().filter((line) => complaint.test(line)), []);
            }
          },
        );
      }
    }
  }
});

await testWith("one listener takes IPv4 and IPv6", async () => {
  await using scenario = await Scenario.create("tcp-dual", { clients: 2 });
  await using server = await scenario.startServer({
    ...{ implementation: "ours", extra: ["proto tcp", "duplicate-cn"] },
  });
  await server.ready();
  const { address, address6 } = scenario.serverHost;
  for (const [i, remote] of [`${address} ${serverPort}`, `${address6} ${serverPort}`].entries()) {
    await using client = await scenario.startClient({
      ...{ implementation: "openvpn", remote: `${remote} tcp-client` },
    }, i);
    await client.ready();
    await pingSizes(scenario.clientHost(i).namespace, tunnelServerAddress, [56, 1472]);
  }
});

/** One line of both programs for each set of keys that is ready. */
const keysReady = /Control Channel: TLSv/;

for (const [serverProgram, clientProgram] of pairs.slice(0, 3)) {
  await testWith(
    `new keys every 5 s under traffic over TCP: ${serverProgram} serves ${clientProgram}`,
    async () => {
      await using scenario = await Scenario.create("tcp-reneg");
      const { remote, proto } = endpoints(scenario, 4);
      await using server = await scenario.startServer({
        ...{ implementation: serverProgram, extra: [proto, "reneg-sec 5"] },
      });
      await server.ready();
      await using client = await scenario.startClient({
        ...{ implementation: clientProgram, remote, extra: ["reneg-sec 0"] },
      });
      await client.ready();
      const host = scenario.clientHost().namespace;
      await using ping = await ContinuousPing.start(host, tunnelServerAddress);
      // The traffic is the clock: as many answers as 16 s bring.
      await ping.process.waitForLine(/icmp_seq=800 /, { timeoutMs: 60_000 });
      const report = await ping.stop();
      const negotiations = client.process.lines().filter((line) => keysReady.test(line)).length;
      assert.ok(negotiations >= 3, `${negotiations} negotiations`);
      assert.deepEqual(report.lost, []);
      assert.equal(report.duplicates, 0);
    },
  );
}

for (const [serverProgram, clientProgram] of pairs.slice(0, 3)) {
  await testWith(
    `a server killed with -9 and started again: ${clientProgram} comes back to ${serverProgram}`,
    async () => {
      await using scenario = await Scenario.create("tcp-kill");
      const { remote, proto } = endpoints(scenario, 4);
      await using server = await scenario.startServer({
        ...{ implementation: serverProgram, extra: [proto] },
      });
      await server.ready();
      await using client = await scenario.startClient({
        ...{ implementation: clientProgram, remote },
      });
      await client.ready();
      const after = client.process.lineCount;
      await server.process.stop("SIGKILL");
      // The kernel closes the connection: nobody has to wait for ping-restart (10 s).
      await client.process.waitForLine(/Connection reset, restarting/, {
        after,
        timeoutMs: 60_000,
      });
      await using again = await server.startAgain();
      await again.ready();
      await client.ready({ after, timeoutMs: 60_000 });
      await pingSizes(scenario.clientHost().namespace, tunnelServerAddress, [56, 1472]);
    },
  );
}

await testWith("a client that goes ends its session at once, and one can come again", async () => {
  await using scenario = await Scenario.create("tcp-end");
  const { remote, proto } = endpoints(scenario, 4);
  await using server = await scenario.startServer({ implementation: "ours", extra: [proto] });
  await server.ready();
  for (const implementation of ["ours", "openvpn"] as const) {
    const after = server.process.lineCount;
    await using client = await scenario.startClient({ implementation, remote });
    await client.ready();
    await client.process.stop("SIGKILL");
    await server.process.waitForLine(/connection-reset.*client-instance exiting/, { after });
  }
});

await testWith("our client goes on to the next remote when one refuses", async () => {
  await using scenario = await Scenario.create("tcp-refused");
  const { address } = scenario.serverHost;
  await using server = await scenario.startServer({ implementation: "openvpn" });
  await server.ready();
  await using client = await scenario.startClient({
    implementation: "ours",
    remote: `${address} 9 tcp-client`,
    // Nobody has this address; nobody answers there.
    extra: [
      `remote 198.18.0.99 ${serverPort} tcp-client`,
      `remote ${address} ${serverPort} udp`,
      "server-poll-timeout 2",
    ],
  });
  await client.ready({ timeoutMs: 60_000 });
  const failures = client.process.lines().filter((line) => /TCP: connect to/.test(line));
  assert.equal(failures.length, 2);
  assert.match(failures[0], /198\.18\.0\.1:9 failed: ECONNREFUSED/);
  assert.match(failures[1], /198\.18\.0\.99:1194 failed: (ETIMEDOUT|EHOSTUNREACH)/);
});

await testWith("our client ends at once while it connects", async () => {
  await using scenario = await Scenario.create("tcp-stop");
  await scenario.clientHost().namespace.cut("eth0", scenario.serverHost.address);
  await using client = await scenario.startClient({
    ...{ implementation: "ours", remote: `${scenario.serverHost.address} 1194 tcp-client` },
  });
  await client.process.waitForLine(/Attempting to establish TCP connection/);
  // It does not wait for the connection, which the kernel gives up after two minutes.
  const { code } = await client.process.stop("SIGTERM");
  assert.equal(code, 0);
});

/** `max-clients` and 64 more in main, another 64 in the worker. */
const mostConnections = 8 + 64 + 64;

/** How many sockets a process has; those that it closes meanwhile are not among them. */
async function socketCount(pid: number): Promise<number> {
  let count = 0;
  for await (const { name } of Deno.readDir(`/proc/${pid}/fd`)) {
    const target = await Deno.readLink(`/proc/${pid}/fd/${name}`).catch(() => "");
    if (target.startsWith("socket:")) count++;
  }
  return count;
}

await testWith("silent connections without end keep no client out, and are bounded", async () => {
  await using scenario = await Scenario.create("tcp-flood", { clients: 2 });
  const { remote, proto } = endpoints(scenario, 4);
  const { address } = scenario.serverHost;
  await using server = await scenario.startServer({
    ...{ implementation: "ours", extra: [proto, "max-clients 8"] },
  });
  await server.ready();
  const program = new URL("../harness/flood_program.ts", import.meta.url).pathname;
  await using flood = scenario.clientHost(1).namespace.spawn(
    [
      ...[Deno.execPath(), "run", "--no-config", "--allow-net", program],
      ...[address, String(serverPort), "300"],
    ],
    { name: "flood" },
  );
  await flood.waitForLine(/holding/);
  await using client = await scenario.startClient({ implementation: "openvpn", remote }, 0);
  await client.ready();
  await pingSizes(scenario.clientHost(0).namespace, tunnelServerAddress, [56, 1472]);
  const connections = await socketCount(server.process.pid);
  assert.ok(connections <= mostConnections + 16, `${connections} sockets`);
  assert.equal(client.process.lines().filter((line) => /reset, restarting/.test(line)).length, 0);
});
