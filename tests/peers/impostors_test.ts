/** Who may not come in: every wrong certificate, in both roles, refused with its reason. */
import assert from "node:assert/strict";
import { type Certificate, TestAuthority } from "../harness/certificates.ts";
import { testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";

/** A wrong certificate and what our log says of it. */
interface Impostor {
  readonly what: string;
  readonly certificate: Certificate;
  readonly reason: RegExp;
}

const hour = 3_600_000;

/** One of each kind, for a peer of that role; `honest` is the certificate it pretends to have. */
async function makeImpostors(
  authority: TestAuthority,
  honest: Certificate,
  role: "server" | "client",
): Promise<Impostor[]> {
  const name = honest.name;
  const issue = (file: string, options: Parameters<TestAuthority["issue"]>[1]) =>
    authority.issue(name, options, `${role}-${file}`);
  const other = await TestAuthority.create(`${authority.directory}/${role}-other`, "Other CA");
  const twin = await TestAuthority.create(`${authority.directory}/${role}-twin`);
  const revoked = await issue("revoked", { usage: role });
  await authority.revoke(revoked);
  const versionOne = await issue("v1", { usage: "none", version: 1 });
  const now = Date.now();
  return [
    {
      what: "of another authority",
      certificate: await other.issue(name, { usage: role }),
      reason: /no trusted authority/,
    },
    {
      what: "of an authority with the name of ours",
      certificate: await twin.issue(name, { usage: role }),
      reason: /no trusted authority|signature/,
    },
    {
      what: "expired",
      certificate: await issue("expired", { usage: role, notAfter: now - hour }),
      reason: /ended at/,
    },
    {
      what: "not yet valid",
      certificate: await issue("early", { usage: role, notBefore: now + hour }),
      reason: /is valid from/,
    },
    { what: "revoked", certificate: revoked, reason: /is revoked/ },
    {
      what: "for the other role",
      certificate: await issue("usage", { usage: role === "server" ? "client" : "server" }),
      reason: /is not for this/,
    },
    { what: "X.509 v1", certificate: versionOne, reason: /X\.509 version 1/ },
    {
      what: "X.509 v1 without its key",
      certificate: await authority.steal(versionOne, `${role}-v1-stolen`),
      reason: /X\.509 version 1/,
    },
    {
      what: "without its key",
      certificate: await authority.steal(honest, `${role}-stolen`),
      reason: /TLS Error:.*(key|signature)/i,
    },
  ];
}

const sessionUp = /Initialization Sequence Completed|Data Channel: cipher|PUSH_REPLY/;

await testWith("our server refuses impostors and then takes an honest client", async (context) => {
  await using scenario = await Scenario.create("impostor");
  const { authority, client } = scenario.credentials;
  const impostors = await makeImpostors(authority, client, "client");
  await using server = await scenario.startServer({
    implementation: "ours",
    extra: [`crl-verify ${authority.crl}`],
  });
  await server.ready();
  for (const { what, certificate, reason } of impostors) {
    await context.step(`a client's certificate ${what}`, async () => {
      const after = server.process.lineCount;
      await using impostor = await scenario.startClient({ implementation: "openvpn", certificate });
      await server.process.waitForLine(reason, { after });
      await impostor.process.stop("SIGTERM");
      assert.doesNotMatch(impostor.process.output, sessionUp);
      assert.doesNotMatch(server.process.lines(after).join("\n"), sessionUp);
    });
  }
  await context.step("the honest client", async () => {
    await using honest = await scenario.startClient({ implementation: "openvpn" });
    await honest.ready();
  });
});

await testWith("our client refuses impostors", async (context) => {
  await using scenario = await Scenario.create("impostor");
  const { authority, server } = scenario.credentials;
  const host = scenario.clientHost().namespace;
  for (const { what, certificate, reason } of await makeImpostors(authority, server, "server")) {
    await context.step(`a server's certificate ${what}`, async () => {
      await using impostor = await scenario.startServer({ implementation: "openvpn", certificate });
      await impostor.ready();
      const after = impostor.process.lineCount;
      await using client = await scenario.startClient({
        implementation: "ours",
        extra: [`crl-verify ${authority.crl}`],
      });
      await client.process.waitForLine(reason);
      assert.deepEqual(await host.devices(), ["lo", "eth0"]);
      await client.process.stop("SIGTERM");
      assert.doesNotMatch(client.process.output, sessionUp);
      assert.doesNotMatch(impostor.process.lines(after).join("\n"), sessionUp);
    });
  }
  await context.step("the honest server", async () => {
    await using honest = await scenario.startServer({ implementation: "openvpn" });
    await honest.ready();
    await using client = await scenario.startClient({ implementation: "ours" });
    await client.ready();
  });
});
