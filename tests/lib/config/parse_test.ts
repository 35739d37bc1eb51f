import assert from "node:assert/strict";
import { parseArgv, parseConfigFile, parseConfigText } from "../../../lib/config/mod.ts";
import {
  client,
  clientLines,
  memoryHost,
  parseLines,
  refusal,
  server,
  serverLines,
} from "./profile.ts";

/** Lines, the role that they are added to, and the whole line that the user reads. */
const refusals: [base: readonly string[], line: string, expected: RegExp][] = [
  [clientLines, "remtoe x", /^test\.conf:7: unknown option "remtoe": did you mean "remote"\?$/],
  [clientLines, "frobnicate", /^test\.conf:7: unknown option "frobnicate": remove it/],
  [clientLines, "--verb x", /^test\.conf:7: "verb" expects a number of at least 0, not "x"$/],
  [clientLines, "verb", /^test\.conf:7: "verb" has no parameters: write "verb N"$/],
  [clientLines, "verb 1 2", /has 2 parameters: write "verb N"$/],
  [clientLines, "nobind 1", /has 1 parameter: write "nobind"$/],
  [clientLines, "remote h 99999", /expects a port from 1 to 65535, not "99999"$/],
  [clientLines, "remote h 1194 upd", /did you mean "udp"\?$/],
  [clientLines, "remote $(id)", /expects a host name or an address/],
  [clientLines, "proto ipx", /expects one of udp, /],
  [clientLines, "dev tap", /TAP devices .*: use "dev tun"/],
  [clientLines, "dev tap0", /TAP devices/],
  [clientLines, "dev null", /write "dev tun"/],
  [clientLines, "dev vpn0", /add "dev-type tun"/],
  [clientLines, "dev tun0123456789abcd", /expects the name of a network device/],
  [clientLines, "dev tun/../x", /expects the name of a network device/],
  [clientLines, "cipher none", /"cipher none" sends packets in the clear: use AES-256-GCM/],
  [clientLines, "data-ciphers none", /sends packets in the clear/],
  [clientLines, "data-ciphers ?none", /sends packets in the clear/],
  [
    clientLines,
    "data-ciphers AES-256-GMC",
    /unknown cipher "AES-256-GMC": did you mean "AES-256-GCM"/,
  ],
  [clientLines, "data-ciphers AES-256-GCM::X", /colon between them/],
  [clientLines, "data-ciphers BF-CBC:?NOPE", /has no cipher that is supported/],
  [clientLines, `data-ciphers ${"AES-256-GCM:".repeat(11)}`, /longer than 127 characters/],
  [clientLines, "data-ciphers-fallback BF-CBC", /BF-CBC isn't supported: use AES-256-CBC/],
  [clientLines, "auth none", /leaves packets unauthenticated/],
  [clientLines, "auth SHA265", /did you mean "SHA256"/],
  [clientLines, "fragment 1300", /"fragment": Fragmentation .*: remove it/],
  [clientLines, "secret static.key", /no forward secrecy: use tls-server/],
  [clientLines, "http-proxy p 8080", /HTTP proxies aren't supported for now/],
  [clientLines, "tls-crypt a\ntls-crypt-v2 b", /"tls-crypt" and "tls-crypt-v2" exclude each other/],
  [clientLines, "tls-crypt-v2-max-age 3", /"tls-crypt-v2-max-age" is for servers/],
  [serverLines, "tls-auth a\ntls-crypt b", /"tls-auth" and "tls-crypt" exclude each other/],
  [serverLines, "tls-crypt a\ntls-crypt-v2-max-age 3", /"tls-crypt-v2-max-age" without "tls-cry/],
  [serverLines, "tls-crypt-v2 a\ntls-crypt-v2-verify /bin/true", /add "script-security 2"/],
  [clientLines, "peer-fingerprint 00", /expects a SHA-256 fingerprint/],
  [clientLines, "verify-hash 00:11", /expects a hash of 20 or 32 bytes/],
  [clientLines, `verify-hash ${"00".repeat(20)} SHA256`, /expects a hash of 32 bytes/],
  [clientLines, "tls-cert-profile strong", /expects "insecure", "legacy", "preferred" or "suiteb"/],
  [clientLines, "management 127.0.0.1", /"management"/],
  [clientLines, "management 127.0.0.1 0", /a port from 1 to 65535/],
  [clientLines, "management tunnel 7505", /any client may reach it/],
  [clientLines, "management-hold", /"management-hold" without "management"/],
  [serverLines, "management a unix\nmanagement-query-remote", /is for clients/],
  [clientLines, "management a unix\nmanagement-client-auth", /is for servers/],
  [clientLines, "management 127.0.0.1 1\nmanagement-client-user x", /is for a unix socket/],
  [clientLines, "management-external-key", /isn't possible with this TLS library/],
  [clientLines, "crl-verify d directory", /expects "dir"/],
  [clientLines, "daemon a/b", /a name of letters/],
  [clientLines, "nice 20", /from -20 to 19/],
  [clientLines, "remap-usr1 SIGKILL", /"SIGHUP" or "SIGTERM"/],
  [clientLines, "mlock", /V8/],
  [clientLines, "server 10.8.0.0 255.255.255.0", /"server" and "client" exclude each other/],
  [clientLines, "tls-server", /"client" and "tls-server" exclude each other/],
  [clientLines, "client-to-client", /"client-to-client" is for servers: remove it/],
  [clientLines, "ifconfig-pool 10.0.0.1 10.0.0.9", /is for servers/],
  [clientLines, "tls-version-max 1.1", /TLS below 1\.2 isn't spoken/],
  [clientLines, "tls-version-min 1.4", /expects "1\.0", "1\.1", "1\.2" or "1\.3"/],
  [clientLines, "tls-version-min 1.3\ntls-version-max 1.2", /is above/],
  [clientLines, "keepalive 10 15", /less than twice the interval/],
  [clientLines, "keepalive 10 60\nping 5", /^test\.conf:8: "keepalive" and "ping" exclude/],
  [clientLines, "nobind\nlport 1", /"nobind" and "lport" exclude/],
  [clientLines, "nobind\nlocal 1.2.3.4", /"nobind" and "local" exclude/],
  [clientLines, "nobind\nbind", /"nobind" and "bind" exclude/],
  [clientLines, "key-direction 2", /expects "0" or "1", not "2"/],
  [clientLines, "remote-cert-tls peer", /expects "client" or "server"/],
  [clientLines, "remote-cert-eku serverAuht", /did you mean "serverAuth"\?/],
  [clientLines, "remote-cert-ku xyz", /key usage bits in hex/],
  [clientLines, "route 10.0.0.0 255.0.255.0", /netmask such as 255\.255\.255\.0/],
  [clientLines, "route-ipv6 10.0.0.0/8", /IPv6 network such as/],
  [clientLines, "redirect-gateway def2", /did you mean "def1"\?/],
  [clientLines, "replay-window 64 601", /from 0 to 600/],
  [clientLines, "reneg-sec 60 600", /the minimum is above the maximum/],
  [clientLines, "peer-id 3", /only a server pushes it/],
  [clientLines, "iroute 10.0.0.0", /client's file in client-config-dir/],
  [clientLines, "<verb>\n3\n</verb>", /can't be an inline block: write "verb N"/],
  [clientLines, "<ca>\nx", /^test\.conf:7: <ca> has no end: add a line "<\/ca>"$/],
  [clientLines, "<connection>\nport 1\n</connection>", /:7: a <connection> block without a remote/],
  [
    clientLines,
    "<connection>\nremote a\nverb 3\n</connection>",
    /^test\.conf:9: "verb" can't be used in a <connection>/,
  ],
  [
    clientLines,
    "<connection>\nremote a\nprot udp\n</connection>",
    /^test\.conf:9: unknown option "prot": did you mean "proto"/,
  ],
  [clientLines, "setenv opt", /names no option/],
  [clientLines, "setenv opt fragment 1300", /Fragmentation/],
  [clientLines, "setenv GENERIC_CONFIG", /is a template/],
  [clientLines, "setenv A=B c", /expects a variable's name/],
  [
    clientLines,
    "config nested.conf",
    /^test\.conf:7: can't read the configuration file "nested\.conf" \(it doesn't exist\)/,
  ],
  [clientLines, "-----BEGIN PRIVATE KEY-----", /outside of an inline block/],
  [clientLines, "dns server 200 address 1.2.3.4", /from -128 to 127/],
  [clientLines, "dns server 1 adress 1.2.3.4", /did you mean "address"/],
  [clientLines, "dhcp-option DNS 1.2.3", /expects an IPv4 address/],
  [
    serverLines,
    "topology net30",
    /a server with "topology net30" isn't supported: write "topology subnet"/,
  ],
  [serverLines, "x509-username-field emailAddress", /only CN is supported/],
  [serverLines, "remote x", /"remote" is for clients/],
  [serverLines, "nobind", /"nobind" is for clients/],
  [serverLines, "redirect-gateway def1", /is for clients: write push/],
  [serverLines, "auth-user-pass", /is for clients/],
  [serverLines, "pull", /"server" and "pull" exclude/],
  [serverLines, "proto tcp-client", /a server can't use/],
  [serverLines, "explicit-exit-notify 3", /is 0, 1 .* or 2/],
  [serverLines, "ifconfig-pool 10.8.0.9 10.8.0.4", /isn't 1 to 65536 addresses/],
  [serverLines, "ifconfig-pool 10.8.0.4 10.8.0.9", /"server" and "ifconfig-pool" exclude/],
  [serverLines, "server 10.8.0.1 255.255.255.0", /write "server 10\.8\.0\.0 255\.255\.255\.0"/],
  [serverLines, "server 10.8.0.0 255.255.255.252", /is \/30, it must be \/16 to \/29/],
  [serverLines, "server 10.0.0.0 255.0.0.0", /is \/8/],
  [serverLines, "server 10.8.0.0 255.0.255.0", /expects a netmask/],
  [serverLines, 'push "a,b"', /has a comma/],
  [serverLines, "max-clients 0", /from 1 to 16777214/],
  [serverLines, "verify-client-cert none", /needs something that checks passwords/],
  [serverLines, "plugin x.so", /Plugins are shared objects/],
  [serverLines, "<connection>\nremote a\n</connection>", /is for clients/],
  [["dev tun"], "ca x", /^the configuration is neither a client's nor a server's: write "client"/],
  [["dev tun", "tls-client", "ca x"], "remote h", /without "pull" .* isn't supported yet/],
  [["client", "remote h", "ca x"], "nobind", /^"dev" is missing: add "dev tun"$/],
  [["client", "dev tun", "ca x"], "nobind", /^"remote" is missing/],
  [["client", "dev tun", "remote h"], "auth-user-pass", /^"ca" is missing/],
  [
    ["client", "dev tun", "remote h", "ca x"],
    "nobind",
    /"cert" and "key" are missing: add them, or "auth-user-pass"/,
  ],
  [
    ["client", "dev tun", "remote h", "ca x"],
    "cert c",
    /^test\.conf:5: "cert" without "key": add "key FILE"$/,
  ],
  [
    ["server 10.8.0.0 255.255.255.0", "topology subnet", "dev tun"],
    "ca x",
    /"cert" and "key" are missing/,
  ],
  [
    ["mode server", "tls-server", "topology subnet", "dev tun", "ca x"],
    "cert c\nkey k",
    /"server" is missing/,
  ],
];

for (const [base, line, expected] of refusals) {
  Deno.test(`refused: ${line.replaceAll("\n", " / ").slice(0, 60)}`, () => {
    const problem = refusal(() => parseLines([...base, line]));
    assert.match(problem ?? "nothing was refused", expected);
    assert.ok(!problem?.includes("\n"), "one line");
  });
}

Deno.test("client is tls-client with pull; mode server and tls-server are a server's", () => {
  const without = (lines: readonly string[], ...left: readonly string[]) =>
    lines.filter((line) => !left.includes(line));
  const plain = (lines: readonly string[]) => JSON.stringify(parseLines(lines).config);
  // What says where in the file something stands differs.
  const placeless = (text: string) => text.replace(/"line":\d+/g, "");
  assert.equal(
    placeless(plain([...without(clientLines, "client"), "tls-client", "pull"])),
    placeless(plain(clientLines)),
  );
  assert.equal(
    placeless(plain([...serverLines, "mode server", "tls-server"])),
    placeless(plain(serverLines)),
  );
});

Deno.test("dev-type says what a device of another name is", () => {
  const named = client("dev vpn0", "dev-type tun");
  assert.equal(named.device.name, "vpn0");
  assert.match(refusal(() => client("dev vpn0", "dev-type tap")) ?? "", /TAP|tap/);
});

Deno.test("the bases of these tests are fine", () => {
  assert.equal(refusal(() => parseLines(clientLines)), undefined);
  assert.equal(refusal(() => parseLines(serverLines)), undefined);
});

Deno.test("unknown options are taken after FORWARD_COMPATIBLE and ignore-unknown-option", () => {
  const parsed = parseLines([
    ...clientLines,
    "ignore-unknown-option foo --bar",
    "foo 1",
    "bar",
    "setenv FORWARD_COMPATIBLE 1",
    "baz 2",
  ]);
  assert.deepEqual(
    parsed.notices.filter((n) => n.message.includes("unknown")).map((n) => n.position.option),
    ["foo", "bar", "baz"],
  );
  assert.ok(refusal(() => parseLines([...clientLines, "foo 1", "ignore-unknown-option foo"])));
});

Deno.test("a key without its block shows up in no message", () => {
  const secret = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ";
  const lines = [
    ...clientLines,
    "setenv FORWARD_COMPATIBLE 1",
    "-----BEGIN PRIVATE KEY-----",
    secret,
  ];
  const problem = refusal(() => parseLines(lines)) ?? "";
  assert.match(problem, /outside of an inline block/);
  assert.ok(!problem.includes("MIIE"));
});

Deno.test("cipher counts only without data-ciphers", () => {
  assert.deepEqual(client("cipher AES-256-CBC").data, {
    ...client().data,
    ciphers: ["AES-256-GCM", "AES-128-GCM", "CHACHA20-POLY1305", "AES-256-CBC"],
    cipher: "AES-256-CBC",
    fallbackCipher: "AES-256-CBC",
  });
  const both = client("data-ciphers aes-128-gcm", "cipher AES-256-CBC").data;
  assert.deepEqual(both.ciphers, ["AES-128-GCM"]);
  assert.equal(both.fallbackCipher, undefined);
  assert.equal(client("cipher BF-CBC").data.cipher, undefined);
  assert.deepEqual(client("data-ciphers DEFAULT:AES-256-CBC").data.ciphers.length, 4);
  assert.equal(client("ncp-ciphers AES-128-CBC").data.ciphers[0], "AES-128-CBC");
});

Deno.test("framing of compression that isn't done", () => {
  const framing = (line: string) => client(line).data.framing;
  assert.equal(framing("comp-lzo"), "stub");
  assert.equal(framing("comp-lzo no"), "stub");
  assert.equal(framing("compress lzo"), "stub");
  assert.equal(framing("compress"), "stub-swap");
  assert.equal(framing("compress lz4"), "stub-swap");
  assert.equal(framing("compress stub-v2"), "stub-v2");
  assert.equal(framing("compress lz4-v2"), "stub-v2");
  assert.equal(framing("compress migrate"), "none");
  assert.equal(framing("allow-compression no"), "none");
});

Deno.test("tls-auth takes its direction from either place, the last one counts", () => {
  const direction = (...lines: string[]) => client(...lines).connections[0].controlKey?.direction;
  assert.equal(direction("tls-auth ta"), undefined);
  assert.equal(direction("tls-auth ta 1"), 1);
  assert.equal(direction("key-direction 1", "tls-auth ta"), 1);
  assert.equal(direction("key-direction 1", "tls-auth ta 0"), 0);
  assert.equal(direction("<tls-auth>", "x", "</tls-auth>", "key-direction 0"), 0);
});

Deno.test("redirect-gateway's flags add up", () => {
  const { redirectGateway } =
    client("redirect-gateway def1", "redirect-gateway bypass-dns").network;
  assert.deepEqual(redirectGateway, {
    ipv4: true,
    ipv6: false,
    local: false,
    autolocal: false,
    def1: true,
    bypassDhcp: false,
    bypassDns: true,
    blockLocal: false,
  });
  assert.equal(client("redirect-private local").network.redirectGateway?.ipv4, false);
  assert.equal(client("redirect-gateway !ipv4").network.redirectGateway?.ipv4, false);
});

Deno.test("transports, each with its families", () => {
  const connection = (proto: string) => {
    const { transport, family } = client(`proto ${proto}`).connections[0];
    return [transport, family];
  };
  assert.deepEqual(connection("udp6"), ["udp", 6]);
  for (const proto of ["tcp", "tcp-client"]) {
    assert.deepEqual(connection(proto), ["tcp", undefined]);
  }
  assert.deepEqual(connection("tcp4-client"), ["tcp", 4]);
  assert.deepEqual(connection("tcp6"), ["tcp", 6]);
  assert.deepEqual(server("proto tcp6-server").listen[0].transport, "tcp");
  assert.deepEqual(server("proto tcp").listen[0].family, undefined);
});

Deno.test("a server listens wherever local says, with port and protocol of its own", () => {
  const { listen } = server(
    "proto udp4",
    "port 1200",
    "local 192.0.2.1",
    "local * 443 tcp-server",
    "local 0.0.0.0 1300 udp4",
    "local :: 1300 udp6",
  );
  assert.deepEqual(listen, [
    { transport: "udp", family: 4, local: "192.0.2.1", port: 1200, ipv6Only: false },
    { transport: "tcp", port: 443, ipv6Only: false },
    { transport: "udp", family: 4, local: "0.0.0.0", port: 1300, ipv6Only: false },
    { transport: "udp", family: 6, local: "::", port: 1300, ipv6Only: true },
  ]);
  assert.throws(() => server("local 192.0.2.1", "local 192.0.2.1"), /listens there already/);
  assert.throws(() => server("local * 443 tcp-client"), /tcp-client/);
  assert.throws(() => client("local 192.0.2.1", "local 192.0.2.2"), /one "local"/);
  assert.throws(() => client("local 192.0.2.1 1200"), /on servers only/);
});

Deno.test("explicit-exit-notify is ignored with TCP", () => {
  assert.equal(
    client("proto tcp", "explicit-exit-notify 2").connections[0].explicitExitNotify,
    0,
  );
  assert.equal(server("proto tcp", "explicit-exit-notify 1").explicitExitNotify, 0);
  assert.equal(server("proto udp", "explicit-exit-notify 1").explicitExitNotify, 1);
});

Deno.test("routes", () => {
  assert.deepEqual(
    client(
      "route 10.0.0.0 255.0.0.0 net_gateway 7",
      "route host.example",
      "route 10.1.0.0 255.255.0.0 default 9",
    ).network.routes,
    [
      { network: "10.0.0.0", netmask: "255.0.0.0", gateway: "net_gateway", metric: 7 },
      { network: "host.example", netmask: "255.255.255.255" },
      { network: "10.1.0.0", netmask: "255.255.0.0", metric: 9 },
    ],
  );
});

Deno.test("a mistyped push is said, and goes out all the same", () => {
  const parsed = parseLines([...serverLines, 'push "rout 10.0.0.0"', 'push "management x"']);
  const text = parsed.notices.map((n) => n.message).join("\n");
  assert.match(
    text,
    /test\.conf:7: push "rout 10\.0\.0\.0": unknown option: did you mean "route"\?/,
  );
  assert.match(text, /test\.conf:8: .*clients don't take this option/);
  assert.ok(parsed.config.role === "server" && parsed.config.push.includes("rout 10.0.0.0"));
});

Deno.test("a server without topology is taken as subnet, with a warning", () => {
  const parsed = parseLines(serverLines.filter((line) => !line.startsWith("topology")));
  assert.equal(parsed.config.network.topology, "subnet");
  assert.match(parsed.notices.map((n) => n.message).join("\n"), /no "topology": taken as/);
});

Deno.test("a client that takes any certificate is warned", () => {
  const warned = (...lines: string[]) =>
    parseLines([...clientLines, ...lines]).notices.some((n) =>
      /passes for the server/.test(n.message)
    );
  assert.equal(warned(), true);
  assert.equal(warned("remote-cert-tls server"), false);
  assert.equal(warned("verify-x509-name x name"), false);
});

Deno.test("a notice comes once per option", () => {
  const { notices } = parseLines([
    ...clientLines,
    "persist-key",
    "persist-key",
    "tls-cipher A",
    "tls-cipher B",
  ]);
  assert.equal(notices.filter((n) => n.position.option === "persist-key").length, 1);
  assert.equal(notices.filter((n) => n.position.option === "tls-cipher").length, 1);
});

Deno.test("included files: cd, names, nesting without end", () => {
  const host = memoryHost({
    "main.conf": "cd /etc/vpn\nconfig more.conf\n",
    "/etc/vpn/more.conf": [...clientLines, "verb x"].join("\n"),
    "self.conf": "config self.conf\n",
  });
  assert.match(
    refusal(() => parseConfigFile("main.conf", host)) ?? "",
    /^\/etc\/vpn\/more\.conf:7: "verb" expects/,
  );
  assert.match(
    refusal(() => parseConfigFile("self.conf", host)) ?? "",
    /^self\.conf:1: more than 10 configuration files inside one another/,
  );
  assert.match(
    refusal(() => parseConfigFile("none.conf", host)) ?? "",
    /^can't read the configuration file "none\.conf" \(it doesn't exist\)/,
  );
});

Deno.test("the command line", () => {
  const host = memoryHost({ "c.conf": clientLines.join("\n"), "my conf": clientLines.join("\n") });
  const verb = (...argv: string[]) => {
    const parsed = parseArgv(argv, host);
    return parsed.kind === "run" ? parsed.config.log.verb : parsed.kind;
  };
  assert.equal(verb("c.conf"), 1);
  assert.equal(verb("my conf"), 1);
  assert.equal(verb("--config", "c.conf", "--verb", "4"), 4);
  assert.equal(verb("--verb", "4", "--config", "c.conf"), 4);
  assert.equal(verb(), "help");
  assert.equal(verb("--help"), "help");
  assert.equal(verb("--config", "c.conf", "--version"), "version");
  assert.match(
    refusal(() => verb("--config", "c.conf", "--verb", "x")) ?? "",
    /^--verb: "verb" expects/,
  );
  assert.match(
    refusal(() => verb("--confg", "c.conf")) ?? "",
    /unknown option "confg": did you mean "config"/,
  );
  assert.match(refusal(() => verb("connect", "c.conf")) ?? "", /"connect" is no option/);
  assert.match(refusal(() => verb("--")) ?? "", /is no option/);
  const parsed = parseArgv(
    ["--config", "c.conf", "--crypto", "webcrypto", "--state", "/s", "--disable-offload"],
    host,
  );
  assert.ok(parsed.kind === "run");
  const { engine, state, offload } = parsed.config.process;
  assert.deepEqual({ engine, state, offload }, {
    engine: "webcrypto",
    state: "/s",
    offload: false,
  });
});

Deno.test("every crypto engine can be chosen, and no other word", () => {
  const host = memoryHost({ "c.conf": clientLines.join("\n") });
  const parsed = (engine: string) => parseArgv(["--config", "c.conf", "--crypto", engine], host);
  for (const engine of ["auto", "webcrypto", "openssl", "ipsec-mb"]) {
    const result = parsed(engine);
    assert.ok(result.kind === "run");
    assert.equal(result.config.process.engine, engine);
  }
  assert.match(refusal(() => parsed("ipsecmb")) ?? "", /ipsec-mb/);
});

Deno.test("inline blocks: indented ends, CRLF, names of no option", () => {
  const { tls } = client("<ca>\r", "one\r", "  two", "\t</ca> trailing");
  assert.ok(tls.ca?.source === "inline");
  assert.equal(tls.ca.text, "one\n  two\n");
  assert.match(
    refusal(() => parseLines([...clientLines, "<cae>", "x", "</cae>"])) ?? "",
    /unknown option "cae"/,
  );
});

Deno.test("line length: as OpenVPN's for options, any for comments", () => {
  const long = `setenv X ${"y".repeat(245)}`;
  assert.equal(long.length, 254);
  assert.equal(client(long).process.environment.X.length, 245);
  assert.match(refusal(() => client(`${long}y`)) ?? "", /longer than 254 bytes/);
  client(`# ${"-".repeat(1000)}`);
});

Deno.test("a text that is far too long is refused as a whole", () => {
  const problem = refusal(() => parseConfigText("#".repeat(5 << 20), "big.conf")) ?? "";
  assert.match(problem, /^big\.conf is longer than \d+ characters/);
});

Deno.test("setenv __proto__ is a name like any other", () => {
  const { environment } = client("setenv __proto__ x").process;
  assert.equal(Object.getPrototypeOf(environment), null);
  assert.ok(Object.hasOwn(environment, "__proto__"));
});

Deno.test("server defaults that OpenVPN doesn't print", () => {
  const config = server();
  assert.equal(config.verifyClientCert, "require");
  assert.deepEqual(config.connectFreqInitial, { count: 100, seconds: 10 });
  assert.equal(config.controlKey, undefined);
});

Deno.test("a server's tls-crypt-v2, beside a key for clients without their own", () => {
  const config = server(
    "tls-auth ta.key 0",
    "tls-crypt-v2 server.key allow-noncookie",
    "script-security 2",
    "tls-crypt-v2-verify '/bin/check metadata'",
    "tls-crypt-v2-max-age 30",
    "tls-crypt-v2-revoked revoked.txt",
    "cd /etc/openvpn",
  );
  const pathOf = (file?: { source: string; path?: string }) => file?.path;
  assert.equal(config.controlKey?.kind, "tls-crypt-v2");
  assert.equal(pathOf(config.controlKey?.key), "/etc/openvpn/server.key");
  assert.equal(config.groupControlKey?.kind, "tls-auth");
  assert.equal(config.groupControlKey?.direction, 0);
  assert.equal(config.tlsCryptV2.allowNoncookie, true);
  assert.equal(config.tlsCryptV2.verify, "/bin/check metadata");
  assert.equal(config.tlsCryptV2.maximumAge, 30 * 86_400);
  assert.equal(pathOf(config.tlsCryptV2.revoked), "/etc/openvpn/revoked.txt");
  assert.equal(server("tls-crypt-v2 k").tlsCryptV2.allowNoncookie, undefined);
});

Deno.test("ns-cert-type is taken as remote-cert-tls", () => {
  for (const role of ["server", "client"]) {
    const { remoteCertEku } = client(`remote-cert-tls ${role}`).tls;
    assert.ok(remoteCertEku !== undefined);
    assert.equal(client(`ns-cert-type ${role}`).tls.remoteCertEku, remoteCertEku);
  }
});
