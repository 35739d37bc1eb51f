import assert from "node:assert/strict";
import { join } from "node:path";
import { parseArgv } from "../../../lib/config/mod.ts";
import { VpnError } from "../../../lib/base/errors.ts";
import { clientProfile } from "../../../lib/pki/client_profile.ts";
import { serverConfiguration } from "../../../lib/pki/server_configuration.ts";
import { inTemporaryDirectory } from "./temporary.ts";

const pem = "-----BEGIN X-----\nAAAA\n-----END X-----\n";
const controlKey = { kind: "tls-auth", text: pem } as const;
const client = { remote: "vpn.example", ca: pem, cert: pem, key: pem, controlKey };

Deno.test("our own parser takes the profile and the server's configuration", async () => {
  await inTemporaryDirectory(async (directory) => {
    const profile = join(directory, "client.ovpn");
    await Deno.writeTextFile(profile, clientProfile({ ...client, port: 1195 }));
    const parsed = parseArgv(["--config", profile]);
    assert.ok(parsed.kind === "run" && parsed.config.role === "client");
    const awkward = join(directory, 'a "b" \\c');
    await Deno.mkdir(awkward);
    const configuration = join(awkward, "server.conf");
    await Deno.writeTextFile(configuration, serverConfiguration({ directory: awkward }));
    const served = parseArgv(["--config", configuration]);
    assert.ok(served.kind === "run" && served.config.role === "server");
    assert.equal(served.config.process.directory, awkward);
  });
});

Deno.test("a value cannot bring in an option of its own", () => {
  for (const remote of ["a b", "a\nscript-security 2", 'a"', "a#", ""]) {
    assert.throws(() => clientProfile({ ...client, remote }), VpnError);
  }
  for (const port of [0, 65536, 1.5, NaN]) {
    assert.throws(() => clientProfile({ ...client, port }), VpnError);
  }
  const block = `${pem}</key>\nup evil`;
  assert.throws(() => clientProfile({ ...client, key: block }), VpnError);
  assert.throws(() => serverConfiguration({ directory: "/a\nup evil" }), VpnError);
  assert.throws(() => serverConfiguration({ directory: "/a", network: "1 2" }), VpnError);
  const exit = { resolvers: ['192.0.2.53"\nup evil'], networkIpv6: "fd00:8::/64" };
  assert.throws(() => serverConfiguration({ directory: "/a", exit }), VpnError);
});

Deno.test("a server that is an exit node has all that clients need", async () => {
  await inTemporaryDirectory(async (directory) => {
    const file = join(directory, "server.conf");
    const exit = { resolvers: ["192.0.2.53", "192.0.2.54"], networkIpv6: "fd00:8::/64" };
    await Deno.writeTextFile(file, serverConfiguration({ directory, exit }));
    const parsed = parseArgv(["--config", file]);
    assert.ok(parsed.kind === "run" && parsed.config.role === "server");
    const { config } = parsed;
    assert.equal(config.exit?.server, true);
    assert.equal(config.network.ifconfigIpv6?.prefixLength, 64);
    for (const option of ["redirect-gateway def1 ipv6", "dhcp-option DNS 192.0.2.54"]) {
      assert.ok(config.push.includes(option), option);
    }
  });
});

Deno.test("explicit-exit-notify goes with datagrams only", () => {
  assert.match(clientProfile(client), /^explicit-exit-notify/m);
  assert.doesNotMatch(clientProfile({ ...client, proto: "tcp" }), /explicit-exit-notify/);
  assert.doesNotMatch(
    serverConfiguration({ directory: "/a", proto: "tcp" }),
    /explicit-exit-notify/,
  );
});
