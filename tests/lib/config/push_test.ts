import assert from "node:assert/strict";
import fc from "fast-check";
import { type ClientConfig, mergeNetwork, parsePushReply } from "../../../lib/config/mod.ts";
import { optionRows } from "../../../lib/config/table.ts";
import { client } from "./profile.ts";

function accepted(reply: string, base: ClientConfig = client()) {
  const result = parsePushReply(reply.split(","), base);
  assert.ok(result.kind === "accepted");
  return result;
}

// What an OpenVPN 2.6 server with topology subnet sends (the manual's "--server" and
// "--push", and push.c's order: configuration, ifconfig, peer-id, cipher, protocol-flags, tun-mtu).
const reply = "route 192.168.10.0 255.255.255.0,redirect-gateway def1 bypass-dhcp," +
  "dhcp-option DNS 10.8.0.1,route-gateway 10.8.0.1,topology subnet,ping 10,ping-restart 120," +
  "ifconfig 10.8.0.2 255.255.255.0,peer-id 0,cipher AES-256-GCM,protocol-flags cc-exit," +
  "tun-mtu 1500";

Deno.test("OpenVPN's push reply", () => {
  const { options, notices } = accepted(reply);
  assert.deepEqual(options.ifconfig, { local: "10.8.0.2", remoteOrNetmask: "255.255.255.0" });
  assert.equal(options.topology, "subnet");
  assert.equal(options.peerId, 0);
  assert.equal(options.cipher, "AES-256-GCM");
  assert.equal(options.tunMtu, 1500);
  assert.equal(options.controlChannelExit, true);
  assert.equal(options.routeGateway, "10.8.0.1");
  assert.deepEqual(options.routes, [{ network: "192.168.10.0", netmask: "255.255.255.0" }]);
  assert.equal(options.redirectGateway?.def1, true);
  assert.deepEqual(options.dhcpOptions, [{ type: "DNS", value: "10.8.0.1" }]);
  assert.deepEqual(options.ping, {
    interval: 10,
    timeout: 120,
    timeoutAction: "restart",
  });
  assert.deepEqual(notices, []);
});

Deno.test("route-nopull leaves out routes and DNS, not addresses", () => {
  const { options } = accepted(reply, client("route-nopull"));
  assert.deepEqual(options.routes, []);
  assert.deepEqual(options.dhcpOptions, []);
  assert.equal(options.redirectGateway, undefined);
  assert.equal(options.routeGateway, "10.8.0.1");
  assert.ok(options.ifconfig !== undefined);
});

Deno.test("pull-filter: the first that matches counts", () => {
  const base = client(
    'pull-filter accept "route 192.168"',
    "pull-filter ignore route",
    'pull-filter ignore "redirect-gateway"',
  );
  const { options } = accepted(reply, base);
  assert.equal(options.routes.length, 1);
  assert.equal(options.routeGateway, undefined);
  assert.equal(options.redirectGateway, undefined);
  const rejecting = client('pull-filter reject "auth-token"');
  const result = parsePushReply(["auth-token SECRET"], rejecting);
  assert.ok(result.kind === "refused" && result.byFilter);
  assert.ok(!JSON.stringify(result).includes("SECRET"));
});

// What would run a program, open a file or change whom we trust.
const dangerous = [
  "up /bin/sh",
  "script-security 2",
  "plugin x.so",
  "remote evil.example",
  "ca other",
  "log /etc/passwd",
  "writepid /etc/passwd",
  "cd /",
  "config x",
  "setenv PATH /x",
  "auth none",
  "verify-x509-name x",
  "remote-cert-eku any",
  "tls-version-max 1.2",
  "user root",
  "management 0.0.0.0 1",
  "bind-dev eth0",
  "mark 1",
  "pull-filter ignore x",
  "route-nopull",
  "data-ciphers AES-128-CBC",
  "reneg-sec 0",
  "http-proxy a 1",
  "client",
];

Deno.test("a server can't push what is dangerous", () => {
  const nothing = accepted("").options;
  for (const option of dangerous) {
    const { options, notices } = accepted(option);
    assert.deepEqual(options, nothing, option);
    assert.match(notices[0].message, /may not push/, option);
  }
});

Deno.test("unknown and wrong options are left out with a warning", () => {
  const { options, notices } = accepted(
    'frobnicate 1,route x y,ping abc,ping 7,route 10.0.0.0,"open',
  );
  assert.equal(options.ping.interval, 7);
  assert.equal(options.routes.length, 1);
  assert.equal(notices.filter((n) => n.level === "warning").length, 4);
});

Deno.test("names in routes only with allow-pull-fqdn", () => {
  assert.equal(accepted("route host.example").options.routes.length, 0);
  assert.equal(accepted("route host.example", client("allow-pull-fqdn")).options.routes.length, 1);
});

Deno.test("what both ends must agree on refuses the session", () => {
  const reason = (option: string) => {
    const result = parsePushReply([option], client());
    return result.kind === "refused" ? result.reason : "accepted";
  };
  assert.match(reason("cipher BF-CBC"), /BF-CBC, which isn't supported/);
  assert.match(reason("cipher none"), /in the clear/);
  assert.match(reason("cipher NOPE"), /unknown cipher/);
  assert.match(reason("key-derivation tls-ekm"), /data keys by "tls-ekm"/);
  assert.match(reason("protocol-flags cc-exit dyn-tls-crypt"), /"dyn-tls-crypt"/);
  assert.match(reason("protocol-flags aead-epoch"), /"aead-epoch"/);
  assert.match(reason("peer-id 16777216"), /from 0 to 16777215/);
  assert.equal(reason("peer-id 16777215"), "accepted");
});

Deno.test("a token is in no message", () => {
  for (
    const option of ["auth-token S3CRET S3CRET", "auth-token-user S3CRET!", '"auth-token S3CRET']
  ) {
    const result = accepted(option);
    assert.ok(result.notices.length > 0, option);
    const messages = result.notices.map((n) => n.message).join();
    if (!option.startsWith("auth-token-user")) assert.ok(!messages.includes("S3CRET"), messages);
  }
  assert.equal(
    accepted("auth-token S3CRET,auth-token-user dXNlcg==").options.authTokenUser,
    "user",
  );
});

Deno.test("DNS servers by priority", () => {
  const { dns } = accepted(
    "dns search-domains a.example b.example,dns server 5 address 10.0.0.5,dns server 1 address " +
      "10.0.0.1:5353 [2001:db8::1]:53,dns server 1 resolve-domains corp.example," +
      "dns server 1 dnssec optional,dns server 1 transport DoT,dns server 1 sni dns.example",
  ).options;
  assert.deepEqual(dns, {
    searchDomains: ["a.example", "b.example"],
    servers: [
      {
        priority: 1,
        addresses: ["10.0.0.1:5353", "[2001:db8::1]:53"],
        resolveDomains: ["corp.example"],
        dnssec: "optional",
        transport: "DoT",
        sni: "dns.example",
      },
      { priority: 5, addresses: ["10.0.0.5"], resolveDomains: [] },
    ],
  });
});

Deno.test("pushed and own network options together", () => {
  const base = client("route 172.16.0.0 255.240.0.0", "redirect-gateway local", "route-metric 3");
  const merged = mergeNetwork(base.network, accepted(reply, base).options);
  assert.deepEqual(merged.routes.map((r) => r.network), ["172.16.0.0", "192.168.10.0"]);
  assert.equal(merged.topology, "subnet");
  assert.equal(merged.routeMetric, 3);
  assert.equal(merged.redirectGateway?.local, true);
  assert.equal(merged.redirectGateway?.def1, true);
});

Deno.test("too many options are refused", () => {
  assert.equal(parsePushReply(new Array(5000).fill("ping 1"), client()).kind, "refused");
});

Deno.test("nothing that is pushed throws", () => {
  const base = client("pull-filter ignore x");
  const name = fc.constantFrom(...optionRows.map((row) => row.name));
  const word = fc.oneof(
    fc.string({ maxLength: 20, unit: "binary" }),
    fc.ipV4(),
    fc.ipV6(),
    fc.integer().map(String),
    fc.constantFrom("tls-ekm", "def1", "server", "address", "__proto__", "constructor"),
  );
  const option = fc.tuple(name, fc.array(word, { maxLength: 5 })).map(([n, w]) =>
    [n, ...w].join(" ")
  );
  const any = fc.oneof(option, fc.string({ maxLength: 60, unit: "binary" }));
  fc.assert(
    fc.property(fc.array(any, { maxLength: 5 }), (options) => {
      const result = parsePushReply(options, base);
      assert.ok(result.kind === "accepted" || result.reason !== "");
    }),
    { numRuns: 500 },
  );
});

Deno.test("what is logged is not the server's to say", () => {
  const { notices } = accepted("verb 11,mute 3");
  assert.deepEqual(notices.map(({ verb }) => verb), [3, 3]);
  for (const { message } of notices) assert.match(message, /is not followed/);
});
