/** PUSH_UPDATE between our own ends: no OpenVPN that is packaged knows it yet. */
import assert from "node:assert/strict";
import { tunnelServerAddress } from "../harness/configs.ts";
import { eventually } from "../harness/eventually.ts";
import { ManagementClient } from "../harness/management.ts";
import { testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";
import { ContinuousPing } from "../harness/traffic.ts";

await testWith("our server changes what our client was pushed, without a lost packet", async () => {
  await using scenario = await Scenario.create("update", { clients: 2 });
  const path = `${scenario.directory}/management`;
  await using server = await scenario.startServer({
    implementation: "ours",
    extra: [
      `management ${path} unix`,
      "duplicate-cn",
      'push "route 10.1.0.0 255.255.0.0"',
      "server-ipv6 fd00:8::/64",
    ],
  });
  await server.ready({ timeoutMs: 60_000 });
  await using client = await scenario.startClient({ implementation: "ours" }, 0);
  await client.ready({ timeoutMs: 60_000 });
  await using other = await scenario.startClient({ implementation: "openvpn" }, 1);
  await other.ready({ timeoutMs: 60_000 });
  await using session = await ManagementClient.connect(path);
  const { namespace } = scenario.clientHost(0);
  const device = async () =>
    JSON.parse(await namespace.ip("-j", "link", "show", "tun0"))[0].ifindex;
  const routes = async () =>
    (await namespace.routes()).filter((line) => / dev tun0/.test(line)).join("\n");
  const before = await device();
  assert.match(await routes(), /^10\.1\.0\.0\/16 /m);
  await using ping = await ContinuousPing.start(namespace, tunnelServerAddress);

  // OpenVPN 2.6 doesn't take it, and is not told.
  assert.equal(
    await session.command(
      'push-update-broad "route 10.2.0.0 255.255.0.0,route 10.3.0.0 255.255.0.0,route-ipv6 fd02::/64"',
    ),
    "SUCCESS: 1 client(s) updated",
  );
  await eventually("the routes are others", async () => {
    const now = await routes();
    return /^10\.2\.0\.0\/16 /m.test(now) && /^10\.3\.0\.0\/16 /m.test(now) &&
      /^fd02::\/64 /m.test(now) && !/^10\.1\./m.test(now);
  });
  const id = (await session.list("status 2")).map((line) => line.split(","))
    .filter(([kind]) => kind === "CLIENT_LIST").map((fields) => fields[10]);
  const answers = [];
  for (const one of id) answers.push(await session.command(`push-update-cid ${one} "-route"`));
  assert.deepEqual(answers.sort(), ["ERROR: no client updated", "SUCCESS: 1 client(s) updated"]);
  await eventually("the routes are gone", async () => !/^10\.[123]\./m.test(await routes()));
  assert.match(await routes(), /^fd02::\/64 /m);
  for (const wrong of ["cipher AES-128-GCM", "ifconfig 10.8.0.9 255.255.255.0", "-route x"]) {
    assert.match(await session.command(`push-update-broad "${wrong}"`), /^ERROR: /);
  }
  assert.equal(await device(), before);
  const mark = ping.process.lineCount;
  await ping.process.waitForLine(/bytes from/, { after: mark, timeoutMs: 30_000 });
  assert.deepEqual((await ping.stop()).lost, []);
});
