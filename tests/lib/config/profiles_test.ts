import assert from "node:assert/strict";
import { type Config, parseConfigFile, type ParsedConfig } from "../../../lib/config/mod.ts";

const directory = new URL("../../fixtures/config/", import.meta.url).pathname;
const read = (name: string): ParsedConfig => parseConfigFile(directory + name);

function clientOf(parsed: ParsedConfig) {
  const config: Config = parsed.config;
  assert.ok(config.role === "client");
  return config;
}

function serverOf(parsed: ParsedConfig) {
  const config: Config = parsed.config;
  assert.ok(config.role === "server");
  return config;
}

const warnings = (parsed: ParsedConfig) =>
  parsed.notices.filter((n) => n.level === "warning").map((n) => n.message.replace(directory, ""));

Deno.test("a provider's profile with a password", () => {
  const parsed = read("provider_password.ovpn");
  const config = clientOf(parsed);
  assert.deepEqual(
    config.connections.map(({ host, port, transport }) => `${host} ${port} ${transport}`),
    [
      "nl-ams-01.vpn.example 1194 udp",
      "nl-ams-02.vpn.example 1194 udp",
      "nl-ams-03.vpn.example 53 udp",
    ],
  );
  assert.equal(config.remoteRandom, true);
  assert.equal(config.authUserPass?.source, "prompt");
  assert.equal(config.data.framing, "stub");
  assert.equal(config.data.auth, "SHA512");
  assert.equal(config.data.fallbackCipher, "AES-256-CBC");
  assert.ok(config.data.ciphers.includes("AES-256-CBC"));
  assert.deepEqual(config.ping, {
    interval: 15,
    timeout: 0,
    timeoutAction: "restart",
  });
  assert.equal(config.tls.renegSec, 0);
  assert.equal(config.tls.remoteCertEku, "1.3.6.1.5.5.7.3.1");
  const key = config.connections[2].controlKey;
  assert.equal(key?.kind, "tls-auth");
  assert.equal(key?.direction, 1);
  assert.ok(key?.key.source === "inline" && key.key.text.split("\n").length === 22);
  assert.deepEqual(warnings(parsed).map((w) => /"([a-z-]+)/.exec(w)?.[1]), ["comp-lzo"]);
});

Deno.test("a provider's profile with TCP, scripts and words for others", () => {
  const parsed = read("provider_many_remotes.ovpn");
  const config = clientOf(parsed);
  assert.deepEqual(
    config.connections.map((c) => [c.transport, c.port]),
    [["tcp", 443], ["udp", 1194], ["udp", 5060]],
  );
  assert.deepEqual(config.connections.map((c) => c.connectTimeout), [4, 4, 4]);
  assert.deepEqual(config.data.ciphers, [
    "AES-256-GCM",
    "AES-128-GCM",
    "CHACHA20-POLY1305",
    "AES-256-CBC",
  ]);
  assert.equal(config.authRetry, "nointeract");
  assert.deepEqual(config.pullFilters[0], { action: "ignore", prefix: "ifconfig-ipv6" });
  assert.equal(config.network.redirectGateway?.def1, true);
  assert.equal(config.network.redirectGateway?.ipv6, true);
  assert.equal(config.process.environment.CLIENT_CERT, "0");
  assert.match(config.scripts.up ?? "", /update-resolv-conf/);
  const all = warnings(parsed).join("\n");
  for (
    const expected of [
      /"tls-cipher" is accepted but not honoured yet/,
      /unknown option "another-unknown-one" ignored/,
      /unknown option "no-such-option" ignored/,
    ]
  ) assert.match(all, expected);
});

Deno.test("an installer's profile with tls-crypt", () => {
  const parsed = read("installer_tls_crypt.ovpn");
  assert.equal(clientOf(parsed).connections[0].controlKey?.kind, "tls-crypt");
});

Deno.test("an installer's profile with tls-auth", () => {
  const parsed = read("installer_tls_auth.ovpn");
  const config = clientOf(parsed);
  assert.deepEqual(config.tls.verifyX509Name, { name: "server_kVwq3", type: "name" });
  assert.equal(config.connections[0].explicitExitNotify, 1);
  assert.equal(config.connections[0].localPort, undefined);
  assert.deepEqual(warnings(parsed), []);
});

Deno.test("connection blocks", () => {
  const parsed = read("connections.ovpn");
  const config = clientOf(parsed);
  const [first, second, third, ...more] = config.connections;
  assert.equal(more.length, 0);
  assert.deepEqual([third.host, third.port, third.transport], ["third.example", 443, "tcp"]);
  assert.deepEqual([first.host, first.port, first.explicitExitNotify], ["first.example", 1195, 2]);
  assert.equal(first.connectTimeout, 10);
  assert.equal(first.controlKey?.direction, 1);
  assert.deepEqual([second.host, second.port, second.family], ["second.example", 443, 4]);
  assert.equal(second.controlKey?.direction, 0);
  assert.equal(second.mtu.tunMtu, 1400);
  assert.equal(second.connectTimeout, 120);
  assert.equal(second.connectRetryWait, 2);
});

Deno.test("a Windows profile: BOM, CRLF, backslashes, its own options", () => {
  const parsed = read("windows.ovpn");
  const config = clientOf(parsed);
  assert.equal(
    config.tls.ca?.source === "file" && config.tls.ca.path,
    "C:\\Program Files\\VPN\\ca.crt",
  );
  assert.equal(config.tls.cert?.source === "file" && config.tls.cert.path, "keys\\me.crt");
  assert.equal(config.tls.key?.source === "file" && config.tls.key.path, "keys\\me.key");
  assert.equal(config.tls.remoteCertEku, "1.3.6.1.5.5.7.3.1");
  assert.equal(config.network.routeDelay, 2);
  assert.deepEqual(
    parsed.notices.filter((n) => n.level === "info").map((n) => n.position.option),
    ["dev-node", "route-method", "register-dns", "block-outside-dns"],
  );
});

Deno.test("the server that everyone starts from", () => {
  const config = serverOf(read("server_classic.conf"));
  assert.deepEqual(config.pool, {
    start: "10.8.0.2",
    end: "10.8.0.254",
    netmask: "255.255.255.0",
  });
  assert.equal(config.maxClients, 100);
  assert.equal(config.ping.timeout, 240);
  assert.equal(config.controlKey?.direction, 0);
});

Deno.test("an installer's server: cd applies to relative paths alone", () => {
  const parsed = read("server_installer.conf");
  const config = serverOf(parsed);
  assert.equal(config.tls.ca?.source === "file" && config.tls.ca.path, "/etc/openvpn/ca.crt");
  assert.equal(
    config.tls.key?.source === "file" && config.tls.key.path,
    "/etc/ssl/private/server_kVwq3.key",
  );
  assert.equal(config.listen[0].family, 6);
  assert.deepEqual(config.data.ciphers, ["AES-128-GCM", "AES-128-CBC"]);
  assert.deepEqual(config.log.file, { path: "/var/log/openvpn/openvpn.log", append: true });
  assert.equal(warnings(parsed).length, 1); // ecdh-curve
});

const samples = "/usr/share/doc/openvpn/examples/sample-config-files/";
for (const role of ["client", "server"]) {
  const path = `${samples}${role}.conf`;
  // dpkg can be told to leave documentation out.
  const absent = !exists(path);
  Deno.test({
    name: `OpenVPN's sample ${role}.conf${
      absent ? " [skipped: its documentation isn't here]" : ""
    }`,
    ignore: absent,
    fn: () => assert.equal(parseConfigFile(path).config.role, role),
  });
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

Deno.test("a configuration is frozen all the way down", () => {
  const { config } = read("server_classic.conf");
  const check = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    assert.ok(Object.isFrozen(value));
    for (const inner of Object.values(value)) check(inner);
  };
  check(config);
});
