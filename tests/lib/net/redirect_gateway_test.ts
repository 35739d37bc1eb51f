import assert from "node:assert/strict";
import fc from "fast-check";
import { effectiveUserId, parseAddress } from "deno-tun";
import { VpnError } from "../../../lib/base/errors.ts";
import { networkHalves, type RedirectOptions } from "../../../lib/net/redirect_gateway.ts";
import { TunnelInterface } from "../../../lib/net/tunnel_interface.ts";
import { isolatedTest } from "../../ffi/isolated.ts";
import { connectMachine, ip, ipv6Settled, machineState, RecordedLog, wayTo } from "./machine.ts";

effectiveUserId(); // loads libc before the sanitizers look

const here = import.meta.url;
const server = { address: "198.51.100.7" };
const serverIpv6 = { address: "2001:db8:7::7" };
const def1: RedirectOptions = { ipv4: true, ipv6: false, local: false, def1: true };

async function openTunnel(log = new RecordedLog()): Promise<TunnelInterface> {
  const tunnel = await TunnelInterface.open({
    name: "tun",
    mtu: 1500,
    ipv4: { address: "10.8.0.2", prefixLength: 24 },
    ipv6: { address: "fd00:8::2", prefixLength: 64 },
  }, log);
  if (log.warnings.length === 0) await ipv6Settled("tun0", "fd00:8::2");
  return tunnel;
}

/** Runs `check` while traffic is redirected; before and after the machine must be the same. */
async function whileRedirected(
  options: RedirectOptions,
  target: { address: string } | undefined,
  check: () => Promise<void>,
): Promise<void> {
  const before = await machineState();
  const log = new RecordedLog();
  const tunnel = await openTunnel(log);
  const opened = await machineState();
  await tunnel.redirectGateway(options, target);
  await check();
  await tunnel.removeRoutes();
  assert.equal(await machineState(), opened);
  await tunnel.redirectGateway(options, target);
  await check();
  await tunnel.close();
  assert.equal(await machineState(), before);
  assert.deepEqual(log.warnings, []);
}

await isolatedTest(here, "redirect-gateway def1: two halves, the default route stays", async () => {
  await connectMachine();
  await whileRedirected(def1, server, async () => {
    assert.equal(await wayTo("1.1.1.1"), "tun0");
    assert.equal(await wayTo("203.0.113.1"), "tun0");
    assert.equal(await wayTo("198.51.100.7"), "wan0 via 192.0.2.1");
    assert.equal(await wayTo("192.0.2.77"), "wan0", "the local network");
    assert.equal(await wayTo("2001:db8:1::1"), "wan0 via 2001:db8::1");
    assert.match(await ip("route show default"), /via 192\.0\.2\.1/);
  });
});

for (const metric of [0, 100]) {
  await isolatedTest(
    here,
    `redirect-gateway: in place of a default route of metric ${metric}`,
    async () => {
      await connectMachine(metric);
      await ip("route add default via 192.0.2.2 metric 700");
      await whileRedirected({ ...def1, def1: false }, server, async () => {
        assert.equal(
          (await ip("route show default")).trim(),
          "default dev tun0 proto static scope link",
        );
        assert.equal(await wayTo("203.0.113.1"), "tun0");
        assert.equal(await wayTo("198.51.100.7"), "wan0 via 192.0.2.1");
      });
    },
  );
}

await isolatedTest(
  here,
  "redirect-gateway ipv6: all of IPv6 and, with !ipv4, nothing else",
  async () => {
    await connectMachine();
    await whileRedirected({ ...def1, ipv4: false, ipv6: true }, serverIpv6, async () => {
      assert.equal(await wayTo("2606:4700::1111"), "tun0");
      assert.equal(await wayTo("3fff::1"), "tun0");
      assert.equal(await wayTo("fd12::1"), "tun0");
      assert.equal(await wayTo("2001:db8:7::7"), "wan0 via 2001:db8::1");
      assert.equal(await wayTo("1.1.1.1"), "wan0 via 192.0.2.1");
    });
  },
);

await isolatedTest(here, "redirect-gateway: both families over a server of either", async () => {
  await connectMachine();
  for (const target of [server, serverIpv6]) {
    await whileRedirected({ ...def1, ipv6: true }, target, async () => {
      assert.equal(await wayTo("1.1.1.1"), "tun0");
      assert.equal(await wayTo("2606:4700::1111"), "tun0");
      assert.match(await wayTo(target.address), /^wan0 via/);
    });
  }
});

await isolatedTest(
  here,
  "redirect-gateway: a server next door, on this machine, or local",
  async () => {
    await connectMachine();
    await whileRedirected(def1, { address: "192.0.2.55" }, async () => {
      assert.equal(await wayTo("192.0.2.55"), "wan0");
      assert.match(await ip("route show 192.0.2.55"), /^192\.0\.2\.55 dev wan0/);
    });
    await whileRedirected(def1, { address: "192.0.2.10" }, async () => {
      assert.equal(await wayTo("192.0.2.10"), "lo");
    });
    await whileRedirected({ ...def1, local: true }, { address: "192.0.2.55" }, async () => {
      assert.equal((await ip("route show 192.0.2.55")).trim(), "");
      assert.equal(await wayTo("192.0.2.55"), "wan0");
    });
  },
);

await isolatedTest(
  here,
  "redirect-private: the host route only; block-local: the local network too",
  async () => {
    await connectMachine();
    await whileRedirected({ ...def1, ipv4: false }, server, async () => {
      assert.equal(await wayTo("1.1.1.1"), "wan0 via 192.0.2.1");
      assert.match(await ip("route show 198.51.100.7"), /via 192\.0\.2\.1 dev wan0/);
    });
    await whileRedirected({ ...def1, blockLocal: true }, server, async () => {
      assert.equal(await wayTo("192.0.2.77"), "tun0");
      assert.equal(await wayTo("192.0.2.200"), "tun0");
      assert.equal(await wayTo("192.0.2.1"), "wan0");
      assert.equal(await wayTo("198.51.100.7"), "wan0 via 192.0.2.1");
    });
  },
);

await isolatedTest(here, "redirect-gateway: a host route of somebody else's stays", async () => {
  await connectMachine();
  await ip("route add 198.51.100.7 via 192.0.2.2");
  const before = await machineState();
  const log = new RecordedLog();
  const tunnel = await openTunnel(log);
  tunnel.addRoutes([{ network: "198.51.0.0", prefixLength: 16 }], server);
  await tunnel.redirectGateway(def1, server);
  assert.equal(await wayTo("198.51.100.7"), "wan0 via 192.0.2.2");
  assert.equal(await wayTo("198.51.100.8"), "tun0");
  await tunnel.close();
  assert.deepEqual(log.warnings, []);
  assert.equal(await machineState(), before);
});

await isolatedTest(here, "redirect-gateway: all or nothing", async () => {
  await connectMachine();
  await ip("route add 128.0.0.0/1 via 192.0.2.2");
  const before = await machineState();
  const tunnel = await openTunnel();
  const opened = await machineState();
  await assert.rejects(tunnel.redirectGateway(def1, server), (error) => {
    assert.ok(error instanceof VpnError);
    assert.match(error.line, /cannot send all traffic into the tunnel.*128\.0\.0\.0\/1/);
    return true;
  });
  assert.equal(await machineState(), opened);
  await assert.rejects(
    tunnel.redirectGateway(def1, { address: "10.8.0.1" }),
    /the route to the server 10\.8\.0\.1 leads into the tunnel/,
  );
  await ip("route del default");
  await assert.rejects(
    tunnel.redirectGateway(def1, { address: "8.8.8.8" }),
    /there is no route to the server 8\.8\.8\.8/,
  );
  await ip("route add default via 192.0.2.1 dev wan0 proto dhcp metric 100");
  await tunnel.close();
  assert.equal(await machineState(), before);
});

await isolatedTest(
  here,
  "redirect-gateway ipv6: refused if IPv6 would go beside the tunnel",
  async () => {
    await connectMachine();
    await Deno.writeTextFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
    const tunnel = await openTunnel();
    await assert.rejects(
      tunnel.redirectGateway({ ...def1, ipv6: true }, server),
      /its traffic would go beside the tunnel/,
    );
    await ip("-6 route del default");
    await tunnel.redirectGateway({ ...def1, ipv6: true }, server);
    assert.equal(await wayTo("1.1.1.1"), "tun0");
    await tunnel.close();
  },
);

Deno.test("redirect-gateway: the halves of a network cover it and nothing else", () => {
  assert.deepEqual(networkHalves({ address: "192.168.1.77", prefixLength: 24 }), [
    { destination: "192.168.1.0", prefixLength: 25 },
    { destination: "192.168.1.128", prefixLength: 25 },
  ]);
  assert.deepEqual(networkHalves({ address: "10.0.0.1", prefixLength: 32 }), []);
  assert.deepEqual(networkHalves({ address: "1.2.3.4", prefixLength: 0 }), [
    { destination: "0.0.0.0", prefixLength: 1 },
    { destination: "128.0.0.0", prefixLength: 1 },
  ]);
  const bits = (text: string) =>
    [...parseAddress(text) ?? []].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  fc.assert(fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(127), (address, length) => {
    const all = bits(address);
    const prefixLength = length % all.length;
    const halves = networkHalves({ address, prefixLength });
    const prefix = all.slice(0, prefixLength);
    const expected = ["0", "1"].map((bit) => (prefix + bit).padEnd(all.length, "0"));
    assert.deepEqual(halves.map(({ destination }) => bits(destination)), expected);
  }));
});
