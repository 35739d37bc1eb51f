import assert from "node:assert/strict";
import fc from "fast-check";
import { parseClientOptions } from "../../../lib/config/client_options.ts";
import { ConfigError } from "../../../lib/config/mod.ts";

function read(...lines: string[]) {
  return parseClientOptions(lines.join("\n"), "ccd/alice").options;
}

Deno.test("a client's file", () => {
  assert.deepEqual(
    read(
      "# comment",
      "ifconfig-push 10.8.0.9 255.255.255.0",
      "ifconfig-ipv6-push fd00::9/64 fd00::1",
      "iroute 192.168.4.0 255.255.255.0",
      "iroute 192.168.5.1",
      "iroute-ipv6 fd01::/48",
      'push "route 10.1.0.0 255.255.0.0"',
      "push-reset",
      "push-remove route",
      "inactive 60 1000",
      "session-timeout 3600",
      "vpn-acl allow 10.0.0.0/8 tcp/80-90",
      "vpn-acl deny any /53",
      "vpn-acl allow fd02::/16 icmp",
      "disable",
    ),
    {
      disable: true,
      access: [
        {
          allow: true,
          network: "10.0.0.0",
          prefixLength: 8,
          protocol: "tcp",
          ports: { first: 80, last: 90 },
        },
        ...(["0.0.0.0", "::"] as const).flatMap((network) =>
          (["tcp", "udp"] as const).map((protocol) => ({
            allow: false,
            network,
            prefixLength: 0,
            protocol,
            ports: { first: 53, last: 53 },
          }))
        ),
        { allow: true, network: "fd02::", prefixLength: 16, protocol: "icmp" },
      ],
      ifconfigPush: { local: "10.8.0.9", netmask: "255.255.255.0" },
      ifconfigIpv6Push: { local: "fd00::9", prefixLength: 64, remote: "fd00::1" },
      iroutes: [
        { network: "192.168.4.0", prefixLength: 24 },
        { network: "192.168.5.1", prefixLength: 32 },
        { network: "fd01::", prefixLength: 48 },
      ],
      pushes: [
        { kind: "add", option: "route 10.1.0.0 255.255.0.0" },
        { kind: "reset" },
        { kind: "remove", prefix: "route" },
      ],
      inactive: { seconds: 60, bytes: 1000 },
      sessionTimeout: 3600,
    },
  );
  assert.deepEqual(read(), { disable: false, pushes: [], iroutes: [], access: [] });
});

for (
  const [line, problem] of [
    ["port 1194", /"port" can't be used in a client's file/],
    ["dsable", /unknown option "dsable"/],
    ["iroute 1.2.3", /an IPv4 address/],
    ["ifconfig-push 10.8.0.9 10.8.0.10", /netmask/],
    ["<connection>\nremote x\n</connection>", /connection/],
    ["vpn-acl allow 10.0.0.0/33", /a network/],
    ["vpn-acl allow 10.0.0.0/8/9", /a network/],
    ["vpn-acl permit any", /"allow" or "deny"/],
    ["vpn-acl allow any icmp/3", /expects "tcp"/],
    ["vpn-acl allow any tcp/9-1", /the lower one first/],
    ["vpn-acl allow any tcp/70000", /0 to 65535/],
    ["vpn-acl allow any esp", /expects "tcp"/],
    ["up /bin/sh", /can't be used in a client's file/],
  ] as const
) {
  Deno.test(`a mistake in a client's file is said with its place: ${line}`, () => {
    assert.throws(
      () => read("", line),
      (error) =>
        error instanceof ConfigError && problem.test(error.message) &&
        /^ccd\/alice:2:/.test(error.message),
    );
  });
}

Deno.test("a list of rules has an end", () => {
  const rules = Array.from({ length: 1025 }, (_, i) => `vpn-acl allow 10.0.${i >> 8}.${i & 255}`);
  assert.equal(read(...rules.slice(1)).access.length, 1024);
  assert.throws(() => read(...rules), /ccd\/alice:1025: more than 1024 rules/);
});

Deno.test("whatever a file says, it is read or said to be wrong", () => {
  const word = fc.oneof(
    fc.constantFrom("push", "iroute", "disable", '"', "10.8.0.1", "255.0.0.0", "fd00::/64", "#"),
    fc.string({ maxLength: 12 }),
  );
  const line = fc.array(word, { maxLength: 5 }).map((words) => words.join(" "));
  fc.assert(fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
    try {
      read(...lines);
    } catch (error) {
      assert.ok(error instanceof ConfigError, String(error));
    }
  }));
});

Deno.test("ciphers for one client have no effect, and that is said", () => {
  for (
    const line of [
      ...["data-ciphers AES-256-GCM", "ncp-ciphers AES-256-GCM"],
      ...["data-ciphers-fallback AES-256-CBC", "cipher AES-256-CBC"],
    ]
  ) {
    const { notices } = parseClientOptions(line, "alice");
    assert.match(notices[0].message, /the server's own ciphers count/, line);
    assert.equal(notices[0].level, "warning");
  }
});
