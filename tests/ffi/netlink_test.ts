import assert from "node:assert/strict";
import {
  Netlink,
  type Route,
  RouteProtocol,
  RouteScope,
  RouteTable,
  RouteType,
  type Rule,
  SysError,
  TunDevice,
} from "../../ffi/mod.ts";
import { libc } from "../../ffi/libc.ts";
import { encodeMessage, NetlinkControl } from "../../ffi/netlink_message.ts";
import { run } from "../harness/command.ts";
import { isolatedTest } from "./isolated.ts";

const here = import.meta.url;

const isSysError = (code: string, call?: string) => (error: unknown) => {
  assert.ok(error instanceof SysError, String(error));
  assert.equal(error.code, code, error.message);
  if (call !== undefined) assert.equal(error.call, call);
  return true;
};

/** A device that is up, 10.255.0.1/24 and fd00:ff::1/64. */
function upDevice(): TunDevice {
  const device = TunDevice.open();
  device.addAddress("10.255.0.1", 24);
  device.addAddress("fd00:ff::1", 64);
  device.up();
  return device;
}

async function ipRoutes(...args: string[]): Promise<unknown> {
  return JSON.parse(await run(["ip", "-j", "-d", ...args]));
}

/** Without the kernel's own message, to compare. */
function plain(route: Route | undefined): Omit<Route, "message"> | undefined {
  if (route === undefined) return undefined;
  const { message, ...rest } = route;
  assert.ok(message);
  return rest;
}

await isolatedTest(here, "netlink: links are listed, changed and deleted", () => {
  const netlink = Netlink.open();
  const [lo] = netlink.links();
  assert.deepEqual([lo.index, lo.name, lo.mtu, lo.up, lo.kind], [1, "lo", 65536, false, undefined]);
  netlink.setLinkUp(1, true);
  assert.equal(netlink.link(1)?.up, true);
  netlink.setLinkUp(1, false);
  assert.equal(netlink.link(1)?.up, false);
  const device = TunDevice.open({ name: "nl0" });
  netlink.setLinkMtu(device.index, 1300);
  const link = netlink.links().find(({ name }) => name === "nl0");
  assert.deepEqual([link?.index, link?.mtu, link?.kind], [device.index, 1300, "tun"]);
  netlink.deleteLink(device.index);
  assert.equal(netlink.link(device.index), undefined);
  assert.throws(() => netlink.deleteLink(device.index), isSysError("ENODEV"));
  assert.throws(() => netlink.setLinkUp(9999, true), isSysError("ENODEV", "netlink RTM_NEWLINK"));
  device.close();
  netlink.close();
});

await isolatedTest(here, "netlink: addresses are added, listed and deleted", () => {
  const netlink = Netlink.open();
  const { index } = TunDevice.open();
  const given = [
    { index, address: "10.1.2.3", prefixLength: 24, broadcast: "10.1.2.255" },
    { index, address: "10.8.0.6", prefixLength: 32, peer: "10.8.0.5" },
    { index, address: "fd00::3", prefixLength: 64 },
    { index, address: "fd00::6", prefixLength: 128, peer: "fd00::5" },
  ];
  for (const address of given) netlink.addAddress(address);
  assert.deepEqual(netlink.addresses().sort((a, b) => a.address < b.address ? -1 : 1), given);
  assert.throws(() => netlink.addAddress(given[0]), isSysError("EEXIST", "netlink RTM_NEWADDR"));
  for (const address of given) netlink.deleteAddress(address);
  assert.deepEqual(netlink.addresses(), []);
  assert.throws(() => netlink.deleteAddress(given[0]), isSysError("EADDRNOTAVAIL"));
  const bad = { index, address: "10.1.2.3", prefixLength: 33 };
  assert.throws(() => netlink.addAddress(bad), RangeError);
  assert.throws(() => netlink.addAddress({ ...bad, prefixLength: 8, peer: "::1" }), TypeError);
  netlink.close();
});

await isolatedTest(
  here,
  "netlink: routes are added, found and deleted, IPv4 and IPv6",
  async () => {
    const { index, name, netlink } = upDevice();
    const routes: Route[] = [
      { destination: "0.0.0.0", prefixLength: 0, gateway: "10.255.0.9", metric: 50 },
      { destination: "10.1.0.0", prefixLength: 16, interfaceIndex: index },
      {
        destination: "10.2.0.0",
        prefixLength: 16,
        gateway: "10.255.0.7",
        interfaceIndex: index,
        metric: 7,
        preferredSource: "10.255.0.1",
        protocol: RouteProtocol.BOOT,
      },
      { destination: "10.3.0.0", prefixLength: 16, type: RouteType.BLACKHOLE, metric: 3 },
      { destination: "10.4.0.0", prefixLength: 16, type: RouteType.UNREACHABLE, table: 1000 },
      { destination: "2001:db8::", prefixLength: 32, interfaceIndex: index, metric: 9 },
      { destination: "::", prefixLength: 0, gateway: "fd00:ff::9", interfaceIndex: index },
      { destination: "2001:db8:1::", prefixLength: 48, type: RouteType.BLACKHOLE, table: 1000 },
    ];
    for (const route of routes) netlink.addRoute(route);

    const shown = await ipRoutes("route", "show", "table", "all");
    assert.ok(Array.isArray(shown));
    const seen = (dst: string) => shown.find((route) => route.dst === dst);
    assert.deepEqual(
      [
        seen("default").gateway,
        seen("default").dev,
        seen("default").metric,
        seen("default").protocol,
      ],
      ["10.255.0.9", name, 50, "static"],
    );
    assert.deepEqual([seen("10.1.0.0/16").scope, seen("10.1.0.0/16").dev], ["link", name]);
    const full = seen("10.2.0.0/16");
    assert.deepEqual(
      [full.gateway, full.metric, full.prefsrc, full.protocol],
      ["10.255.0.7", 7, "10.255.0.1", "boot"],
    );
    assert.equal(seen("10.3.0.0/16").type, "blackhole");
    assert.deepEqual([seen("10.4.0.0/16").type, seen("10.4.0.0/16").table], [
      "unreachable",
      "1000",
    ]);

    const ours = netlink.routes({ table: RouteTable.MAIN, family: 4 });
    assert.deepEqual(plain(ours.find(({ destination }) => destination === "10.2.0.0")), {
      ...routes[2],
      table: RouteTable.MAIN,
      scope: RouteScope.UNIVERSE,
      type: RouteType.UNICAST,
    });
    assert.ok(ours.every(({ destination }) => destination.includes(".")));
    assert.deepEqual(
      netlink.routes({ table: 1000 }).map(({ destination }) => destination).sort(),
      ["10.4.0.0", "2001:db8:1::"],
    );
    const sixes = netlink.routes({ family: 6 }).filter(({ table }) => table === RouteTable.MAIN);
    assert.equal(sixes.find(({ prefixLength }) => prefixLength === 0)?.gateway, "fd00:ff::9");
    assert.equal(sixes.find(({ prefixLength }) => prefixLength === 0)?.metric, 1024);

    assert.throws(() => netlink.addRoute(routes[1]), isSysError("EEXIST", "netlink RTM_NEWROUTE"));
    for (const route of routes) netlink.deleteRoute(route);
    for (const route of routes) {
      assert.throws(() => netlink.deleteRoute(route), isSysError("ESRCH", "netlink RTM_DELROUTE"));
    }
    const left = netlink.routes().filter(({ protocol }) => protocol !== RouteProtocol.KERNEL);
    assert.deepEqual(left, []);
  },
);

await isolatedTest(here, "netlink: the route to a destination is the kernel's choice", () => {
  const { index, netlink } = upDevice();
  assert.equal(netlink.getRoute("192.0.2.1"), undefined);
  assert.equal(netlink.getRoute("2001:db8::1"), undefined);
  netlink.addRoute({ destination: "0.0.0.0", prefixLength: 0, gateway: "10.255.0.9" });
  const route = netlink.getRoute("192.0.2.1");
  assert.deepEqual(
    [
      route?.destination,
      route?.prefixLength,
      route?.gateway,
      route?.interfaceIndex,
      route?.preferredSource,
    ],
    ["192.0.2.1", 32, "10.255.0.9", index, "10.255.0.1"],
  );
  assert.equal(netlink.getRoute("10.255.0.77")?.gateway, undefined);
  assert.equal(netlink.getRoute("fd00:ff::77")?.interfaceIndex, index);
  assert.throws(() => netlink.getRoute("vpn.example"), TypeError);
  netlink.addRoute({ destination: "192.0.2.0", prefixLength: 24, type: RouteType.UNREACHABLE });
  assert.equal(netlink.getRoute("192.0.2.1"), undefined);
});

await isolatedTest(here, "netlink: a deleted route is put back just as it was", async () => {
  const { name, netlink } = upDevice();
  await run([
    "ip",
    "route",
    "add",
    "default",
    "via",
    "10.255.0.9",
    "dev",
    name,
    "proto",
    "dhcp",
    "src",
    "10.255.0.1",
    "metric",
    "100",
    "mtu",
    "1200",
  ]);
  await run([
    "ip",
    "route",
    "add",
    "10.5.0.0/16",
    "nexthop",
    "via",
    "10.255.0.2",
    "weight",
    "3",
    "nexthop",
    "via",
    "10.255.0.3",
  ]);
  await run(["ip", "route", "add", "10.6.0.0/16", "via", "172.16.0.1", "dev", name, "onlink"]);
  await run([
    "ip",
    "-6",
    "route",
    "add",
    "default",
    "via",
    "fd00:ff::9",
    "dev",
    name,
    "metric",
    "30",
    "pref",
    "high",
  ]);
  const before = [await ipRoutes("route"), await ipRoutes("-6", "route")];
  const changed = netlink.routes({ table: RouteTable.MAIN })
    .filter(({ protocol }) => protocol !== RouteProtocol.KERNEL);
  assert.equal(changed.length, 4);
  assert.equal(changed.find(({ destination }) => destination === "10.5.0.0")?.multipath, true);
  for (const route of changed) netlink.deleteRoute(route);
  assert.notDeepEqual([await ipRoutes("route"), await ipRoutes("-6", "route")], before);
  for (const route of changed) netlink.restoreRoute(route);
  assert.deepEqual([await ipRoutes("route"), await ipRoutes("-6", "route")], before);
  assert.throws(() => netlink.restoreRoute(changed[0]), isSysError("EEXIST"));
  assert.throws(() => netlink.restoreRoute({ destination: "::", prefixLength: 0 }), TypeError);
});

await isolatedTest(here, "netlink: replaceRoute puts one route in the place of another", () => {
  const { netlink } = upDevice();
  const route = { destination: "10.1.0.0", prefixLength: 16, metric: 5 };
  netlink.replaceRoute({ ...route, gateway: "10.255.0.2" });
  netlink.replaceRoute({ ...route, gateway: "10.255.0.3" });
  const found = netlink.routes().filter(({ destination }) => destination === "10.1.0.0");
  assert.deepEqual(found.map(({ gateway }) => gateway), ["10.255.0.3"]);
});

await isolatedTest(here, "netlink: an error has the kernel's own words", () => {
  const { netlink } = upDevice();
  assert.throws(
    () => netlink.addRoute({ destination: "10.1.0.0", prefixLength: 16, gateway: "172.16.0.1" }),
    /netlink RTM_NEWROUTE: ENETUNREACH \(Nexthop has invalid gateway\)/,
  );
});

await isolatedTest(here, "netlink: without CAP_NET_ADMIN one can look and not change", () => {
  const netlink = Netlink.open();
  assert.equal(netlink.links()[0].name, "lo");
  assert.throws(() => netlink.setLinkUp(1, true), isSysError("EPERM", "netlink RTM_NEWLINK"));
  netlink.close();
}, { wrapper: ["setpriv", "--bounding-set=-net_admin"] });

await isolatedTest(here, "netlink: policy rules are added, listed and deleted", async () => {
  const netlink = Netlink.open();
  const kernels = [0, 32766, 32767];
  assert.deepEqual(netlink.rules(4).map(({ priority }) => priority), kernels);
  const rule: Rule = {
    family: 4,
    priority: 1000,
    table: 0x76700001,
    inputInterface: "lo",
    mark: 7,
    suppressPrefixLength: 0,
  };
  netlink.addRule(rule);
  assert.throws(() => netlink.addRule(rule), isSysError("EEXIST", "netlink RTM_NEWRULE"));
  assert.deepEqual(netlink.rules(4)[1], rule);
  const shown = await run(["ip", "rule"]);
  assert.match(
    shown,
    /1000:\s+from all fwmark 0x7 iif lo lookup 1987051521 suppress_prefixlength 0/,
  );
  netlink.addRule({ family: 6, priority: 5, table: 100 });
  assert.deepEqual(netlink.rules(6)[1], { family: 6, priority: 5, table: 100 });
  netlink.deleteRule(rule);
  assert.throws(() => netlink.deleteRule(rule), isSysError("ENOENT", "netlink RTM_DELRULE"));
  assert.deepEqual(netlink.rules(4).map(({ priority }) => priority), kernels);
  assert.throws(() => netlink.addRule({ ...rule, inputInterface: "x".repeat(16) }), RangeError);
  netlink.close();
});

await isolatedTest(
  here,
  "netlink: an answer that another process forged is not the kernel's",
  () => {
    const netlink = Netlink.open();
    netlink.links(); // request 1; the socket now has the process id as its port id
    // An acknowledgement of request 2, from another socket.
    const { socket, sendto, close } = libc();
    const forger = socket(16, 3, 0); // AF_NETLINK, SOCK_RAW, NETLINK_ROUTE
    const acknowledgement = encodeMessage({
      type: NetlinkControl.ERROR,
      flags: 0,
      sequence: 2,
      body: new Uint8Array(20),
    });
    const victim = new Uint8Array(12);
    new DataView(victim.buffer).setUint16(0, 16, true);
    new DataView(victim.buffer).setUint32(4, Deno.pid, true);
    const length = acknowledgement.length;
    assert.equal(sendto(forger, acknowledgement, BigInt(length), 0, victim, 12), length);
    assert.throws(() => netlink.setLinkUp(9999, true), isSysError("ENODEV"));
    close(forger);
    netlink.close();
  },
);

await isolatedTest(here, "netlink: a table of 3,000 routes is read whole", () => {
  const { index, netlink } = upDevice();
  for (let i = 0; i < 3000; i++) {
    const destination = `172.${16 + (i >> 8)}.${i & 255}.0`;
    netlink.addRoute({ destination, prefixLength: 24, interfaceIndex: index, table: 77 });
  }
  const seen = new Set(netlink.routes({ table: 77 }).map(({ destination }) => destination));
  assert.equal(seen.size, 3000);
});
