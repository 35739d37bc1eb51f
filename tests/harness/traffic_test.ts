import assert from "node:assert/strict";
import { TemporaryDirectory } from "./directory.ts";
import { Capture, parsePcap } from "./capture.ts";
import { hostDevice, Network } from "./network.ts";
import { Relay } from "./relay.ts";
import { testWith } from "./requirements.ts";
import { ContinuousPing, parsePing, pingSizes, transfer } from "./traffic.ts";

// As iputils 20221126 prints it, with the third answer lost and the fourth doubled.
const pingOutput = `PING 198.18.0.2 (198.18.0.2) 56(84) bytes of data.
64 bytes from 198.18.0.2: icmp_seq=1 ttl=64 time=0.018 ms
64 bytes from 198.18.0.2: icmp_seq=2 ttl=64 time=0.031 ms
64 bytes from 198.18.0.2: icmp_seq=4 ttl=64 time=0.028 ms
64 bytes from 198.18.0.2: icmp_seq=4 ttl=64 time=0.040 ms (DUP!)

--- 198.18.0.2 ping statistics ---
5 packets transmitted, 3 received, +1 duplicates, 40% packet loss, time 80ms
`;

Deno.test("a ping report names the requests without an answer", () => {
  assert.deepEqual(parsePing(pingOutput), { sent: 5, received: 3, lost: [3, 5], duplicates: 1 });
});

Deno.test("a ping report without a summary is refused", () => {
  assert.throws(() => parsePing("ping: unknown host"), /no summary/);
});

Deno.test("a file that is no capture is refused", () => {
  assert.throws(() => parsePcap(new Uint8Array(10)), /shorter/);
  assert.throws(() => parsePcap(new Uint8Array(24)), /magic/);
});

await testWith("a transfer brings every byte in both directions", async () => {
  await using network = await Network.create("transfer");
  const [a, b] = network.hosts;
  const report = await transfer(a.namespace, b.namespace, b.address, 3_000_001);
  assert.equal(report.bytes, 3_000_001);
});

await testWith("sizes that get no answer are named", async () => {
  await using network = await Network.create("sizes");
  const [a, b] = network.hosts;
  await pingSizes(a.namespace, b.address, [0, 1472, 1473, 65_507]);
  // Memory for reassembly, in bytes: none means that fragments are dropped (ip-sysctl).
  await b.namespace.exec(["sysctl", "-q", "-w", "net.ipv4.ipfrag_low_thresh=0"]);
  await b.namespace.exec(["sysctl", "-q", "-w", "net.ipv4.ipfrag_high_thresh=0"]);
  await assert.rejects(
    pingSizes(a.namespace, b.address, [1472, 1473], 1),
    /ICMP payloads of 1473 bytes/,
  );
});

await testWith("a continuous ping reports an interruption", async () => {
  await using network = await Network.create("ping");
  const [a, b] = network.hosts;
  await using ping = await ContinuousPing.start(a.namespace, b.address);
  await b.namespace.cut(hostDevice, a.address);
  await a.namespace.tryExec(["ping", "-c", "1", "-W", "1", b.address]);
  await b.namespace.mend(hostDevice, a.address);
  const mark = ping.process.lineCount;
  await ping.process.waitForLine(/bytes from/, { after: mark });
  const report = await ping.stop();
  assert.ok(report.lost.length >= 20, `lost ${report.lost.length}`);
  assert.equal(report.received + report.lost.length, report.sent);
});

await testWith("a capture holds the packets that crossed", async () => {
  await using directory = await TemporaryDirectory.create();
  await using network = await Network.create("capture");
  const [a, b] = network.hosts;
  await using capture = await Capture.start(
    ...[a.namespace, hostDevice, "icmp", `${directory.path}/packets.pcap`] as const,
  );
  await pingSizes(a.namespace, b.address, [64]);
  const packets = await capture.stop();
  // Ethernet 14, IP 20, ICMP 8 bytes in front of the payload.
  assert.deepEqual(packets.map((packet) => packet.length), [106, 106]);
});

await testWith("a relay loses, doubles and reorders by its seed", async () => {
  await using network = await Network.create("relay");
  const { namespace } = network.hosts[0];
  const bad = { seed: 7, loss: 0.05, duplicate: 0.02, reorder: 0.1, delay: 5 };
  const hostname = "127.0.0.1";
  await using relay = await Relay.start(namespace, {
    ...{ hostname, port: 1000, serverHostname: hostname, serverPort: 2000 },
    ...bad,
  });
  // 2,000 numbered datagrams through it, a hundred at a time: the next ones when one that was sent
  // behind the hundred has come, so that no socket's buffer overflows, however slow the machine is.
  const script = `
    import { createSocket } from "node:dgram";
    const server = createSocket("udp4"), client = createSocket("udp4"), seen = [];
    let arrived = () => {};
    server.on("message", (m) => arrived(seen.push(Number(m))));
    await new Promise((done) => server.bind(2000, "${hostname}", done));
    const quiet = (ms) => new Promise((done) => {
      let timer = setTimeout(done, ms);
      arrived = () => { clearTimeout(timer); timer = setTimeout(done, ms); };
    });
    let sent = 0;
    const send = () =>
      new Promise((done) => client.send(String(sent++), 1000, "${hostname}", done));
    for (let hundred = 0; hundred < 20; hundred++) {
      for (let i = 0; i < 100; i++) await send();
      const last = sent;
      while (!seen.some((number) => number >= last)) {
        await send();
        await quiet(50);
      }
    }
    await quiet(1000);
    console.log(JSON.stringify({ sent, seen }));
    Deno.exit(0);`;
  const { sent, seen }: { sent: number; seen: number[] } = JSON.parse(
    await namespace.exec([Deno.execPath(), "eval", "--no-config", script]),
  );
  const counts = await relay.stop();
  assert.equal(counts.relayed, seen.length);
  assert.equal(sent - new Set(seen).size, counts.lost);
  assert.ok(counts.lost > 60 && counts.lost < 150, `lost ${counts.lost}`);
  assert.ok(counts.duplicated > 20 && counts.duplicated < 70, `duplicated ${counts.duplicated}`);
  const overtaken = seen.filter((number, i) => i > 0 && number < seen[i - 1]).length;
  assert.ok(overtaken > 20, `overtaken ${overtaken}`);
});
