import assert from "node:assert/strict";
import { isIPv4 } from "node:net";
import fc from "fast-check";
import { effectiveUserId } from "deno-tun";
import { recoverChanges } from "../../../lib/net/changes/recovery.ts";
import { serversInLease } from "../../../lib/net/dhcp_server.ts";
import type { RedirectOptions } from "../../../lib/net/redirect_gateway.ts";
import { TunnelInterface } from "../../../lib/net/tunnel_interface.ts";
import { tryRun } from "../../harness/command.ts";
import { isolatedTest } from "../../ffi/isolated.ts";
import { connectMachine, ip, ipv6Settled, machineState, RecordedLog, wayTo } from "./machine.ts";

effectiveUserId(); // loads libc before the sanitizers look

const here = import.meta.url;
const server = { address: "198.51.100.7" };
const def1: RedirectOptions = { ipv4: true, ipv6: false, local: false, def1: true };

async function openTunnel(log = new RecordedLog()): Promise<TunnelInterface> {
  const tunnel = await TunnelInterface.open({
    name: "tun",
    mtu: 1500,
    ipv4: { address: "10.8.0.2", prefixLength: 24 },
    ipv6: { address: "fd00:8::2", prefixLength: 64 },
  }, log);
  await ipv6Settled("tun0", "fd00:8::2");
  return tunnel;
}

/** A second network, wan1, with a router 203.0.113.1. */
async function secondNetwork(): Promise<void> {
  await ip("link add wan1 type veth peer name isp1");
  await ip("addr add 203.0.113.10/24 dev wan1");
  await ip("link set isp1 up");
  await ip("link set wan1 up");
}

await isolatedTest(here, "host routes follow the default route to another network", async () => {
  await connectMachine();
  await secondNetwork();
  const log = new RecordedLog();
  const tunnel = await openTunnel(log);
  await tunnel.redirectGateway({ ...def1, bypass: ["198.51.100.53"] }, server);
  tunnel.followNetwork();
  assert.equal(await wayTo(server.address), "wan0 via 192.0.2.1");

  await ip("route replace default via 203.0.113.1 dev wan1 metric 50");
  tunnel.followNetwork();
  assert.equal(await wayTo(server.address), "wan1 via 203.0.113.1");
  assert.equal(await wayTo("198.51.100.53"), "wan1 via 203.0.113.1");
  assert.equal(await wayTo("1.1.1.1"), "tun0");

  // No network at all: nothing to follow. The same one back: the routes that went with it too.
  await ip("link set wan1 down");
  await ip("route del default");
  tunnel.followNetwork();
  await ip("link set wan1 up");
  await ip("route add default via 203.0.113.1 dev wan1");
  tunnel.followNetwork();
  assert.equal(await wayTo(server.address), "wan1 via 203.0.113.1");
  assert.equal(tunnel.outward(server.address)?.gateway, "203.0.113.1");

  // Another server takes the former one's place.
  tunnel.changeServer({ address: "198.51.100.8" });
  assert.equal(await wayTo("198.51.100.8"), "wan1 via 203.0.113.1");
  assert.equal(await wayTo(server.address), "tun0");
  await tunnel.close();
  assert.equal((await ip("route show 198.51.100.0/24")).trim(), "");
  assert.deepEqual(log.warnings, []);
});

await isolatedTest(
  here,
  "redirect-gateway without def1 keeps the default route its own",
  async () => {
    await connectMachine();
    await secondNetwork();
    const tunnel = await openTunnel();
    await tunnel.redirectGateway({ ...def1, def1: false }, server);
    assert.equal(await wayTo("1.1.1.1"), "tun0");
    await ip("route replace default via 203.0.113.1 dev wan1");
    assert.equal(await wayTo("1.1.1.1"), "wan1 via 203.0.113.1");
    tunnel.followNetwork();
    assert.equal(await wayTo("1.1.1.1"), "tun0");
    assert.equal(await wayTo(server.address), "wan1 via 203.0.113.1");
    await tunnel.close();
    assert.match(await ip("route show default"), /via 203\.0\.113\.1 dev wan1/);
  },
);

await isolatedTest(here, "redirect-gateway: autolocal, bypass", async () => {
  await connectMachine();
  const before = await machineState();
  const tunnel = await openTunnel();
  await tunnel.redirectGateway({ ...def1, autolocal: true }, { address: "192.0.2.55" });
  assert.equal((await ip("route show 192.0.2.55")).trim(), "");
  await tunnel.removeRoutes();
  await tunnel.redirectGateway(
    { ...def1, autolocal: true, bypass: ["192.0.2.53", "9.9.9.9"] },
    server,
  );
  assert.match(await ip("route show 198.51.100.7"), /via 192\.0\.2\.1/);
  // One on the machine's own network has a route there already.
  assert.equal((await ip("route show 192.0.2.53")).trim(), "");
  assert.equal(await wayTo("9.9.9.9"), "wan0 via 192.0.2.1");
  await tunnel.close();
  assert.equal(await machineState(), before);
});

await isolatedTest(here, "block-ipv6: IPv6 is answered, and goes nowhere", async () => {
  await connectMachine();
  const before = await machineState();
  const tunnel = await openTunnel();
  tunnel.addRoutes([{ network: "2001:db8:5::", prefixLength: 48, unreachable: true }], server);
  await tunnel.redirectGateway({ ...def1, ipv6: true, blockIpv6: true }, server);
  for (const address of ["2606:4700::1111", "2001:db8:5::1", "fd12::1"]) {
    const { stderr } = await tryRun(["ip", "-6", "route", "get", address]);
    assert.match(stderr, /No route to host/, address);
  }
  assert.equal(await wayTo("1.1.1.1"), "tun0");
  await tunnel.close();
  assert.equal(await machineState(), before);
});

await isolatedTest(
  here,
  "what a killed client leaves in the routes goes at the next start",
  async () => {
    await connectMachine();
    const before = await machineState();
    const killed = `
    import { TunnelInterface } from "${new URL("../../../lib/net/tunnel_interface.ts", here)}";
    const log = { verb: 0, error() {}, warn() {}, at() {}, prefixed: () => log };
    const tunnel = await TunnelInterface.open({ name: "tun", mtu: 1500,
      ipv4: { address: "10.8.0.2", prefixLength: 24 } }, log);
    tunnel.addRoutes([{ network: "2001:db8:5::", prefixLength: 48, unreachable: true },
      { network: "198.18.0.0", prefixLength: 15, gateway: "192.0.2.9" }]);
    await tunnel.redirectGateway({ ipv4: true, ipv6: true, blockIpv6: true, local: false,
      def1: false, bypass: ["9.9.9.9"] }, { address: "198.51.100.7" });
    Deno.kill(Deno.pid, "SIGKILL");`;
    const file = await Deno.makeTempFile({ suffix: ".ts" });
    await Deno.writeTextFile(file, killed);
    const config = new URL("../../../deno.json", here).pathname;
    await tryRun([Deno.execPath(), "run", "--no-check", "-A", "--config", config, file]);
    await Deno.remove(file);
    assert.notEqual(await machineState(), before);
    const log = new RecordedLog();
    recoverChanges(log);
    assert.equal(await machineState(), before);
    assert.deepEqual(log.warnings, []);
  },
);

Deno.test("DHCP servers stand in leases", () => {
  assert.deepEqual(serversInLease("ADDRESS=192.0.2.10\nSERVER_ADDRESS=192.0.2.1\nT1=1\n"), [
    "192.0.2.1",
  ]);
  const dhclient = (server: string) =>
    `lease {\n  interface "eth0";\n  option dhcp-server-identifier ${server};\n}\n`;
  assert.deepEqual(serversInLease(dhclient("192.0.2.1") + dhclient("192.0.2.2")), ["192.0.2.2"]);
  assert.deepEqual(serversInLease("SERVER_ADDRESS=999.0.0.1\n"), []);
});

Deno.test("DHCP servers: any text is read to an end, and what comes of it is an address", () => {
  const line = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.ipV4().map((address) => `SERVER_ADDRESS=${address}`),
    fc.string().map((text) => `SERVER_ADDRESS=${text}`),
  );
  fc.assert(fc.property(fc.array(line), (lines) => {
    for (const server of serversInLease(lines.join("\n"))) assert.ok(isIPv4(server), server);
  }));
});
