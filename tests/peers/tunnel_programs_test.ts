/** The programs that hear of the tunnel itself, at either end, with OpenVPN at the other. */
import assert from "node:assert/strict";
import { testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";

/** A program that notes what it is called with. */
async function recorder(path: string, log: string): Promise<string> {
  const script = `#!/bin/sh
echo "$script_type $* dev=$dev ip=$ifconfig_local $foreign_option_1 $trusted_ip" >>${log}
ip link show "$dev" >/dev/null 2>&1 && echo "$script_type sees $dev" >>${log}
exit 0
`;
  await Deno.writeTextFile(path, script, { mode: 0o755 });
  return path;
}

await testWith("up, route-up, ipchange, route-pre-down and down are called, in order", async () => {
  await using scenario = await Scenario.create("programs");
  const { directory } = scenario;
  const names = ["up", "route-up", "ipchange", "route-pre-down", "down"];
  const lines = async (side: string) => {
    const program = await recorder(`${directory}/${side}.sh`, `${directory}/${side}.log`);
    return ["script-security 2", ...names.map((name) => `${name} ${program}`)];
  };
  await using server = await scenario.startServer({
    implementation: "ours",
    extra: ["dev tun7", 'push "dhcp-option NTP 10.8.0.1"', ...await lines("server")],
    without: ["dev tun"],
  });
  await server.ready();
  await using client = await scenario.startClient({
    implementation: "ours",
    extra: ["dev tun8", ...await lines("client")],
    without: ["dev tun"],
    env: { VPN_RUN_DIRECTORY: `${directory}/run` },
  });
  await client.ready();
  await client.process.stop();
  await server.process.stop();
  const read = async (side: string) =>
    (await Deno.readTextFile(`${directory}/${side}.log`)).trimEnd().split("\n");
  const client8 = await read("client");
  const ntp = "dhcp-option NTP 10.8.0.1";
  assert.deepEqual(
    client8.filter((line) => !line.startsWith("ipchange")),
    [
      `up tun8 1500 0 10.8.0.2 255.255.255.0 init dev=tun8 ip=10.8.0.2 ${ntp} 198.18.0.1`,
      "up sees tun8",
      `route-up  dev=tun8 ip=10.8.0.2 ${ntp} 198.18.0.1`,
      "route-up sees tun8",
      `route-pre-down  dev=tun8 ip=10.8.0.2 ${ntp} 198.18.0.1`,
      "route-pre-down sees tun8",
      `down tun8 1500 0 10.8.0.2 255.255.255.0 init dev=tun8 ip=10.8.0.2 ${ntp} 198.18.0.1`,
    ],
  );
  assert.ok(client8.some((line) => line.startsWith("ipchange 198.18.0.1 1194 dev=tun8")));
  assert.deepEqual((await read("server")).map((line) => line.split(" dev=")[0]), [
    "up tun7 1500 0 10.8.0.1 255.255.255.0 init",
    "up sees tun7",
    "route-up ",
    "route-up sees tun7",
    "route-pre-down ",
    "route-pre-down sees tun7",
    "down tun7 1500 0 10.8.0.1 255.255.255.0 init",
  ]);
});

await testWith("a client whose up program fails ends, and leaves nothing", async () => {
  await using scenario = await Scenario.create("up-fails");
  await using server = await scenario.startServer({ implementation: "openvpn" });
  await server.ready();
  await using client = await scenario.startClient({
    implementation: "ours",
    extra: ["script-security 2", "up /bin/false"],
  });
  await client.process.waitForLine(/the up program exited with error status: 1/, {
    timeoutMs: 30_000,
  });
  assert.equal((await client.process.ended).code, 1);
  assert.deepEqual(await scenario.clientHost().namespace.devices(), ["lo", "eth0"]);
});
