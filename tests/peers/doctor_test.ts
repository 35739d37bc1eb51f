/** `vpn doctor` finds what is wrong, and what it names mends it. */
import assert from "node:assert/strict";
import type { Finding } from "../../lib/doctor/finding.ts";
import { run } from "../harness/command.ts";
import { clientConfig, serverPort } from "../harness/configs.ts";
import { hostState } from "../harness/machine_state.ts";
import type { NetworkNamespace } from "../harness/namespace.ts";
import { vpnCommand } from "../harness/program.ts";
import { peerRequirements, testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";

const patience = { timeoutMs: 60_000 };
const requirements = [...peerRequirements, "nft", "iptables", "sysctl", "setpriv"] as const;
const program = vpnCommand;

/** A doctor, and somebody who does as it says. */
class Practice {
  constructor(readonly host: NetworkNamespace, readonly args: readonly string[]) {}

  /** What it finds; `wrapper`: a command that it is run by. */
  async look(wrapper: readonly string[] = []): Promise<Finding[]> {
    const command = [...wrapper, ...program, "doctor", ...this.args, "--json"];
    const { code, stdout, stderr } = await this.host.tryExec(command);
    assert.equal(stderr, "");
    const findings: Finding[] = JSON.parse(stdout);
    assert.equal(code, findings.some(({ status }) => status === "problem") ? 1 : 0);
    return findings;
  }

  /** Those that are wrong, by what was looked at. */
  async problems(wrapper: readonly string[] = []): Promise<Map<string, Finding>> {
    const wrong = (await this.look(wrapper)).filter(({ status }) => status === "problem");
    return new Map(wrong.map((finding) => [finding.check, finding]));
  }

  /** Runs what a finding names; `vpn` is our program. */
  async mend({ check, command }: Finding): Promise<void> {
    assert.ok(command !== undefined, `${check} names no command`);
    const script = `vpn() { ${program.map((word) => `'${word}'`).join(" ")} "$@"; }; ${command}`;
    await this.host.exec(["sh", "-c", script]);
  }
}

await testWith(
  "vpn doctor finds what is wrong with a server, and its commands mend it",
  async () => {
    await using scenario = await Scenario.create("doctor");
    const { namespace: host } = scenario.serverHost;
    const state = `${scenario.directory}/state`;
    await host.ip("route", "add", "default", "via", scenario.clientHost().address);
    const serve = () => host.spawn([...program, "serve", "--state", state], { name: "vpn serve" });

    const practice = new Practice(host, ["server", "--state", state]);
    assert.match((await practice.problems()).get("configuration")?.command ?? "", /^vpn serve/);
    {
      await using first = serve();
      await first.waitForLine(/Initialization Sequence Completed/, patience);
    }
    const config = `${state}/server.conf`;
    await Deno.writeTextFile(config, `\npush "redirect-gateway def1"\n`, { append: true });
    await host.exec(["sysctl", "-qw", "net.ipv4.ip_forward=1"]);
    await host.exec([
      "nft",
      "table ip nat { chain p { type nat hook postrouting priority 100; masquerade; }; }",
    ]);
    assert.deepEqual([...(await practice.problems()).keys()], [], "nothing is wrong yet");

    // What goes wrong, all at once.
    await Deno.chmod(`${state}/server.key`, 0o644);
    await replaceByExpiredList(state, scenario.directory);
    await using squatter = host.spawn([
      ...[Deno.execPath(), "eval", "--no-config"],
      `import { createSocket } from "node:dgram";
     createSocket("udp4").bind(${serverPort}, "0.0.0.0", () => console.log("bound"));`,
    ], { name: "squatter" });
    await squatter.waitForLine(/bound/, patience);
    await host.exec([
      "nft",
      "flush ruleset; table inet fw { chain in { type filter hook input priority 0; policy drop; " +
      "iifname lo accept; ct state established,related accept; tcp dport 22 accept; }; }",
    ]);
    await host.exec(["iptables", "-P", "FORWARD", "DROP"]);
    await host.exec(["sysctl", "-qw", "net.ipv4.ip_forward=0"]);
    await host.ip("address", "add", "10.8.0.77/24", "dev", "eth0");
    await host.exec([
      "nft",
      'table inet vpn_kill_switch { comment "kill switch of vpn, process 4194304 1"; ' +
      "chain output { type filter hook output priority -310; policy drop; meta mark 1 accept; }; }",
    ]);
    const before = await hostState(host);
    const found = await practice.problems();
    assert.equal(await hostState(host), before, "it changes nothing");
    assert.deepEqual([...found.keys()].sort(), [
      "address translation",
      "addresses",
      "files",
      "firewall, forwarded",
      "firewall, incoming",
      "forwarding",
      "kill switch",
      "port",
      "revocation list",
    ]);
    assert.match(found.get("port")!.message, new RegExp(`taken by .*process ${squatter.pid}`));
    assert.match(
      found.get("firewall, incoming")!.message,
      /inet fw in by its policy drops UDP 1194/,
    );
    assert.match(
      found.get("firewall, forwarded")!.command!,
      /^iptables -I FORWARD -i tun0 -j ACCEPT/,
    );
    assert.match(found.get("addresses")!.command!, /--server 10\.77\.0\.0 255\.255\.255\.0$/);
    for (const [check, finding] of found) {
      // That one starts a server in another network.
      if (check !== "addresses") await practice.mend(finding);
    }
    assert.deepEqual([...(await practice.problems()).keys()], ["addresses"]);
    await host.ip("address", "delete", "10.8.0.77/24", "dev", "eth0");
    await using server = serve();
    await server.waitForLine(/Initialization Sequence Completed/, patience);
    const findings = await practice.look();
    assert.match(findings.find(({ check }) => check === "port")!.message, /the server runs/);

    // Privileges and the device, where they can be taken from one process alone.
    const bare = ["setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin"];
    assert.match((await practice.problems(bare)).get("privileges")?.command ?? "", /setcap/);
    const hidden = [
      "unshare",
      "--mount",
      "sh",
      "-c",
      'mount -t tmpfs none /dev/net && exec "$@"',
      "-",
    ];
    assert.match((await practice.problems(hidden)).get("TUN device")?.message ?? "", /is missing/);
  },
  requirements,
);

await testWith(
  "vpn doctor finds what is wrong with a client, and its commands mend it",
  async () => {
    await using scenario = await Scenario.create("doctor");
    const [server, client] = [scenario.serverHost, scenario.clientHost()];
    const host = client.namespace;
    const profile = `${scenario.directory}/client.conf`;
    const { credentials } = scenario;
    const write = (remote: string, ...extra: string[]) =>
      Deno.writeTextFile(profile, clientConfig(remote, { credentials, extra }).join("\n") + "\n", {
        mode: 0o600,
      });
    const practice = new Practice(host, ["client", "--config", profile]);
    const only = async (check: string, wrapper: readonly string[] = []) => {
      const problems = await practice.problems(wrapper);
      assert.deepEqual([...problems.keys()], [check], JSON.stringify([...problems.values()]));
      return problems.get(check)!;
    };
    await write(`${server.address} ${serverPort}`);

    // Nobody there, and nothing in order: a certificate that has ended, a key that is missing, no
    // name server.
    const yesterday = Date.now() - 86_400_000;
    const ended = await credentials.authority.issue("late", {
      usage: "client",
      notBefore: yesterday - 86_400_000,
      notAfter: yesterday,
    });
    const other = `${scenario.directory}/other.key`;
    await host.setResolvConf("# empty\n");
    await write(
      "vpn.example.test 1194",
      ...[`cert ${ended.certificate}`, `key ${ended.key}`, `tls-auth ${other} 1`],
    );
    const many = await practice.problems();
    assert.deepEqual([...many.keys()].sort(), ["certificates", "files", "server's name"]);
    assert.match(many.get("certificates")!.message, /ended on .* ask the server's administrator/);
    assert.match(many.get("files")!.message, /other\.key/);
    const resolver = many.get("server's name")!;
    assert.match(resolver.command!, /^echo nameserver .* >>\/etc\/resolv\.conf$/);

    // Another key than the server's looks as if nobody were there.
    await using peer = await scenario.startServer({ implementation: "openvpn" });
    await peer.ready(patience);
    await run(["openvpn", "--genkey", "secret", other]);
    await write(`${server.address} ${serverPort}`, `tls-auth ${other} 1`);
    assert.match((await only("server's answer")).message, /is silent.*another key for tls-auth/);

    // A firewall of our own, and a link that is down.
    await write(`${server.address} ${serverPort}`);
    await host.exec([
      "nft",
      "table ip fw { chain out { type filter hook output priority 0; udp dport 1000-2000 drop; }; }",
    ]);
    await practice.mend((await practice.problems()).get("firewall, outgoing")!);
    await host.ip("link", "set", "eth0", "down");
    await practice.mend(await only("route to the server"));
    assert.deepEqual([...(await practice.problems()).keys()], []);

    // A path that loses long packets.
    await server.namespace.ip("link", "set", "eth0", "mtu", "1400");
    const [, found] = (await only("path MTU")).command!.match(/--mssfix (\d+) mtu$/)!;
    // A veth takes four bytes more than its MTU, for a VLAN tag.
    assert.ok(Number(found) > 1300 && Number(found) <= 1404, found);
    await write(`${server.address} ${serverPort}`, `mssfix ${found} mtu`);
    assert.deepEqual([...(await practice.problems()).keys()], []);
    await server.namespace.ip("link", "set", "eth0", "mtu", "1500");

    // Another server: TCP, and a key that encrypts.
    await using tcp = await scenario.startServer({
      implementation: "openvpn",
      tlsAuth: false,
      extra: ["proto tcp-server", `tls-crypt ${credentials.tlsAuth}`],
    });
    await tcp.ready(patience);
    const options = { credentials, tlsAuth: false, extra: [`tls-crypt ${credentials.tlsAuth}`] };
    const lines = clientConfig(`${server.address} ${serverPort} tcp`, options);
    await Deno.writeTextFile(profile, lines.join("\n") + "\n");
    const answered = await practice.look();
    for (const check of ["server's answer", "server's clock"]) {
      assert.equal(answered.find((finding) => finding.check === check)?.status, "ok", check);
    }

    // What a killed client has left: the next start takes it back.
    await write(`${server.address} ${serverPort}`);
    await host.setResolvConf("nameserver 192.0.2.53\n");
    await using killed = await scenario.startClient({
      implementation: "ours",
      extra: ["dhcp-option DNS 10.8.0.1"],
    });
    await killed.ready(patience);
    await killed.process.stop("SIGKILL");
    const left = await only("former runs");
    assert.match(left.message, /file \/etc\/resolv\.conf/);
    assert.equal(left.command, `vpn connect ${profile}`);
    await using next = await scenario.startClient({ implementation: "ours" });
    await next.ready(patience);
    await next.process.stop("SIGTERM", 30_000);
    assert.deepEqual([...(await practice.problems()).keys()], []);
  },
  requirements,
);

/** A revocation list of the state directory's authority that has ended. */
async function replaceByExpiredList(state: string, directory: string): Promise<void> {
  const database = `${directory}/index.txt`;
  await Deno.writeTextFile(database, "");
  await Deno.writeTextFile(`${directory}/crlnumber`, "01\n");
  const file = `${directory}/crl.cnf`;
  await Deno.writeTextFile(
    file,
    `[ca]\ndefault_ca=a\n[a]\ndatabase=${database}\ncrlnumber=${directory}/crlnumber\n` +
      "default_md=sha256\n",
  );
  await run([
    ...["openssl", "ca", "-config", file, "-gencrl", "-cert", `${state}/ca.crt`],
    ...["-keyfile", `${state}/ca.key`, "-out", `${state}/crl.pem`],
    ...["-crl_lastupdate", "20260101000000Z", "-crl_nextupdate", "20260102000000Z"],
  ]);
}
