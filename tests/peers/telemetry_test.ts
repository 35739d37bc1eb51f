/** What an OpenTelemetry collector is sent, and that no secret is in it. */
import assert from "node:assert/strict";
import { generateStaticKey } from "../../lib/crypto/static_key.ts";
import { openStateDirectory } from "../../lib/pki/state_directory.ts";
import { scopes } from "../../lib/portal/api_tokens.ts";
import { type CollectedSpan, Collector } from "../harness/collector.ts";
import { run } from "../harness/command.ts";
import { TemporaryDirectory } from "../harness/directory.ts";
import { Network } from "../harness/network.ts";
import { vpnCommand } from "../harness/program.ts";
import { peerRequirements, testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";
import { makeUsers, userPassword } from "../harness/users.ts";

const timeoutMs = 60_000;
// What there is to see here are spans.
const env = { ...Collector.environment, OTEL_DENO_METRICS: "false" };
const wrongPassword = "wrong horse battery";

const eventsOf = ({ events }: CollectedSpan) => events.map(({ name }) => name);

async function clientOptions(scenario: Scenario, password: string): Promise<string[]> {
  const path = `${scenario.directory}/${crypto.randomUUID()}.txt`;
  await Deno.writeTextFile(path, `alice\n${password}\n`, { mode: 0o600 });
  return [`auth-user-pass ${path}`, "auth-nocache"];
}

/** What of these files is secret: the lines of private keys and of the control channel's key. */
async function secretLines(...paths: readonly string[]): Promise<string[]> {
  const texts = await Promise.all(paths.map((path) => Deno.readTextFile(path)));
  const lines = texts.join("\n").split("\n").filter((line) => /^[A-Za-z0-9+/=]{32,}$/.test(line));
  assert.ok(lines.length > paths.length);
  return lines;
}

await testWith("sessions at a server as spans: log-in, renegotiation, refusal", async () => {
  await using scenario = await Scenario.create("spans");
  const { serverHost, credentials } = scenario;
  await using collector = await Collector.start(serverHost.namespace);
  const users = `${scenario.directory}/users.json`;
  await makeUsers(users, { plain: ["alice"] });
  await using server = await scenario.startServer({
    implementation: "ours",
    extra: [`vpn-users ${users}`, "auth-gen-token"],
    env,
  });
  await server.ready({ timeoutMs });
  {
    const extra = await clientOptions(scenario, wrongPassword);
    await using wrong = await scenario.startClient({ implementation: "openvpn", extra });
    await wrong.process.waitForLine(/AUTH_FAILED/, { timeoutMs });
  }
  const refused = await collector.span("vpn.handshake", ({ failed }) => failed);
  assert.equal(refused.attributes["error.type"], "auth-failed");
  const refusal = await collector.span("vpn.admission users", ({ failed }) => failed);
  assert.equal(refusal.parentSpanId, refused.spanId);

  const extra = [...await clientOptions(scenario, userPassword), "reneg-sec 5"];
  await using client = await scenario.startClient({ implementation: "openvpn", extra });
  await client.ready({ timeoutMs });
  const handshake = await collector.span("vpn.handshake", ({ failed }) => !failed);
  assert.equal(handshake.scope, "vpn");
  assert.equal(handshake.kind, "server");
  assert.equal(handshake.parentSpanId, "");
  const { attributes } = handshake;
  assert.equal(attributes["client.address"], scenario.clientHost().address);
  assert.equal(attributes["network.transport"], "udp");
  assert.equal(attributes["network.type"], "ipv4");
  assert.equal(attributes["user.name"], "alice");
  assert.equal(attributes["vpn.common_name"], "client");
  assert.equal(attributes["vpn.cipher"], "AES-256-GCM");
  assert.equal(attributes["vpn.address"], "10.8.0.2");
  assert.deepEqual(eventsOf(handshake), [
    ...["tls.established", "vpn.certificate_checked"],
    ...["vpn.options_exchanged", "vpn.keys_exchanged"],
  ]);
  assert.match(String(handshake.events[0].attributes["tls.protocol.version"]), /^1\.[23]$/);
  assert.match(String(handshake.events[0].attributes["tls.cipher"]), /^TLS_/);
  // The steps of the admission are its parts.
  const login = await collector.span("vpn.admission users", ({ failed }) => !failed);
  assert.deepEqual([login.traceId, login.parentSpanId], [handshake.traceId, handshake.spanId]);
  assert.ok(login.milliseconds <= handshake.milliseconds);

  const renegotiation = await collector.span("vpn.renegotiation");
  assert.ok(!renegotiation.failed);
  assert.deepEqual(renegotiation.links, [handshake.spanId]);
  assert.notEqual(renegotiation.traceId, handshake.traceId);
  assert.equal(renegotiation.attributes["vpn.asked_by_peer"], true);
  const again = await collector.span(
    "vpn.admission users",
    ({ traceId }) => traceId === renegotiation.traceId,
  );
  assert.equal(again.parentSpanId, renegotiation.spanId);

  const secrets = await secretLines(credentials.server.key, credentials.client.key);
  for (const secret of [...secrets, userPassword, wrongPassword, "SESS_ID_AT_"]) {
    assert.ok(!collector.output.includes(secret), secret);
  }
  assert.doesNotMatch(collector.output, /BEGIN|PRIVATE/);
});

await testWith("connections of a client as spans", async () => {
  await using scenario = await Scenario.create("clientspans");
  await using collector = await Collector.start(scenario.clientHost().namespace);
  await using client = await scenario.startClient({
    implementation: "ours",
    extra: ["server-poll-timeout 3", "connect-retry 1 1", "reneg-sec 5"],
    env,
  });
  const [host] = scenario.network.hosts;
  // Nobody answers yet.
  const unanswered = await collector.span("vpn.handshake", ({ failed }) => failed);
  assert.equal(unanswered.kind, "client");
  assert.equal(unanswered.attributes["server.address"], host.address);
  assert.equal(unanswered.attributes["server.port"], 1194);
  assert.match(String(unanswered.attributes["error.type"]), /^server-poll-timeout$|^connection-/);
  await using server = await scenario.startServer({ implementation: "openvpn" });
  await server.ready({ timeoutMs });
  await client.ready({ timeoutMs });
  const handshake = await collector.span("vpn.handshake", ({ failed }) => !failed);
  assert.deepEqual(eventsOf(handshake), [
    ...["vpn.peer_responded", "tls.established", "vpn.certificate_checked"],
    ...["vpn.options_exchanged", "vpn.keys_exchanged", "vpn.options_pulled"],
  ]);
  assert.equal(handshake.attributes["vpn.cipher"], "AES-256-GCM");
  const renegotiation = await collector.span("vpn.renegotiation", ({ failed }) => !failed);
  assert.deepEqual(renegotiation.links, [handshake.spanId]);
  const secrets = await secretLines(scenario.credentials.client.key);
  for (const secret of secrets) assert.ok(!collector.output.includes(secret));
});

await testWith(
  "the portal's requests and the authority's work as spans, and the log",
  async (context) => {
    await using directory = await TemporaryDirectory.create();
    await using network = await Network.create("portalspans");
    const [server] = network.hosts;
    await using collector = await Collector.start(server.namespace);
    const state = `${directory.path}/state`;
    await openStateDirectory(state, {
      createIfMissing: true,
      tlsAuthKey: generateStaticKey,
      remote: server.address,
    });
    const token = (await run([
      ...[...vpnCommand, "portal", "token", "add", "all", "--state", state],
      ...scopes.flatMap((scope) => ["--scope", scope]),
    ])).trim();
    const logged = { ...env, OTEL_DENO_CONSOLE: "replace" };
    const listen = ["--portal", "0.0.0.0:8443", "--https", "8444"];
    await using serving = server.namespace.spawn(
      [...vpnCommand, "serve", "--state", state, ...listen],
      { env: logged },
    );
    await serving.waitForLine(/The portal is at /, { timeoutMs });
    const portal = `https://${server.address}:8443`;
    const curl = (...args: readonly string[]) =>
      server.namespace.exec([
        ...["curl", "-sS", "--max-time", "60", "--cacert", `${state}/ca.crt`],
        ...["-H", `Authorization: Bearer ${token}`, ...args],
      ]);
    const json = ["-H", "Content-Type: application/json"];

    for (const version of ["1.1", "2"]) {
      await context.step(`HTTP/${version}: a subscriber, and what the request did`, async () => {
        const name = `alice-${version}`;
        const address = `${portal}/api/v1/subscribers`;
        await curl(`--http${version}`, ...json, "-f", "-d", JSON.stringify({ name }), address);
        const issued = await collector.span(
          "vpn.authority.issue",
          ({ attributes }) => attributes["vpn.common_name"] === name,
        );
        assert.equal(issued.attributes["vpn.purpose"], "client");
        const request = await collector.span(
          "POST",
          ({ spanId }) => spanId === issued.parentSpanId,
        );
        assert.equal(request.scope, "deno");
        assert.equal(request.traceId, issued.traceId);
        assert.equal(request.attributes["url.path"], "/api/v1/subscribers");
        assert.equal(request.attributes["http.response.status_code"], "201");
      });
    }

    await context.step("a one-time link is not told to the collector", async () => {
      const asked = await curl(
        ...[...json, "-f", "-d", JSON.stringify({ system: "linux", lifetime: 3600 })],
        `${portal}/api/v1/subscribers/alice-2/links`,
      );
      const { url } = JSON.parse(asked);
      const path = new URL(url).pathname;
      assert.match(path, /^\/get\/.{20,}/);
      for (const place of [portal, `https://localhost:8444`]) {
        for (const version of ["1.1", "2"]) {
          const ca = ["-k", `--http${version}`];
          await curl(...ca, `${place}${path}?secret=query`);
        }
      }
      const seen = ({ attributes }: CollectedSpan) => attributes["url.path"] === "/get/REDACTED";
      for (const full of ["8443", "8444"]) {
        await collector.span(
          "GET",
          (span) => seen(span) && String(span.attributes["url.full"]).includes(full),
        );
      }
      // HTTP/2's have no address in full.
      await collector.span("GET", (span) => seen(span) && !("url.full" in span.attributes));
      assert.ok(!collector.output.includes(path.slice(5)));
      assert.doesNotMatch(collector.output, /secret=query/);
    });

    await context.step("vpn pki, a program of a second", async () => {
      const command = ["pki", "revoke", "alice-2", "--state", state];
      await server.namespace.exec([...vpnCommand, ...command], { env });
      const revoked = await collector.span("vpn.authority.revoke");
      const list = await collector.span(
        "vpn.authority.revocation_list",
        ({ parentSpanId }) => parentSpanId === revoked.spanId,
      );
      assert.equal(list.attributes["vpn.revoked"], 1);
    });

    await context.step("the log, where the console is the collector's", async () => {
      await collector.process.waitForLine(/^log .*"INFO".*Initialization Sequence Completed/);
      // On the terminal each line stands once.
      assert.equal(serving.output.match(/Initialization Sequence Completed/g)?.length, 1);
      const setup = (await Deno.readTextFile(`${state}/portal-setup-token`)).trim();
      const files = ["ca.key", "server.key", "ta.key"].map((name) => `${state}/${name}`);
      const secrets = [...await secretLines(...files), token, setup];
      for (const secret of secrets) assert.ok(!collector.output.includes(secret));
    });
  },
  [...peerRequirements, "curl"],
);
