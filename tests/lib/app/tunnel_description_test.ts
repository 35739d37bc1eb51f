import assert from "node:assert/strict";
import { openLog } from "../../../lib/base/log.ts";
import { parseConfigText } from "../../../lib/config/mod.ts";
import { describeRoutes, describeTunnel } from "../../../lib/app/tunnel_description.ts";

function configuration(lines: string) {
  const text = `dev tun\nca ca\ncert c\nkey k\nremote 192.0.2.1\nclient\n${lines}\n`;
  return parseConfigText(text, "test.conf").config;
}

function network(lines: string) {
  return configuration(lines).network;
}

Deno.test("topology subnet has a prefix, the others a peer", () => {
  const subnet = configuration("topology subnet\nifconfig 10.8.0.2 255.255.255.0");
  assert.deepEqual(describeTunnel(subnet, 1500, subnet.network).ipv4, {
    address: "10.8.0.2",
    prefixLength: 24,
  });
  const p2p = configuration("topology p2p\nifconfig 10.8.0.6 10.8.0.5\ndisable-offload");
  assert.equal(describeTunnel(subnet, 1500, subnet.network).vnetHeader, true);
  assert.equal(describeTunnel(p2p, 1500, p2p.network).vnetHeader, false);
  assert.deepEqual(describeTunnel(p2p, 1500, p2p.network).ipv4, {
    address: "10.8.0.6",
    peer: "10.8.0.5",
  });
});

Deno.test("routes go into the tunnel, by the words' gateways, with their metrics", async () => {
  const described = await describeRoutes(
    network(
      "route 10.1.0.0 255.255.0.0\nroute 10.2.0.0 255.255.0.0 vpn_gateway 5\n" +
        "route 10.3.0.0 255.255.0.0 net_gateway\nroute remote_host 255.255.255.255 net_gateway\n" +
        "route-metric 7\nroute-ipv6 2001:db8::/32",
    ),
    { netGateway: "192.0.2.254", remoteHost: "198.51.100.1" },
    openLog(0),
  );
  assert.deepEqual(described.map((route) => ({ ...route })), [
    { network: "10.1.0.0", prefixLength: 16, gateway: undefined, metric: 7 },
    { network: "10.2.0.0", prefixLength: 16, gateway: undefined, metric: 5 },
    { network: "10.3.0.0", prefixLength: 16, gateway: "192.0.2.254", metric: 7 },
    { network: "198.51.100.1", prefixLength: 32, gateway: "192.0.2.254", metric: 7 },
    { network: "2001:db8::", prefixLength: 32, gateway: undefined, metric: 7 },
  ]);
});

Deno.test("a route by a gateway that nobody knows is left out with a warning", async () => {
  const warnings: string[] = [];
  const log = openLog(1, ({ text }) => warnings.push(text));
  const lines = "route 10.1.0.0 255.255.0.0 net_gateway\nroute 10.2.0.0 255.255.0.0";
  const described = await describeRoutes(network(lines), {}, log);
  assert.deepEqual(described.map(({ network }) => network), ["10.2.0.0"]);
  assert.match(warnings.join(), /10\.1\.0\.0 is left out: net_gateway is not known/);
});
