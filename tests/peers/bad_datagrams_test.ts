/** Datagrams of strangers: no answer, no growth, no harm to who comes after. */
import assert from "node:assert/strict";
import { Capture } from "../harness/capture.ts";
import { run } from "../harness/command.ts";
import { serverPort } from "../harness/configs.ts";
import { hostDevice } from "../harness/network.ts";
import type { Peer } from "../harness/peers.ts";
import { testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";

/** Memory that a process holds, in bytes (proc_pid_status(5), VmRSS). */
async function residentBytes(peer: Peer): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${peer.process.pid}/status`);
  return Number(status.match(/VmRSS:\s+(\d+) kB/)?.[1]) * 1024;
}

const datagramCount = 30_000;

/** Random bytes of 0 to 1,500, half of them behind an opcode that exists. */
async function sendGarbage(scenario: Scenario): Promise<void> {
  const script = `
    import { createSocket } from "node:dgram";
    import { randomFillSync } from "node:crypto";
    const socket = createSocket("udp4");
    for (let i = 0; i < ${datagramCount}; i++) {
      const datagram = randomFillSync(new Uint8Array(Math.floor(Math.random() * 1501)));
      if (i % 2 === 0 && datagram.length > 0) datagram[0] = (1 + i / 2 % 11) << 3 | i % 8;
      await new Promise((sent) =>
        socket.send(datagram, ${serverPort}, "${scenario.serverHost.address}", sent));
    }
    socket.close();`;
  await scenario.clientHost().namespace.exec([Deno.execPath(), "eval", "--no-config", script]);
}

/**
 * Repeats a round until memory has stopped growing. Heaps and caches fill in the first ones; what
 * kept 140 bytes of each datagram would grow beyond the limit in every one.
 */
async function assertMemorySettles(peer: Peer, round: () => Promise<void>): Promise<void> {
  const growths: number[] = [];
  for (let before = await residentBytes(peer); growths.length < 12;) {
    await round();
    const now = await residentBytes(peer);
    growths.push(now - before);
    if (now - before < datagramCount * 140) return;
    before = now;
  }
  assert.fail(`grew each time, by bytes: ${growths.join(", ")}`);
}

for (const tlsAuth of [true, false]) {
  const title = tlsAuth ? "under tls-auth garbage gets no answer" : "garbage without tls-auth";
  await testWith(`${title} and leaves nothing behind`, async () => {
    await using scenario = await Scenario.create("garbage");
    await using server = await scenario.startServer({ implementation: "ours", tlsAuth });
    await server.ready();
    await using answers = await Capture.start(
      ...[scenario.serverHost.namespace, hostDevice, `udp src port ${serverPort}`] as const,
      `${scenario.directory}/answers.pcap`,
    );
    await assertMemorySettles(server, () => sendGarbage(scenario));
    const answered = (await answers.stop()).length;
    if (tlsAuth) assert.equal(answered, 0);
    await using client = await scenario.startClient({ implementation: "openvpn", tlsAuth });
    await client.ready();
  });
}

await testWith("a client with another tls-auth key gets no answer", async () => {
  await using scenario = await Scenario.create("wrong-key");
  await using server = await scenario.startServer({ implementation: "ours" });
  await server.ready();
  await using capture = await Capture.start(
    ...[scenario.serverHost.namespace, hostDevice, `udp port ${serverPort}`] as const,
    `${scenario.directory}/packets.pcap`,
  );
  const wrongKey = `${scenario.directory}/wrong.key`;
  await run(["openvpn", "--genkey", "secret", wrongKey]);
  await using client = await scenario.startClient({
    implementation: "openvpn",
    tlsAuth: false,
    extra: [`tls-auth ${wrongKey} 1`, "hand-window 4"],
  });
  await client.process.waitForLine(/TLS key negotiation failed to occur within 4 seconds/);
  await client.process.stop();
  const packets = await capture.stop();
  // Ethernet and IPv4 headers in front: the UDP source port is at 34.
  const fromServer = packets.filter((packet) => (packet[34] << 8 | packet[35]) === serverPort);
  assert.ok(packets.length >= 2, `${packets.length} packets`);
  assert.equal(fromServer.length, 0);
});
