import assert from "node:assert/strict";
import { run } from "./command.ts";
import { NetworkNamespace, strayNamespaces } from "./namespace.ts";
import { hostDevice, Network } from "./network.ts";
import { testWith } from "./requirements.ts";
import { pingSizes } from "./traffic.ts";

const requirements = ["root", "netns", "ip", "ping"] as const;

await testWith("a namespace goes with its processes, also after a failure", async () => {
  let name = "";
  let pid = 0;
  await assert.rejects(async () => {
    await using namespace = await NetworkNamespace.create("gone");
    name = namespace.name;
    const process = namespace.spawn(["sleep", "60"]);
    pid = process.pid;
    assert.match(await run(["ip", "netns", "list"]), new RegExp(name));
    throw new Error("as if the test failed");
  }, /as if/);
  assert.doesNotMatch(await run(["ip", "netns", "list"]), new RegExp(name));
  assert.throws(() => Deno.kill(pid, "SIGCONT"), Deno.errors.NotFound);
}, requirements);

await testWith("what a dead run left behind is known as a stray", async () => {
  // Process 1 lives, but did not start at tick 12345.
  const stray = `vpntest-1-12345-${crypto.randomUUID().slice(0, 8)}-stray`;
  await using live = await NetworkNamespace.create("live");
  await run(["ip", "netns", "add", stray]);
  try {
    const strays = await strayNamespaces();
    assert.ok(strays.includes(stray));
    assert.ok(!strays.includes(live.name));
  } finally {
    await run(["ip", "netns", "delete", stray]);
  }
}, requirements);

for (const hosts of [2, 3]) {
  await testWith(`${hosts} hosts reach each other by IPv4 and IPv6`, async () => {
    await using network = await Network.create("reach", { hosts });
    const [first, ...others] = network.hosts;
    for (const other of others) {
      await pingSizes(first.namespace, other.address, [0, 1472]);
      await pingSizes(first.namespace, other.address6, [0, 1452]);
    }
  }, requirements);
}

await testWith("a cut path loses everything until it is mended", async () => {
  await using network = await Network.create("cut");
  const [first, second] = network.hosts;
  await first.namespace.cut(hostDevice, second.address);
  const ping = ["ping", "-n", "-c", "1", "-W", "1", second.address];
  assert.equal((await first.namespace.tryExec(ping)).code, 1);
  await first.namespace.mend(hostDevice, second.address);
  await first.namespace.exec(ping);
}, requirements);
