/**
 * Options per client and IPv6 in the tunnel: one configuration, served by our program and by
 * OpenVPN, with a client of each.
 */
import assert from "node:assert/strict";
import { eventually } from "../harness/eventually.ts";
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
  "script-security 2",
  `client-connect "${directory}/script ${directory} connect"`,
  `client-disconnect "${directory}/script ${directory} disconnect"`,
  `learn-address "${directory}/script ${directory} learn"`,
  `tls-verify "${directory}/script ${directory} verify"`,
  `tls-export-cert ${directory}`,
];

/** One program for all: what it is called with goes into files, `denied` is not let in. */
const script = `#!/bin/sh
directory=$1 event=$2
shift 2
# Several may run at once: a line or a file is written in one go.
echo "$event $*" >> $directory/calls
case $event in
connect)
  env > $directory/connect.$common_name
  test "$common_name" = denied && exit 1
  echo 'push "route 192.168.70.0 255.255.255.0"' > $1
  if test "$common_name" = plain; then
    echo 2 > $client_connect_deferred_file
    (sleep 1; echo 1 > $client_connect_deferred_file) > /dev/null 2>&1 &
  fi ;;
disconnect) env > $directory/disconnect.$common_name ;;
verify) case $2 in *untrusted*) exit 1 ;; esac
  grep -q "BEGIN CERTIFICATE" $peer_cert || exit 1 ;;
esac
exit 0
`;

/** What OpenVPN tells its programs of a client, without the values that differ each time. */
const variables: Readonly<Record<string, RegExp>> = {
  common_name: /^router$/,
  script_type: /^client-connect$/,
  trusted_ip: /^198\.18\.0\.\d+$/,
  trusted_port: /^\d+$/,
  untrusted_ip: /^198\.18\.0\.\d+$/,
  ifconfig_pool_remote_ip: /^10\.8\.0\.100$/,
  ifconfig_pool_netmask: /^255\.255\.255\.0$/,
  ifconfig_pool_remote_ip6: /^fd00:8::100$/,
  ifconfig_pool_local_ip6: /^fd00:8::1$/,
  ifconfig_pool_ip6_netbits: /^64$/,
  time_ascii: /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/,
  time_unix: /^\d{10}$/,
  X509_0_CN: /^router$/,
  X509_1_CN: /^Test CA$/,
  tls_id_0: /^CN=router$/,
  tls_serial_0: /^\d+$/,
  tls_serial_hex_0: /^[0-9a-f]{2}(:[0-9a-f]{2})*$/,
  tls_digest_0: /^[0-9a-f]{2}(:[0-9a-f]{2}){19}$/,
  tls_digest_sha256_0: /^[0-9a-f]{2}(:[0-9a-f]{2}){31}$/,
  IV_VER: /^2\.6/,
  dev: /^tun0$/,
  tun_mtu: /^1500$/,
  ifconfig_local: /^10\.8\.0\.1$/,
};

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

/** The variables that a program wrote into a file. */
async function environment(path: string): Promise<Map<string, string>> {
  const lines = (await Deno.readTextFile(path)).split("\n");
  return new Map(lines.map((line) => {
    const end = line.indexOf("=");
    return [line.slice(0, end), line.slice(end + 1)];
  }));
}

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
  await Deno.writeTextFile(`${directory}/script`, script, { mode: 0o700 });
  const peer = stack.use(
    await scenario.startServer({ implementation: server, extra: serverLines(directory) }),
  );
  await peer.ready({ timeoutMs: 60_000 });
  const connect = async (name: string, implementation: Implementation, index: number) => {
    const certificate = await authority.issue(name, { usage: "client" });
    const client = stack.use(
      await scenario.startClient(
        {
          implementation,
          certificate,
          extra: [
            "explicit-exit-notify 1",
            "script-security 2",
            `tls-verify "${directory}/script ${directory} client-verify"`,
          ],
        },
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

  await context.step(
    "a client that is disabled, or that a program refuses, stays out",
    async () => {
      for (const name of ["barred", "denied"]) {
        const refused = await connect(name, clients[1], 2);
        await refused.process.waitForLine(/AUTH_FAILED/, { timeoutMs: 60_000 });
        await refused.process.stop();
      }
      const after = peer.process.lineCount;
      const untrusted = await connect("untrusted", clients[1], 2);
      await peer.process.waitForLine(/VERIFY SCRIPT ERROR: depth=0, CN=untrusted/, {
        after,
        timeoutMs: 60_000,
      });
      await untrusted.process.stop();
      // And the other way round: our client asks about the server.
      const doubting = stack.use(
        await scenario.startClient({
          implementation: "ours",
          extra: ["script-security 2", "tls-verify /bin/false"],
        }, 2),
      );
      await doubting.process.waitForLine(/VERIFY SCRIPT ERROR: depth=1, CN=Test CA/, {
        timeoutMs: 60_000,
      });
      assert.doesNotMatch(doubting.process.output, /Initialization Sequence Completed/);
      await doubting.process.stop();
    },
  );

  await context.step("programs are told who comes, by OpenVPN's variables", async () => {
    const told = await environment(`${directory}/connect.router`);
    for (const [name, expected] of Object.entries(variables)) {
      assert.match(told.get(name) ?? "(unset)", expected, name);
    }
    const his = (await plainHost.namespace.routes()).join("\n");
    assert.match(his, /^192\.168\.70\.0\/24 .*dev tun0/m, "a deferred answer's routes");
    const calls = (await Deno.readTextFile(`${directory}/calls`)).split("\n");
    for (
      const call of [
        "verify 1 CN=Test CA",
        "verify 0 CN=router",
        "learn add 10.8.0.100 router",
        "learn add fd00:8::100 router",
        "learn add 192.168.40.0/24 router",
        "learn add fd00:40::/64 router",
        "learn add 10.8.0.2 plain",
        "client-verify 0 CN=server",
      ]
    ) assert.ok(calls.includes(call), `${call}\n${calls.join("\n")}`);
  });

  await context.step("they hear what went through when a client is gone", async () => {
    await router.process.stop();
    await eventually("the programs have run", async () => {
      const told = await environment(`${directory}/disconnect.router`);
      assert.match(told.get("time_duration") ?? "", /^\d+$/);
      for (const name of ["bytes_received", "bytes_sent"]) {
        assert.ok(Number(told.get(name)) > 5000, `${name} ${told.get(name)}`);
      }
      const calls = (await Deno.readTextFile(`${directory}/calls`)).split("\n");
      return calls.includes("learn delete 10.8.0.100");
      // Where the exit notification is lost, the server's ping-restart ends the session.
    }, 60_000);
  });

  await context.step("the addresses of the pool are remembered", async () => {
    await peer.process.stop();
    const text = await Deno.readTextFile(`${directory}/ipp.txt`);
    assert.match(text, /^plain,10\.8\.0\.2,fd00:8::1000$/m);
    // Who was still there is gone with the server, and its program has run.
    const told = await environment(`${directory}/disconnect.plain`);
    assert.match(told.get("time_duration") ?? "", /^\d+$/);
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
