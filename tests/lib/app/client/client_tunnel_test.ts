import assert from "node:assert/strict";
import { programsOf } from "../../../../lib/app/programs/programs_of.ts";
import { TunnelPrograms } from "../../../../lib/app/programs/tunnel_programs.ts";
import { silentObserver } from "../../../../lib/app/tunnel_observer.ts";
import { effectiveUserId } from "deno-tun";
import { ClientTunnel } from "../../../../lib/app/client/client_tunnel.ts";
import { ClientNetwork } from "../../../../lib/app/client_network/client_network.ts";
import {
  type ClientConfig,
  parseConfigText,
  parsePushReply,
  type PulledOptions,
} from "../../../../lib/config/mod.ts";
import { tryRun } from "../../../harness/command.ts";
import { TemporaryDirectory } from "../../../harness/directory.ts";
import { eventually } from "../../../harness/eventually.ts";
import { isolatedTest } from "../../../ffi/isolated.ts";
import { connectMachine, ip, machineState, RecordedLog, wayTo } from "../../net/machine.ts";

effectiveUserId(); // loads libc before the sanitizers look

const here = import.meta.url;
const server = "198.51.100.7";

/** A client's tunnel without a client. */
class TestTunnel {
  readonly config: ClientConfig;
  readonly log = new RecordedLog();
  readonly tunnel: ClientTunnel;
  routeFailures = 0;

  constructor(lines: string, own = "persist-tun") {
    const text = `client\ndev tun\nca ca\ncert c\nkey k\nremote ${server}\n${own}\n${lines}\n`;
    this.config = parseConfigText(text, "client.ovpn").config as ClientConfig;
    const network = ClientNetwork.start(this.config, this.log);
    this.tunnel = new ClientTunnel({
      config: this.config,
      network,
      log: this.log,
      programs: new TunnelPrograms(this.config, programsOf(this.config, this.log), silentObserver),
      detach: () => Promise.resolve(),
      routesFailed: () => void this.routeFailures++,
    });
  }

  pulled(...options: string[]): PulledOptions {
    const base = ["ifconfig 10.8.0.2 255.255.255.0", "topology subnet", "route-gateway 10.8.0.1"];
    const reply = parsePushReply([...base, ...options], this.config);
    assert.equal(reply.kind, "accepted");
    return (reply as { options: PulledOptions }).options;
  }

  open(pulled: PulledOptions, address = server) {
    return this.tunnel.open(this.config.connections[0], pulled, address);
  }
}

await isolatedTest(here, "half a tunnel is not taken for a whole one", async () => {
  await connectMachine();
  await ip("route add 128.0.0.0/1 via 192.0.2.2");
  const before = await machineState();
  const client = new TestTunnel("redirect-gateway def1");
  const pulled = client.pulled();
  await assert.rejects(client.open(pulled), /cannot send all traffic into the tunnel/);
  await client.tunnel.disconnected();
  assert.equal(await machineState(), before);
  await assert.rejects(client.open(pulled), /cannot send all traffic into the tunnel/);
  await ip("route del 128.0.0.0/1");
  const opened = await client.open(pulled);
  assert.equal(opened.reopened, true);
  assert.equal(await wayTo("203.0.113.1"), "tun0");
  // The same once more: it stays. To another server: it stays too, and its packets stay out.
  assert.equal((await client.open(pulled)).reopened, false);
  assert.equal((await client.open(pulled, "198.51.100.8")).reopened, false);
  assert.equal(await wayTo("198.51.100.8"), "wan0 via 192.0.2.1");
  assert.equal(await wayTo(server), "tun0");
  await client.tunnel.close();
});

await isolatedTest(here, "routes as pulled: metrics, a gateway, a delay, block-ipv6", async () => {
  await connectMachine();
  const before = await machineState();
  const client = new TestTunnel("route-metric 77\nroute 172.20.0.0 255.255.0.0 net_gateway");
  await client.open(client.pulled(
    ...["route 172.16.0.0 255.255.0.0", "route 172.17.0.0 255.255.0.0 vpn_gateway 5"],
    ...["ifconfig-ipv6 fd00:8::2/64 fd00:8::1", "route-ipv6 2001:db8:5::/48", "block-ipv6"],
    "redirect-gateway ipv6 !ipv4",
  ));
  const routes = await ip("route");
  assert.match(routes, /172\.16\.0\.0\/16 dev tun0 .*metric 77/);
  assert.match(routes, /172\.17\.0\.0\/16 dev tun0 .*metric 5/);
  assert.match(routes, /172\.20\.0\.0\/16 via 192\.0\.2\.1 dev wan0 .*metric 77/);
  for (const address of ["2001:db8:5::1", "2606:4700::1111", "fd00:8::9"]) {
    const { stderr } = await tryRun(["ip", "-6", "route", "get", address]);
    assert.match(stderr, /No route to host/, address);
  }
  await client.tunnel.close();
  assert.equal(await machineState(), before);

  const late = new TestTunnel("route-delay 1");
  await late.open(late.pulled("route 172.16.0.0 255.255.0.0"));
  assert.doesNotMatch(await ip("route"), /172\.16/);
  await eventually("the route is there", async () => (await ip("route")).includes("172.16.0.0/16"));
  await late.tunnel.close();
});

await isolatedTest(
  here,
  "routes that come late and cannot be added end the connection",
  async () => {
    await connectMachine();
    await ip("route add 128.0.0.0/1 via 192.0.2.2");
    const client = new TestTunnel("redirect-gateway def1\nroute-delay 1");
    await client.open(client.pulled());
    await eventually("that is told", () => client.routeFailures === 1);
    assert.match(client.log.lines.at(-1)!, /cannot send all traffic into the tunnel/);
    // The next connection doesn't take it for whole, though the device may stay.
    await client.open(client.pulled());
    await eventually("that is told again", () => client.routeFailures === 2);
    await client.tunnel.close();
  },
);

await isolatedTest(
  here,
  "the device goes with the connection, unless the server pushes persist-tun",
  async () => {
    await connectMachine();
    const client = new TestTunnel("", "");
    await client.open(client.pulled());
    await client.tunnel.disconnected();
    assert.doesNotMatch(await ip("link"), /tun0/);
    await client.open(client.pulled("persist-tun"));
    await client.tunnel.disconnected();
    assert.match(await ip("link"), /tun0/);
    // What this server pushes counts no more when another one doesn't.
    assert.equal((await client.open(client.pulled())).reopened, false);
    await client.tunnel.disconnected();
    assert.doesNotMatch(await ip("link"), /tun0/);
  },
);

await isolatedTest(here, "setenv-safe of the server reaches the programs", async () => {
  await connectMachine();
  await using directory = await TemporaryDirectory.create();
  const script = `${directory.path}/up`;
  await Deno.writeTextFile(script, `#!/bin/sh\nenv > ${directory.path}/env\n`, { mode: 0o700 });
  const client = new TestTunnel(`script-security 2\nup ${script}`);
  await client.open(client.pulled("setenv-safe TASTE sweet"));
  assert.match(await Deno.readTextFile(`${directory.path}/env`), /^OPENVPN_TASTE=sweet$/m);
  await client.tunnel.close();
});

await isolatedTest(
  here,
  "down is called when the device is gone, with down-pre before",
  async () => {
    await connectMachine();
    await using directory = await TemporaryDirectory.create();
    const script = `${directory.path}/down`;
    const seen = `${directory.path}/seen`;
    await Deno.writeTextFile(script, `#!/bin/sh\nip link show $dev >${seen} 2>&1\nexit 0\n`, {
      mode: 0o700,
    });
    for (const [option, there] of [["down-pre", true], ["", false]] as const) {
      const client = new TestTunnel(`script-security 2\ndown ${script}\n${option}`);
      await client.open(client.pulled());
      await client.tunnel.close();
      assert.equal(/tun0: </.test(await Deno.readTextFile(seen)), there);
    }
  },
);
