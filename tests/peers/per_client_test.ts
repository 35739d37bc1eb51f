/**
 * Options per client and IPv6 in the tunnel: one configuration, served by our program and by
 * OpenVPN, with a client of each.
 */
import assert from "node:assert/strict";
import type { Implementation } from "../harness/peers.ts";
import { testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";
import { pingSizes } from "../harness/traffic.ts";

const serverLines = (directory: string) => [
  "server-ipv6 fd00:8::/64",
  `client-config-dir ${directory}/ccd`,
  `ifconfig-pool-persist ${directory}/ipp.txt 1`,
  "client-to-client",
  "route 192.168.40.0 255.255.255.0",
  "route-ipv6 fd00:40::/64",
  'push "route 10.99.0.0 255.255.0.0"',
  'push "route 192.168.40.0 255.255.255.0"',
  'push "route-ipv6 fd00:99::/64"',
];

const files: Readonly<Record<string, readonly string[]>> = {
  "router": [
    "ifconfig-push 10.8.0.100 255.255.255.0",
    "ifconfig-ipv6-push fd00:8::100/64",
    "iroute 192.168.40.0 255.255.255.0",
    "iroute-ipv6 fd00:40::/64",
    'push "route 192.168.50.0 255.255.255.0"',
    'push-remove "route 10.99"',
  ],
  "barred": ["disable"],
  "DEFAULT": ['push "route 192.168.60.0 255.255.255.0"'],
};

async function serve(
  server: Implementation,
  clients: readonly [Implementation, Implementation],
  context: Deno.TestContext,
): Promise<void> {
  await using scenario = await Scenario.create("perclient", { clients: 3 });
  await using stack = new AsyncDisposableStack();
  const { directory, credentials: { authority } } = scenario;
  await Deno.mkdir(`${directory}/ccd`);
  for (const [name, lines] of Object.entries(files)) {
    await Deno.writeTextFile(`${directory}/ccd/${name}`, lines.join("\n") + "\n");
  }
  const peer = stack.use(
    await scenario.startServer({ implementation: server, extra: serverLines(directory) }),
  );
  await peer.ready({ timeoutMs: 60_000 });
  const connect = async (name: string, implementation: Implementation, index: number) => {
    const certificate = await authority.issue(name, { usage: "client" });
    const client = stack.use(
      await scenario.startClient(
        { implementation, certificate, extra: ["auth-retry none"] },
        index,
      ),
    );
    return client;
  };
  const router = await connect("router", clients[0], 0);
  await router.ready({ timeoutMs: 60_000 });
  const plain = await connect("plain", clients[1], 1);
  await plain.ready({ timeoutMs: 60_000 });
  const [routerHost, plainHost] = [scenario.clientHost(0), scenario.clientHost(1)];
  const inTunnel = async (index: number) =>
    (await scenario.clientHost(index).namespace.ip("-o", "address", "show", "dev", "tun0"))
      .match(/inet6? (10\.8|fd00:8:)[^ ]*/g)?.map((text) => text.split(" ")[1]).sort();

  await context.step("addresses come from the client's file, or from the pool", async () => {
    assert.deepEqual(await inTunnel(0), ["10.8.0.100/24", "fd00:8::100/64"]);
    assert.deepEqual(await inTunnel(1), ["10.8.0.2/24", "fd00:8::1000/64"]);
  });

  await context.step("each client has its own routes", async () => {
    const hers = (await routerHost.namespace.routes()).join("\n");
    assert.match(hers, /^192\.168\.50\.0\/24 .*dev tun0/m);
    assert.match(hers, /^fd00:99::\/64 .*dev tun0/m);
    assert.doesNotMatch(hers, /10\.99|192\.168\.40|192\.168\.60/);
    const his = (await plainHost.namespace.routes()).join("\n");
    for (
      const network of ["10\\.99\\.0\\.0/16", "192\\.168\\.40\\.0/24", "192\\.168\\.60\\.0/24"]
    ) {
      assert.match(his, new RegExp(`^${network} .*dev tun0`, "m"));
    }
    assert.doesNotMatch(his, /192\.168\.50/);
  });

  await context.step("packets of all sizes cross over IPv6", async () => {
    for (const { namespace } of [routerHost, plainHost]) {
      await pingSizes(namespace, "fd00:8::1", [56, 1452, 4000]);
    }
    await pingSizes(plainHost.namespace, "fd00:8::100", [56, 1452]);
  });

  await context.step("networks behind a client are reached through it", async () => {
    for (const address of ["192.168.40.1/32", "fd00:40::1/128"]) {
      await routerHost.namespace.ip("address", "add", address, "dev", "lo");
    }
    for (const { namespace } of [scenario.serverHost, plainHost]) {
      await pingSizes(namespace, "192.168.40.1", [56]);
    }
    await pingSizes(scenario.serverHost.namespace, "fd00:40::1", [56]);
  });

  await context.step("a disabled client is refused", async () => {
    const barred = await connect("barred", clients[1], 2);
    await barred.process.waitForLine(/AUTH_FAILED/, { timeoutMs: 60_000 });
  });

  await context.step("the addresses of the pool are remembered", async () => {
    await peer.process.stop();
    const text = await Deno.readTextFile(`${directory}/ipp.txt`);
    assert.match(text, /^plain,10\.8\.0\.2,fd00:8::1000$/m);
  });
}

await testWith(
  "options per client, IPv6: ours serves openvpn and ours",
  (context) => serve("ours", ["openvpn", "ours"], context),
);
await testWith(
  "options per client, IPv6: openvpn serves ours and openvpn",
  (context) => serve("openvpn", ["ours", "openvpn"], context),
);
