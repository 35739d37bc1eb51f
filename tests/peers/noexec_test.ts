/**
 * `ifconfig-noexec` and `route-noexec`: a program does the work, and has what it needs for it. Both
 * programs are called with the same command line, NetworkManager's, and their programs must hear the
 * same.
 */
import assert from "node:assert/strict";
import { serverPort, tunnelServerAddress } from "../harness/configs.ts";
import type { NetworkNamespace } from "../harness/namespace.ts";
import { networkManagerArguments } from "../harness/network_manager.ts";
import { type Implementation } from "../harness/peers.ts";
import { vpnCommand } from "../harness/program.ts";
import { testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";
import { pingSizes } from "../harness/traffic.ts";

/**
 * A program that notes what it hears and finds, and does as `up` what is left to it: addresses and
 * the first route.
 */
async function worker(path: string): Promise<string> {
  const heard = "ifconfig_|route_|redirect_|net_gateway|foreign_option_|trusted_|dev=|dev_type|" +
    "tun_mtu|script_";
  const script = `#!/bin/sh
env | grep -E '^(${heard})' | sort >${path}.$script_type
echo "$*" >>${path}.$script_type
[ "$script_type" = up ] || exit 0
ip -br address show dev "$dev" >${path}.device
ip link set dev "$dev" up mtu "$tun_mtu"
ip address add "$ifconfig_local/$ifconfig_netmask" dev "$dev"
[ -z "$ifconfig_ipv6_local" ] ||
  ip address add "$ifconfig_ipv6_local/$ifconfig_ipv6_netbits" dev "$dev" nodad
[ -z "$route_network_1" ] ||
  ip route add "$route_network_1/$route_netmask_1" via "$route_gateway_1" dev "$dev"
`;
  await Deno.writeTextFile(path, script, { mode: 0o755 });
  return path;
}

/** What it has noted. */
function noted(path: string, what: string): Promise<string> {
  return Deno.readTextFile(`${path}.${what}`);
}

/** A host's routes; link-local ones come when the kernel has settled. */
async function routesOf(namespace: NetworkNamespace): Promise<string[]> {
  return (await namespace.routes()).filter((line) => !line.startsWith("fe80:"));
}

const resolver = "nameserver 192.0.2.53\n";

await testWith("NetworkManager's command line: up has all the work, as OpenVPN's", async () => {
  await using scenario = await Scenario.create("noexec");
  const { directory, credentials: { authority, client, tlsAuth }, serverHost } = scenario;
  const host = scenario.clientHost();
  const { namespace } = host;
  const ownResolver = await namespace.setResolvConf(resolver);
  await using server = await scenario.startServer({
    implementation: "openvpn",
    extra: [
      ...["server-ipv6 fd00:8::/64", "tun-mtu 1400"],
      ...['push "route 10.66.0.0 255.255.0.0"', 'push "route 10.67.0.0 255.255.0.0 vpn_gateway 7"'],
      ...[`push "route 10.68.0.0 255.255.0.0 remote_host"`, 'push "route-ipv6 fd00:66::/32"'],
      ...['push "redirect-gateway def1 ipv6"', 'push "dhcp-option DNS 10.8.0.1"'],
      'push "dhcp-option DOMAIN example.net"',
    ],
  });
  await server.ready();
  await namespace.ip("route", "add", "default", "via", serverHost.address);
  const before = await routesOf(namespace);
  const heard: Partial<Record<Implementation, readonly string[]>> = {};
  for (const implementation of ["openvpn", "ours"] as const) {
    const path = await worker(`${directory}/${implementation}.sh`);
    const program = implementation === "ours" ? vpnCommand : ["openvpn"];
    await using process = namespace.spawn([
      ...program,
      ...networkManagerArguments({
        ...{ host: serverHost.address, port: serverPort, ca: authority.certificate },
        ...{ cert: client.certificate, key: client.key, up: path },
        control: ["--tls-auth", tlsAuth, "1"],
        management: `${directory}/${implementation}.management`,
      }),
      ...["--route-up", path, "--verb", "4"],
    ], { name: implementation, cwd: directory });
    await process.waitForLine(/Initialization Sequence Completed/, { timeoutMs: 60_000 });
    // Nothing but the device was there when the program was called, and nothing came afterwards.
    assert.match(await noted(path, "device"), /^tun0 +DOWN *$/m, implementation);
    assert.deepEqual(
      (await routesOf(namespace)).filter((line) => !before.includes(line)),
      [
        "10.66.0.0/16 via 10.8.0.1 dev tun0",
        "10.8.0.0/24 dev tun0 proto kernel scope link src 10.8.0.2",
        "fd00:8::/64 dev tun0 proto kernel metric 256 pref medium",
      ],
      implementation,
    );
    assert.equal(await Deno.readTextFile(ownResolver), resolver);
    await pingSizes(namespace, tunnelServerAddress, [56, 1300]);
    await process.stop();
    assert.deepEqual(await routesOf(namespace), before);
    heard[implementation] = [await noted(path, "up"), await noted(path, "route-up")].map((text) =>
      text.replaceAll(path, "PROGRAM")
    );
  }
  assert.deepEqual(heard.ours, heard.openvpn);
});

await testWith("a server leaves the same to programs, or only the addresses", async () => {
  await using scenario = await Scenario.create("noexec-server");
  const { directory, serverHost: { namespace } } = scenario;
  await namespace.ip("route", "add", "default", "via", scenario.clientHost().address);
  for (const routeNoexec of [true, false]) {
    const heard: string[] = [];
    for (const implementation of ["openvpn", "ours"] as const) {
      const path = await worker(`${directory}/${implementation}-${routeNoexec}.sh`);
      await using server = await scenario.startServer({
        implementation,
        extra: [
          ...["ifconfig-noexec", ...routeNoexec ? ["route-noexec"] : []],
          ...["route 10.77.0.0 255.255.0.0", "route 10.78.0.0 255.255.0.0"],
          ...["script-security 2", `up ${path}`, `route-up ${path}`],
        ],
      });
      await server.ready();
      assert.match(await noted(path, "device"), /^tun0 +DOWN *$/m, implementation);
      const routes = (await routesOf(namespace)).join("\n");
      assert.match(routes, /^10\.77\.0\.0\/16 via 10\.8\.0\.[12] dev tun0/m);
      assert.equal(/^10\.78\.0\.0\/16/m.test(routes), !routeNoexec, implementation);
      heard.push(await noted(path, "up"), await noted(path, "route-up"));
      if (implementation === "openvpn") continue;
      await using client = await scenario.startClient({ implementation: "openvpn" });
      await client.ready();
      await pingSizes(scenario.clientHost().namespace, tunnelServerAddress, [56, 1400]);
    }
    assert.deepEqual(heard.slice(2), heard.slice(0, 2));
  }
});
