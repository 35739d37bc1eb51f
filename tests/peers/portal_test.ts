/** The portal as openssl, curl and wrk find it, and OpenVPN beside it. */
import assert from "node:assert/strict";
import { generateStaticKey } from "../../lib/crypto/static_key.ts";
import { Authority } from "../../lib/pki/authority.ts";
import { openStateDirectory } from "../../lib/pki/state_directory.ts";
import { type Scope, scopes } from "../../lib/portal/api_tokens.ts";
import type { Session, Subscriber } from "../../lib/portal/service.ts";
import { run, tryRun } from "../harness/command.ts";
import { tunnelServerAddress } from "../harness/configs.ts";
import { TemporaryDirectory } from "../harness/directory.ts";
import { eventually } from "../harness/eventually.ts";
import { Network } from "../harness/network.ts";
import { mainModule } from "../harness/peers.ts";
import { peerRequirements, testWith } from "../harness/requirements.ts";
import { pingSizes } from "../harness/traffic.ts";

const completed = /Initialization Sequence Completed/;
const generous = { timeoutMs: 60_000 };
const vpn = [Deno.execPath(), "run", "-A", mainModule];

await testWith("the portal, by openssl, curl and wrk", async (t) => {
  await using directory = await TemporaryDirectory.create();
  await using network = await Network.create("portal");
  const [server, client] = network.hosts;
  const state = `${directory.path}/state`;
  await openStateDirectory(state, {
    createIfMissing: true,
    tlsAuthKey: generateStaticKey,
    remote: server.address,
  });
  const authorityUrl = `http://${server.address}:8080`;
  {
    using authority = await Authority.open(state);
    await authority.index.setSetting("url", authorityUrl);
  }
  const ca = `${state}/ca.crt`;
  const place = `${server.address}:8443`;
  const portal = `https://${place}`;
  const listen = ["--portal", `0.0.0.0:8443`, "--http", "8080"];
  await using serving = server.namespace.spawn([...vpn, "serve", "--state", state, ...listen]);
  await serving.waitForLine(completed, generous);
  await serving.waitForLine(/The portal is at /, generous);
  const token = async (name: string, ...granted: readonly Scope[]) => {
    const wanted = granted.flatMap((scope) => ["--scope", scope]);
    const command = [...vpn, "portal", "token", "add", name, ...wanted, "--state", state];
    return (await run(command)).trim();
  };
  const all = await token("all", ...scopes);
  const curl = (...args: readonly string[]) =>
    client.namespace.exec(["curl", "-sS", "--max-time", "60", "--cacert", ca, ...args]);
  const api = async (method: string, path: string, body?: unknown) => {
    const args = body === undefined
      ? []
      : ["-H", "Content-Type: application/json", "-d", JSON.stringify(body)];
    const text = await curl(
      ...["-X", method, "-H", `Authorization: Bearer ${all}`, ...args],
      ...["-w", "\n%{http_code}", `${portal}/api/v1${path}`],
    );
    const at = text.lastIndexOf("\n");
    const answer = text.slice(0, at);
    return { status: Number(text.slice(at + 1)), json: answer && JSON.parse(answer) };
  };

  await t.step(
    "a token that only its owner can read is said once, a set-up token too",
    async () => {
      assert.match(serving.output, /one-time token {2}(?:[A-Z2-7]{4}-?){6}/);
      for (const file of ["portal-tokens.json", "portal-setup-token"]) {
        assert.equal(((await Deno.stat(`${state}/${file}`)).mode ?? 0) & 0o777, 0o600, file);
      }
    },
  );

  const certificate = `${directory.path}/portal.pem`;
  await t.step("openssl: TLS 1.2 and 1.3, HTTP/2, and a chain that it trusts", async () => {
    for (const version of ["tls1_2", "tls1_3"]) {
      const { code, stderr } = await tryRun(client.namespace.command([
        ...["openssl", "s_client", "-connect", place, `-${version}`, "-CAfile", ca],
        ...["-verify_return_error", "-verify_ip", server.address, "-alpn", "h2", "-brief"],
      ]));
      assert.equal(code, 0, stderr);
      assert.match(stderr, /Verification: OK/);
    }
    const chain = await client.namespace.exec([
      ...["openssl", "s_client", "-connect", place, "-CAfile", ca, "-showcerts", "-alpn", "h2"],
    ]);
    assert.match(chain, /Verify return code: 0 \(ok\)/);
    assert.match(chain, /ALPN protocol: h2/);
    const [own] = /-----BEGIN[^]+?-----END CERTIFICATE-----\n/.exec(chain)!;
    await Deno.writeTextFile(certificate, own);
    const old = await tryRun(
      client.namespace.command([
        ...["openssl", "s_client", "-connect", place, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
      ]),
    );
    assert.notEqual(old.code, 0);
  });

  await t.step("openssl: what the certificate points at says that it is good", async () => {
    const text = await run(["openssl", "x509", "-in", certificate, "-noout", "-text"]);
    assert.ok(text.includes(`OCSP - URI:${authorityUrl}/ocsp`), text);
    assert.ok(text.includes(`URI:${authorityUrl}/crl.der`), text);
    for (const url of [`${authorityUrl}/ocsp`]) {
      const said = await client.namespace.exec([
        ...["openssl", "ocsp", "-issuer", ca, "-cert", certificate, "-CAfile", ca],
        ...["-url", url, "-no_nonce"],
      ]);
      assert.match(said, /portal\.pem: good/, said);
    }
  });

  await t.step("curl: HSTS, HTTP/2, and by HTTP nothing but the way here", async () => {
    const head = await curl("--http2", "-I", `${portal}/api/v1/openapi.json`);
    assert.match(head, /^HTTP\/2 200/);
    assert.match(head, /strict-transport-security: max-age=31536000; includeSubDomains/i);
    const plain = await curl("-i", `${authorityUrl}/sessions?x=1`);
    assert.match(plain, /^HTTP\/1.1 308/);
    assert.ok(plain.includes(`Location: ${portal}/sessions?x=1\r\n`), plain);
    assert.doesNotMatch(plain, /strict-transport-security/i);
    const strange = await curl("-i", "-H", "Host: evil.example", `${authorityUrl}/sessions`);
    assert.match(strange, /^HTTP\/1.1 404/);
  });

  const profile = `${directory.path}/alice.ovpn`;
  await t.step("the API: a subscriber, their profile, their session, and its end", async () => {
    assert.equal((await api("POST", "/subscribers", { name: "alice" })).status, 201);
    assert.equal((await api("POST", "/subscribers", { name: "alice" })).status, 409);
    const address = `${portal}/api/v1/subscribers/alice/profile?system=linux`;
    await Deno.writeTextFile(profile, "", { mode: 0o600 });
    await curl("-o", profile, "-H", `Authorization: Bearer ${all}`, "-f", address);
    await using alice = client.namespace.spawn(["openvpn", "--config", profile, "--disable-dco"]);
    await alice.waitForLine(completed, generous);
    await pingSizes(client.namespace, tunnelServerAddress, [56]);
    const sessions = (await api("GET", "/sessions")).json as readonly Session[];
    const [session] = sessions;
    assert.equal(session.name, "alice");
    assert.match(session.clientVersion!, /^2\.6\.\d+ linux$/);
    assert.ok(session.received > 0 && session.sent > 0);
    assert.equal((await api("DELETE", `/sessions/${session.id}`)).status, 204);
    await alice.ended;
    assert.deepEqual((await api("GET", "/sessions")).json, []);
    assert.equal((await api("DELETE", `/sessions/${session.id}`)).status, 404);
  });

  await t.step("the tunnel works on while the portal is hammered, and others come in", async () => {
    await using alice = client.namespace.spawn(["openvpn", "--config", profile, "--disable-dco"]);
    const wrk = client.namespace.spawn([
      ...["wrk", "-t2", "-c100", "-d8s", "--timeout", "30s"],
      ...["-H", `Authorization: Bearer ${all}`, `${portal}/api/v1/overview`],
    ]);
    await using _ = wrk;
    await alice.waitForLine(completed, generous);
    await pingSizes(client.namespace, tunnelServerAddress, [56, 1400], 30);
    await wrk.ended;
    await pingSizes(client.namespace, tunnelServerAddress, [56], 30);
    // Who was too much has gone, and all is as before.
    await eventually(
      "the portal answers",
      async () => (await api("GET", "/overview")).status === 200,
    );
    await alice.stop();
  });

  await t.step("a token that is revoked is good for nothing; so is a revoked profile", async () => {
    const revoked = await api("POST", "/subscribers/alice/revoke", { reason: "keyCompromise" });
    assert.equal((revoked.json as Subscriber).state, "revoked");
    await using alice = client.namespace.spawn([
      ...["openvpn", "--config", profile, "--disable-dco", "--connect-retry-max", "1"],
    ]);
    await alice.waitForLine(/AUTH_FAILED|TLS Error|certificate revoked/, generous);
    await run([...vpn, "portal", "token", "revoke", "all", "--state", state]);
    assert.equal((await api("GET", "/overview")).status, 401);
    for (const said of ["issued a certificate for alice", "revoked the certificates of alice"]) {
      const line = `portal: token all (${client.address}) ${said}`;
      assert.ok(serving.output.includes(line), line);
    }
    assert.ok(!serving.output.includes(all));
  });
}, [...peerRequirements, "curl", "wrk"]);
