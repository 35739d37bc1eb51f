import assert from "node:assert/strict";
import fc from "fast-check";
import { inspectFiles, parseConfigText } from "../../../lib/config/mod.ts";
import type { ServerConfig } from "../../../lib/config/mod.ts";
import { checkAddresses, overlap } from "../../../lib/doctor/addresses.ts";
import {
  checkCertificates,
  checkClock,
  checkFiles,
  checkRevocationList,
} from "../../../lib/doctor/certificates.ts";
import { shellWord } from "../../../lib/doctor/finding.ts";
import { checkForwarding, checkIpv6, isGateway, sendsOn } from "../../../lib/doctor/forwarding.ts";
import { socketsOnPort } from "../../../lib/doctor/listeners.ts";
import { pathMtu } from "../../../lib/doctor/path_mtu.ts";
import { checkPrivileges, checkTunDevice } from "../../../lib/doctor/privileges.ts";
import { TestAuthority } from "../../harness/certificates.ts";
import { run } from "../../harness/command.ts";
import { TemporaryDirectory } from "../../harness/directory.ts";
import { testWith } from "../../harness/requirements.ts";

const day = 86_400_000;

function server(lines: string): ServerConfig {
  const text = `dev tun\nca ca\ncert c\nkey k\ndh none\n${lines}\n`;
  return parseConfigText(text, "server.conf").config as ServerConfig;
}

await testWith("doctor: dates of certificates and lists, keys, files, the clock", async () => {
  await using directory = await TemporaryDirectory.create();
  const authority = await TestAuthority.create(directory.path);
  const now = Date.now();
  const valid = { usage: "server", notBefore: now - 10 * day, notAfter: now + 300 * day } as const;
  const own = await authority.issue("server", valid);
  const other = await authority.issue("other", valid);
  const config = (key = own.key, crl = authority.crl) =>
    parseConfigText(
      `dev tun\nserver 10.8.0.0 255.255.255.0\ndh none\nca ${authority.certificate}\n` +
        `cert ${own.certificate}\nkey ${key}\ncrl-verify ${crl}\n`,
      "server.conf",
    ).config;
  const input = (at: number, key?: string, crl?: string) => {
    const parsed = config(key, crl);
    return { config: parsed, loaded: inspectFiles(parsed), now: at, state: "/srv/vpn data" };
  };
  await Deno.chmod(own.key, 0o600);
  const statuses = (at: number) => checkCertificates(input(at)).map(({ status }) => status);
  assert.deepEqual(statuses(now), ["ok"]);
  assert.deepEqual(statuses(now + 280 * day), ["warning"]);
  assert.deepEqual(statuses(now - 11 * day).includes("problem"), true);
  const [ended] = checkCertificates(input(now + 301 * day));
  assert.equal(ended.status, "problem");
  assert.equal(ended.command, "vpn pki renew server --state '/srv/vpn data'");
  const [mismatch] = checkCertificates(input(now, other.key));
  assert.equal(mismatch.status, "problem");

  const list = (at: number, crl?: string) => checkRevocationList(input(at, undefined, crl))[0];
  assert.equal(list(now).status, "ok");
  assert.equal(list(now + 3649 * day).status, "warning");
  assert.equal(list(now + 3651 * day).status, "problem");
  assert.equal(list(now + 3651 * day).command, "vpn pki crl --state '/srv/vpn data'");
  assert.equal(list(now - 30 * day).command, "timedatectl set-ntp true");
  assert.equal(list(now, own.certificate).status, "problem");

  assert.equal(checkClock(input(now), [now]).status, "ok");
  assert.equal(checkClock(input(now), [now + 3 * day]).status, "problem");
  assert.equal(checkClock(input(now - 20 * day), []).command, "timedatectl set-ntp true");

  assert.deepEqual(checkFiles(input(now)).map(({ status }) => status), ["ok"]);
  await Deno.chmod(own.key, 0o640);
  const [readable] = checkFiles(input(now));
  assert.equal(readable.status, "problem");
  await run(["sh", "-c", readable.command!]);
  assert.deepEqual(checkFiles(input(now)).map(({ status }) => status), ["ok"]);
  assert.match(checkFiles(input(now, "/nowhere/key"))[0].message, /\/nowhere\/key/);
}, ["openssl"]);

Deno.test("doctor: privileges and the device", () => {
  const status = (effective: string) => `Name:\tvpn\nCapEff:\t${effective}\n`;
  assert.equal(checkPrivileges("vpn", status("000001ffffffffff")).status, "ok");
  assert.equal(checkPrivileges("vpn", status("0000000000001000")).status, "ok");
  const missing = checkPrivileges("/usr/bin/vpn", status("0000000000000000"));
  assert.equal(missing.command, "sudo setcap cap_net_admin+ep /usr/bin/vpn");
  assert.equal(checkPrivileges("vpn", "").status, "skipped");
  assert.equal(checkTunDevice("/nowhere/tun").status, "problem");
  assert.equal(checkTunDevice("/dev/null").status, "ok");
});

Deno.test("doctor: forwarding and IPv6, as the kernel's switches say", () => {
  const push = (option: string) => server(`server 10.8.0.0 255.255.255.0\npush "${option}"`);
  const read = (value: string | undefined) => () => value;
  assert.equal(checkForwarding(push("ping 10"), false, read("0\n")).status, "skipped");
  for (const option of ["redirect-gateway def1", "route 192.168.0.0 255.255.0.0"]) {
    const off = checkForwarding(push(option), false, read("0\n"));
    assert.equal(off.command, "sysctl -w net.ipv4.ip_forward=1");
    assert.equal(checkForwarding(push(option), true, read("0\n")).status, "ok");
    assert.equal(checkForwarding(push(option), false, read("1\n")).status, "ok");
  }
  assert.equal(sendsOn(push("route-gateway 10.8.0.1")), false);
  assert.equal(isGateway(push("redirect-gateway def1")), true);
  assert.equal(isGateway(push("redirect-gateway ipv6 !ipv4")), false);
  assert.deepEqual(checkIpv6(false, read("1")), []);
  assert.equal(checkIpv6(true, read("0"))[0].status, "ok");
  assert.match(checkIpv6(true, read("1"))[0].command!, /disable_ipv6=0$/);
  assert.equal(checkIpv6(true, read(undefined))[0].status, "problem");
});

Deno.test("doctor: a server's network that an interface is in, and a free one", () => {
  const config = server("server 10.8.0.0 255.255.255.0");
  const lan = (address: string, prefixLength: number) => ({
    address,
    prefixLength,
    device: "eth0",
  });
  const check = (...local: ReturnType<typeof lan>[]) => checkAddresses(config, local, "vpn serve");
  assert.equal(check(lan("192.168.1.2", 24)).status, "ok");
  assert.equal(check(lan("10.8.0.9", 24)).command, "vpn serve --server 10.77.0.0 255.255.255.0");
  assert.equal(
    check(lan("10.8.0.9", 24), lan("10.77.0.3", 16)).command,
    "vpn serve --server 10.78.0.0 255.255.255.0",
  );
  // All of 10.0.0.0/8 is taken: there is none to propose.
  assert.equal(check(lan("10.1.1.1", 8)).command, undefined);
  const client = parseConfigText(
    "client\ndev tun\nca ca\ncert c\nkey k\nremote 192.0.2.1\nroute 192.168.0.0 255.255.0.0\n" +
      "redirect-gateway def1\n",
    "client.ovpn",
  ).config;
  assert.equal(checkAddresses(client, [lan("192.168.1.2", 24)], "vpn").status, "warning");
  assert.equal(checkAddresses(client, [lan("172.16.1.2", 24)], "vpn").status, "ok");
});

Deno.test("doctor: networks overlap where the shorter takes in the longer", () => {
  const network = (address: string, prefixLength: number) => ({ address, prefixLength });
  assert.equal(overlap(network("10.0.0.0", 8), network("10.200.1.1", 24)), true);
  assert.equal(overlap(network("10.0.0.0", 24), network("10.0.1.0", 24)), false);
  assert.equal(overlap(network("fd00:8::1", 64), network("fd00:8::", 16)), true);
  assert.equal(overlap(network("10.0.0.0", 8), network("fd00::", 8)), false);
  const any = fc.record({ address: fc.oneof(fc.ipV4(), fc.ipV6()), prefixLength: fc.nat(32) });
  fc.assert(fc.property(any, any, (a, b) => {
    assert.equal(overlap(a, b), overlap(b, a));
    assert.equal(overlap(a, a), true);
  }));
});

// proc_net(5): two lines of /proc/net/udp and one of /proc/net/tcp of a Debian machine.
Deno.test("doctor: sockets on a port", () => {
  const head =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
  const udp =
    `${head}\n  425: 00000000:04AA 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 21839 2 0000 0\n` +
    `  426: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 21840 2 0000 0\n`;
  assert.deepEqual(socketsOnPort(udp, "udp", 1194), ["21839"]);
  assert.deepEqual(socketsOnPort(udp, "udp", 53), ["21840"]);
  assert.deepEqual(socketsOnPort(udp, "udp", 5353), []);
  const tcp =
    `${head}\n   0: 00000000:04AA 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 999 1 0000\n` +
    `   1: 0100007F:04AA 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 1000 1 0000\n`;
  assert.deepEqual(socketsOnPort(tcp, "tcp", 1194), ["999"]);
  assert.deepEqual(socketsOnPort("", "tcp", 1194), []);
});

Deno.test("doctor: the path's MTU is found to 8 bytes", async () => {
  await fc.assert(fc.asyncProperty(fc.integer({ min: 576, max: 1500 }), async (limit) => {
    let asked = 0;
    const found = await pathMtu(1500, 4, (length) => {
      asked++;
      return Promise.resolve(length <= limit);
    });
    assert.ok(found! <= limit && found! > limit - 8 - 1, `${found} for ${limit}`);
    assert.ok(asked < 40);
  }));
  assert.equal(await pathMtu(1500, 6, () => Promise.resolve(false)), undefined);
  assert.equal(await pathMtu(1492, 6, () => Promise.resolve(true)), 1492);
});

Deno.test("doctor: words for a shell", () => {
  assert.equal(shellWord("/etc/vpn/server.conf"), "/etc/vpn/server.conf");
  assert.equal(shellWord("a b"), "'a b'");
  assert.equal(shellWord("it's $(id)"), `'it'\\''s $(id)'`);
});
