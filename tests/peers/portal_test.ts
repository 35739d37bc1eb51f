/** The portal as openssl, curl and wrk find it, and OpenVPN beside it. */
import assert from "node:assert/strict";
import { type Allowance, portalLimits, workCosts } from "../../lib/app/portal/portal_limits.ts";
import { generateStaticKey } from "../../lib/crypto/static_key.ts";
import { Authority } from "../../lib/pki/authority.ts";
import { openStateDirectory } from "../../lib/pki/state_directory.ts";
import { type Scope, scopes } from "../../lib/portal/api_tokens.ts";
import type { Session, Subscriber } from "../../lib/portal/service.ts";
import { run, tryRun } from "../harness/command.ts";
import { tunnelServerAddress } from "../harness/configs.ts";
import { TemporaryDirectory } from "../harness/directory.ts";
import { eventually } from "../harness/eventually.ts";
import { type Host, Network } from "../harness/network.ts";
import { vpnCommand } from "../harness/program.ts";
import { peerRequirements, testWith } from "../harness/requirements.ts";
import { pingSizes } from "../harness/traffic.ts";

const completed = /Initialization Sequence Completed/;
const generous = { timeoutMs: 60_000 };

await testWith("the portal, by openssl, curl and wrk", async (t) => {
  await using directory = await TemporaryDirectory.create();
  await using network = await Network.create("portal", { hosts: 3 });
  const [server, client, stranger] = network.hosts;
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
  await using serving = server.namespace.spawn([
    ...vpnCommand,
    "serve",
    "--state",
    state,
    ...listen,
  ]);
  await serving.waitForLine(completed, generous);
  await serving.waitForLine(/The portal is at /, generous);
  const token = async (name: string, ...granted: readonly Scope[]) => {
    const wanted = granted.flatMap((scope) => ["--scope", scope]);
    const command = [...vpnCommand, "portal", "token", "add", name, ...wanted, "--state", state];
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
    await eventually(
      "the session is gone",
      async () => (await api("GET", "/sessions")).json.length === 0,
    );
    assert.equal((await api("DELETE", `/sessions/${session.id}`)).status, 404);
  });

  /** Of the portal's own figures. */
  const figure = async (name: string): Promise<number> => {
    const text = await curl("-f", "-H", `Authorization: Bearer ${all}`, `${portal}/metrics`);
    return Number(text.split("\n").find((line) => line.startsWith(`${name} `))?.split(" ")[1]);
  };
  const strangers = 'vpn_portal_requests_total{payer="stranger"}';
  const handshakes = "vpn_portal_tls_handshakes_total";
  const delayed = "vpn_portal_delayed_total";
  const callers = 'vpn_portal_requests_total{payer="caller"}';
  /** Handshakes and requests of the second address during a flood, far more than there are. */
  const others = 50;
  /** What an allowance permits, and what was done: both between two moments further apart. */
  const within = async (
    { rate, burst }: Allowance,
    name: string,
    cost: number,
    during: () => Promise<void>,
  ) => {
    const [begin, before] = [performance.now(), await figure(name)];
    await during();
    const done = await figure(name) - before;
    const most = burst / cost + rate / cost * (performance.now() - begin) / 1000 + others;
    assert.ok(done > 0 && done <= most, `${name}: ${done} of at most ${most}`);
  };
  /** 20 s of all that wrk can: it is long gone when the last step is over. */
  const hammer = (host: Host, ...args: readonly string[]) =>
    host.namespace.spawn(["wrk", "-t1", "-d20s", "--timeout", "30s", ...args]);

  await t.step("who hammers waits; the tunnel, others and those logged in do not", async () => {
    const { each } = portalLimits.strangers;
    await within(each, strangers, workCosts.request, async () => {
      await within(portalLimits.handshakes.each, handshakes, workCosts.handshake, async () => {
        await using kept = hammer(stranger, "-c50", `${portal}/login`);
        await using anew = hammer(stranger, "-c50", "-H", "Connection: close", `${portal}/login`);
        await using more = hammer(stranger, "-c60", `${portal}/login`);
        await using alice = client.namespace.spawn([
          ...["openvpn", "--config", profile, "--disable-dco"],
        ]);
        await alice.waitForLine(completed, generous);
        await pingSizes(client.namespace, tunnelServerAddress, [56, 1400], 30);
        await eventually("somebody has to wait", async () => await figure(delayed) > 100);
        // A page with all that it is made of, as a browser gets it, from another address.
        const page = await curl("--http2", "-f", "-L", `${portal}/login`);
        const assets = [...page.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, path]) =>
          path
        );
        assert.ok(assets.length > 1);
        const urls = assets.map((path) => `${portal}${path}`);
        await curl("--http2", "-f", "-Z", "-o", "/dev/null", ...urls);
        // From the address that hammers, but with a token, on a connection that is there already.
        const before = await figure(callers);
        const overviews = Array.from({ length: 40 }, () => `${portal}/api/v1/overview`);
        await stranger.namespace.exec([
          ...["curl", "-sS", "-f", "--max-time", "120", "--cacert", ca],
          ...["-H", `Authorization: Bearer ${all}`, ...overviews],
        ]);
        assert.equal(await figure(callers), before + overviews.length + 1);
        await Promise.all([kept.ended, anew.ended, more.ended]);
        await alice.stop();
      });
    });
  });

  await t.step("who hammers with a token waits as well; the tunnel does not", async () => {
    await within(portalLimits.callers.each, callers, workCosts.request, async () => {
      await using alice = client.namespace.spawn([
        ...["openvpn", "--config", profile, "--disable-dco"],
      ]);
      await using wrk = hammer(
        ...[client, "-c100", "-H", `Authorization: Bearer ${all}`] as const,
        `${portal}/api/v1/overview`,
      );
      await alice.waitForLine(completed, generous);
      await pingSizes(client.namespace, tunnelServerAddress, [56, 1400], 30);
      await wrk.ended;
      await pingSizes(client.namespace, tunnelServerAddress, [56], 30);
      await alice.stop();
    });
    // Who was too much has gone, and all is as before.
    await eventually(
      "the portal answers",
      async () => (await api("GET", "/overview")).status === 200,
    );
  });

  await t.step("a token that is revoked is good for nothing; so is a revoked profile", async () => {
    const revoked = await api("POST", "/subscribers/alice/revoke", { reason: "keyCompromise" });
    assert.equal((revoked.json as Subscriber).state, "revoked");
    await using alice = client.namespace.spawn([
      ...["openvpn", "--config", profile, "--disable-dco", "--connect-retry-max", "1"],
    ]);
    await alice.waitForLine(/AUTH_FAILED|TLS Error|certificate revoked/, generous);
    await run([...vpnCommand, "portal", "token", "revoke", "all", "--state", state]);
    assert.equal((await api("GET", "/overview")).status, 401);
    for (const said of ["issued a certificate for alice", "revoked the certificates of alice"]) {
      const line = `portal: token all (${client.address}) ${said}`;
      assert.ok(serving.output.includes(line), line);
    }
    assert.ok(!serving.output.includes(all));
  });
}, [...peerRequirements, "curl", "wrk"]);
