import assert from "node:assert/strict";
import { effectiveUserId } from "deno-tun";
import { PrivilegeError, VpnError } from "../../../lib/base/errors.ts";
import { type TunnelDescription, TunnelInterface } from "../../../lib/net/tunnel_interface.ts";
import { isolatedTest } from "../../ffi/isolated.ts";
import { connectMachine, ip, ipv6Settled, machineState, RecordedLog, wayTo } from "./machine.ts";

effectiveUserId(); // loads libc before the sanitizers look

const here = import.meta.url;
const description: TunnelDescription = {
  name: "tun",
  mtu: 1500,
  ipv4: { address: "10.8.0.2", prefixLength: 24 },
  ipv6: { address: "fd00:8::2", prefixLength: 64 },
};

await isolatedTest(
  here,
  "tunnel interface: set up as described, and nothing left of it",
  async () => {
    await connectMachine();
    const before = await machineState();
    const log = new RecordedLog();
    const tunnel = await TunnelInterface.open({
      ...description,
      mtu: 1400,
      vnetHeader: true,
      routes: [
        { network: "10.66.0.0", prefixLength: 16 },
        { network: "10.67.0.0", prefixLength: 16, metric: 7 },
        { network: "10.68.0.0", prefixLength: 16, gateway: "10.8.0.1" },
        { network: "10.69.0.0", prefixLength: 16, gateway: "192.0.2.77" },
        { network: "fd00:66::", prefixLength: 32 },
        { network: "fd00:67::", prefixLength: 32, gateway: "fd00:8::1" },
      ],
    }, log);
    assert.deepEqual([tunnel.name, tunnel.mtu, tunnel.vnetHeader], ["tun0", 1400, true]);
    assert.ok(tunnel.fd > 2 && tunnel.index > 0);
    const [shown] = JSON.parse(await ip("-j addr show dev tun0"));
    assert.equal(shown.mtu, 1400);
    assert.ok(shown.flags.includes("UP"));
    const [ipv4, ipv6] = shown.addr_info;
    assert.deepEqual([ipv4.local, ipv4.prefixlen], ["10.8.0.2", 24]);
    assert.deepEqual([ipv6.local, ipv6.prefixlen], ["fd00:8::2", 64]);
    assert.equal(await wayTo("10.8.0.99"), "tun0");
    assert.equal(await wayTo("10.66.1.1"), "tun0");
    assert.equal(await wayTo("10.68.1.1"), "tun0 via 10.8.0.1");
    assert.equal(await wayTo("10.69.1.1"), "wan0 via 192.0.2.77");
    assert.equal(await wayTo("fd00:66::1"), "tun0");
    assert.equal(await wayTo("fd00:67::1"), "tun0 via fd00:8::1");
    assert.match(await ip("route show 10.67.0.0/16"), /dev tun0 proto static scope link metric 7/);
    assert.deepEqual(log.warnings, []);
    assert.ok(log.lines.includes("TUN/TAP device tun0 opened"));
    assert.ok(log.lines.includes("route added: 10.67.0.0/16 dev tun0 metric 7"));
    await tunnel.close();
    await tunnel.close();
    assert.equal(tunnel.fd, -1);
    assert.equal(await machineState(), before);
    assert.deepEqual(log.warnings, []);
  },
);

await isolatedTest(here, "tunnel interface: point to point, IPv4 and IPv6", async () => {
  const log = new RecordedLog();
  const tunnel = await TunnelInterface.open({
    name: "office",
    mtu: 1500,
    ipv4: { address: "10.8.0.6", peer: "10.8.0.5" },
    ipv6: { address: "fd00::6", peer: "fd00::5" },
    routes: [
      { network: "10.66.0.0", prefixLength: 16, gateway: "10.8.0.5" },
      { network: "fd00:66::", prefixLength: 32, gateway: "fd00::5" },
    ],
  }, log);
  assert.equal(tunnel.name, "office");
  assert.match(await ip("addr show dev office"), /inet 10\.8\.0\.6 peer 10\.8\.0\.5\/32/);
  assert.match(await ip("addr show dev office"), /inet6 fd00::6 peer fd00::5\/128/);
  assert.equal(await wayTo("10.66.1.1"), "office via 10.8.0.5");
  assert.equal(await wayTo("fd00::5"), "office");
  assert.equal(await wayTo("fd00:66::1"), "office via fd00::5");
  await tunnel.close();
  assert.deepEqual(log.warnings, []);
});

await isolatedTest(
  here,
  "tunnel interface: somebody else's route stays, a bad one is a warning",
  async () => {
    await connectMachine();
    await ip("route add 10.66.0.0/16 via 192.0.2.1");
    const before = await machineState();
    const log = new RecordedLog();
    const tunnel = await TunnelInterface.open({
      ...description,
      routes: [
        { network: "10.66.0.0", prefixLength: 16 },
        { network: "10.67.0.1", prefixLength: 16 }, // host bits
        { network: "10.68.0.0", prefixLength: 16, gateway: "172.16.0.1" }, // out of reach
        { network: "10.69.0.0", prefixLength: 33 },
        { network: "vpn.example", prefixLength: 8 },
        { network: "10.70.0.0", prefixLength: 16 },
      ],
    }, log);
    assert.equal(await wayTo("10.66.1.1"), "wan0 via 192.0.2.1");
    assert.equal(await wayTo("10.70.1.1"), "tun0");
    assert.equal(log.warnings.length, 5);
    assert.match(log.warnings[0], /10\.66\.0\.0\/16 dev tun0 exists already and is left alone/);
    assert.match(log.warnings[1], /cannot add the route 10\.67\.0\.1\/16 .*EINVAL/);
    assert.match(log.warnings[2], /cannot add the route 10\.68\.0\.0\/16 via 172\.16\.0\.1/);
    assert.match(log.warnings[3], /33 is not 0 to 32/);
    assert.match(log.warnings[4], /no IP address/);
    await tunnel.close();
    assert.equal(await machineState(), before);
    assert.equal(log.warnings.length, 5);
  },
);

await isolatedTest(
  here,
  "tunnel interface: routes around the server keep its packets out",
  async () => {
    await connectMachine();
    const before = await machineState();
    const log = new RecordedLog();
    const tunnel = await TunnelInterface.open(description, log);
    const server = { address: "198.51.100.7" };
    await ipv6Settled("tun0", "fd00:8::2");
    const plain = await machineState();
    tunnel.addRoutes([{ network: "203.0.113.0", prefixLength: 24 }], server);
    assert.equal((await ip("route show 198.51.100.7")).trim(), "", "not needed, not there");
    tunnel.addRoutes([{ network: "198.51.0.0", prefixLength: 16 }], server);
    assert.equal(await wayTo("198.51.100.8"), "tun0");
    assert.equal(await wayTo("198.51.100.7"), "wan0 via 192.0.2.1");
    tunnel.addRoutes([{ network: "2001:db8:7::", prefixLength: 48 }], { address: "2001:db8:7::7" });
    assert.equal(await wayTo("2001:db8:7::8"), "tun0");
    assert.equal(await wayTo("2001:db8:7::7"), "wan0 via 2001:db8::1");
    await tunnel.removeRoutes();
    assert.equal(await machineState(), plain);
    // a server in the machine's own network
    tunnel.addRoutes([{ network: "192.0.2.64", prefixLength: 26 }], { address: "192.0.2.99" });
    assert.equal(await wayTo("192.0.2.98"), "tun0");
    assert.equal(await wayTo("192.0.2.99"), "wan0");
    await tunnel.close();
    assert.equal(await machineState(), before);
  },
);

await isolatedTest(
  here,
  "tunnel interface: a device deleted by others closes without a word",
  async () => {
    await connectMachine();
    const before = await machineState();
    const log = new RecordedLog();
    const routes = [
      { network: "10.66.0.0", prefixLength: 16 },
      { network: "fd00:66::", prefixLength: 32 },
      { network: "10.69.0.0", prefixLength: 16, gateway: "192.0.2.77" },
    ];
    const tunnel = await TunnelInterface.open({ ...description, routes }, log);
    await ip("link delete tun0");
    await tunnel.close();
    assert.deepEqual(log.warnings, []);
    assert.equal(await machineState(), before);
  },
);

await isolatedTest(here, "tunnel interface: a persistent device is left as it was", async () => {
  await ip("tuntap add mode tun name office");
  await ip("addr add 10.8.0.2/24 dev office");
  const before = await machineState();
  const tunnel = await TunnelInterface.open({ ...description, name: "office" }, new RecordedLog());
  assert.equal(await wayTo("10.8.0.9"), "office");
  await tunnel.close();
  assert.equal(await machineState(), before);
});

await isolatedTest(
  here,
  "tunnel interface: where IPv6 is off, IPv4 alone, with a warning",
  async () => {
    await Deno.writeTextFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
    const log = new RecordedLog();
    const routes = [
      { network: "10.66.0.0", prefixLength: 16 },
      { network: "fd00:66::", prefixLength: 32 },
    ];
    const tunnel = await TunnelInterface.open({ ...description, routes }, log);
    assert.equal(await wayTo("10.66.0.1"), "tun0");
    assert.deepEqual(log.warnings, [
      "IPv6 is switched off on this machine: the tunnel carries IPv4 only",
    ]);
    await tunnel.close();
  },
);

function refusal(message: RegExp, remedy: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof VpnError, String(error));
    assert.match(error.message, message);
    assert.match(error.remedy ?? "", remedy);
    return true;
  };
}

await isolatedTest(here, "tunnel interface: what cannot be set up leaves nothing", async () => {
  await connectMachine();
  const before = await machineState();
  const log = new RecordedLog();
  const refused = (change: Partial<TunnelDescription>, message: RegExp, remedy: RegExp) =>
    assert.rejects(
      TunnelInterface.open({ ...description, ...change }, log),
      refusal(message, remedy),
    );
  await refused({ name: "wan0" }, /wan0 exists and is no TUN device/, /another dev/);
  await refused({ name: "much-too-long-a-name" }, /cannot be the name/, /another name/);
  await refused({ mtu: 1200 }, /1200 bytes is too small for IPv6/, /1280/);
  await refused({ mtu: 60, ipv6: undefined }, /cannot set the MTU of tun0 to 60 bytes/, /^$/);
  await refused(
    { ipv4: { address: "10.8.0.2", prefixLength: 40 } },
    /cannot give tun0 the address 10\.8\.0\.2: .*40 is not 0 to 32/,
    /^$/,
  );
  assert.equal(await machineState(), before);
  const first = await TunnelInterface.open({ ...description, name: "tun3" }, log);
  await refused({ name: "tun3" }, /tun3 is in use/, /another dev/);
  await first.close();
  assert.equal(await machineState(), before);
});

await isolatedTest(
  here,
  "tunnel interface: without privileges, one line says what to do",
  async () => {
    await assert.rejects(TunnelInterface.open(description, new RecordedLog()), (error) => {
      assert.ok(error instanceof PrivilegeError);
      assert.equal(
        error.line,
        "not allowed to open a TUN device: " +
          "run as root or give the binary CAP_NET_ADMIN (setcap cap_net_admin+ep)",
      );
      return true;
    });
  },
  { wrapper: ["setpriv", "--bounding-set=-net_admin"] },
);

await isolatedTest(
  here,
  "tunnel interface: without the driver, one line says what to do",
  async () => {
    await assert.rejects(
      TunnelInterface.open(description, new RecordedLog()),
      refusal(/\/dev\/net\/tun is missing/, /modprobe tun/),
    );
  },
  {
    wrapper: ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /dev/net && exec "$@"', "sh"],
  },
);
