/** Keys and certificates in other forms than plain files, and peers that are known otherwise. */
import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { run } from "../harness/command.ts";
import { clientConfig, serverConfig, serverPort, tunnelServerAddress } from "../harness/configs.ts";
import type { Certificate } from "../harness/certificates.ts";
import { type Implementation, Peer } from "../harness/peers.ts";
import { testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";
import { pingSizes } from "../harness/traffic.ts";

const patience = { timeoutMs: 60_000 };

/** A tunnel of two programs with configurations of their own. */
class Pair {
  #started = 0;

  constructor(readonly scenario: Scenario) {}

  /** @param lines In place of `ca`, `cert` and `key`. */
  async start(
    role: "server" | "client",
    implementation: Implementation,
    lines: readonly string[],
  ): Promise<Peer> {
    const { scenario } = this;
    const { credentials } = scenario;
    const config = role === "server"
      ? serverConfig({ credentials })
      : clientConfig(`${scenario.serverHost.address} ${serverPort}`, { credentials });
    return await Peer.start({
      ...{ role, implementation, directory: scenario.directory },
      namespace: role === "server"
        ? scenario.serverHost.namespace
        : scenario.clientHost().namespace,
      name: `${role}-${++this.#started}`,
      config: [...config.filter((line) => !/^(ca|cert|key) /.test(line)), ...lines],
    });
  }

  /** Both come up, and packets cross. */
  async connect(
    [serverProgram, serverLines]: readonly [Implementation, readonly string[]],
    [clientProgram, clientLines]: readonly [Implementation, readonly string[]],
  ): Promise<void> {
    await using server = await this.start("server", serverProgram, serverLines);
    await server.ready(patience);
    await using client = await this.start("client", clientProgram, clientLines);
    await client.ready(patience);
    await pingSizes(this.scenario.clientHost().namespace, tunnelServerAddress, [56]);
  }
}

function plainLines(scenario: Scenario, { certificate, key }: Certificate): string[] {
  return [
    ...[`ca ${scenario.credentials.authority.certificate}`],
    ...[`cert ${certificate}`, `key ${key}`],
  ];
}

await testWith("PKCS#12, passphrases, capath, verify-hash", async (context) => {
  await using scenario = await Scenario.create("keys");
  const { directory, credentials } = scenario;
  const { authority, server, client } = credentials;
  const pair = new Pair(scenario);
  const serverPlain = plainLines(scenario, server);
  const clientPlain = plainLines(scenario, client);
  await Deno.writeTextFile(`${directory}/pass`, "correct horse\n", { mode: 0o600 });

  const exportPkcs12 = async (of: Certificate, passphrase: string) => {
    const file = `${directory}/${of.name}.p12`;
    await run([
      ...["openssl", "pkcs12", "-export", "-inkey", of.key, "-in", of.certificate],
      ...["-certfile", authority.certificate, "-passout", `pass:${passphrase}`, "-out", file],
    ]);
    return await Deno.readFile(file);
  };
  await exportPkcs12(client, "correct horse");
  const inline = (await exportPkcs12(server, "")).toBase64();

  await context.step("our client has a PKCS#12 file under a passphrase", async () => {
    await pair.connect(["openvpn", serverPlain], ["ours", [
      ...[`pkcs12 ${directory}/client.p12`, `askpass ${directory}/pass`],
    ]]);
  });
  await context.step("our server has one inline, without a passphrase", async () => {
    const block = ["<pkcs12>", ...inline.match(/.{1,64}/g) ?? [], "</pkcs12>"];
    await pair.connect(["ours", block], ["openvpn", clientPlain]);
  });
  await context.step(
    "our server's key is encrypted, its authorities are in a directory",
    async () => {
      const encrypted = `${directory}/server.encrypted.key`;
      await run([
        ...["openssl", "pkcs8", "-topk8", "-in", server.key, "-out", encrypted],
        ...["-passout", "pass:correct horse"],
      ]);
      await Deno.mkdir(`${directory}/authorities`);
      await Deno.copyFile(authority.certificate, `${directory}/authorities/ours.pem`);
      await pair.connect(["ours", [
        ...[`capath ${directory}/authorities`, `cert ${server.certificate}`],
        ...[`key ${encrypted}`, `askpass ${directory}/pass`],
      ]], ["openvpn", clientPlain]);
    },
  );
  await context.step("our client knows the server's issuer by its hash, and no other", async () => {
    const der = new X509Certificate(await Deno.readTextFile(authority.certificate)).raw;
    const hash = createHash("sha256").update(der).digest("hex").match(/../g)!.join(":");
    const other = `${hash.slice(0, -2)}${hash.endsWith("00") ? "01" : "00"}`;
    await pair.connect(["openvpn", serverPlain], ["ours", [
      ...clientPlain,
      `verify-hash ${hash} SHA256`,
    ]]);
    await using serverPeer = await pair.start("server", "openvpn", serverPlain);
    await serverPeer.ready(patience);
    await using refusing = await pair.start("client", "ours", [
      ...clientPlain,
      `verify-hash ${other} SHA256`,
    ]);
    await refusing.process.waitForLine(/has none of the hashes of verify-hash/, patience);
  });
  await context.step("a wrong passphrase ends the start, in one line", async () => {
    await Deno.writeTextFile(`${directory}/wrong`, "wrong\n", { mode: 0o600 });
    await using failing = await pair.start("client", "ours", [
      ...[`pkcs12 ${directory}/client.p12`, `askpass ${directory}/wrong`],
    ]);
    await failing.process.waitForLine(/the passphrase of the PKCS#12 file is wrong/, patience);
    assert.equal((await failing.process.ended).code, 1);
  });
});

await testWith("peers known by their fingerprints, and impostors who aren't", async (context) => {
  await using scenario = await Scenario.create("fingerprint");
  const { directory, credentials: { authority } } = scenario;
  const pair = new Pair(scenario);
  const selfSigned = async (name: string, usage: string): Promise<Certificate> => {
    const made = { name, certificate: `${directory}/${name}.crt`, key: `${directory}/${name}.key` };
    await run([
      ...["openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-days", "30"],
      ...["-keyout", made.key, "-out", made.certificate, "-subj", `/CN=${name}`],
      ...["-addext", `extendedKeyUsage=${usage}`, "-addext", "keyUsage=digitalSignature"],
      ...["-addext", "basicConstraints=critical,CA:FALSE"],
    ]);
    return made;
  };
  const server = await selfSigned("lone-server", "serverAuth");
  const client = await selfSigned("lone-client", "clientAuth");
  const fingerprint = async (of: Certificate) =>
    new X509Certificate(await Deno.readTextFile(of.certificate)).fingerprint256;
  const lines = async (own: Certificate, peer: Certificate, ...more: string[]) => [
    ...[`cert ${own.certificate}`, `key ${own.key}`],
    ...[`peer-fingerprint ${await fingerprint(peer)}`, ...more],
  ];

  await context.step("in either role", async () => {
    const [ours, theirs] = [await lines(server, client), await lines(client, server)];
    await pair.connect(["ours", ours], ["openvpn", theirs]);
    await pair.connect(["openvpn", ours], ["ours", theirs]);
  });
  for (const version of ["1.2", "1.3"]) {
    const only = [`tls-version-min ${version}`, `tls-version-max ${version}`];
    await context.step(
      `who has another's certificate but not its key, TLS ${version}`,
      async () => {
        const stolenServer = await authority.steal(server, `stolen-server-${version}`);
        const stolenClient = await authority.steal(client, `stolen-client-${version}`);
        // The library may name the chain, which nobody asks it about, in place of the signature.
        const wrongSignature = /TLS Error: TLS handshake failed/;
        {
          await using impostor = await pair.start(
            ...["server", "openvpn", await lines(stolenServer, client, ...only)] as const,
          );
          await impostor.ready(patience);
          await using ours = await pair.start("client", "ours", await lines(client, server));
          await ours.process.waitForLine(wrongSignature, patience);
          assert.doesNotMatch(ours.process.output, /VERIFY OK|Initialization Sequence Completed/);
        }
        await using ours = await pair.start("server", "ours", await lines(server, client));
        await ours.ready(patience);
        await using impostor = await pair.start(
          ...["client", "openvpn", await lines(stolenClient, server, ...only)] as const,
        );
        await ours.process.waitForLine(wrongSignature, patience);
        await impostor.process.stop();
        assert.doesNotMatch(ours.process.output, /VERIFY OK|Data Channel: cipher/);
      },
    );
  }
  await context.step("who has another certificate", async () => {
    const other = await selfSigned("lone-other", "clientAuth");
    await using ours = await pair.start("server", "ours", await lines(server, client));
    await ours.ready(patience);
    await using stranger = await pair.start("client", "openvpn", await lines(other, server));
    await ours.process.waitForLine(/has the fingerprint .* which is not accepted/, patience);
    await stranger.process.stop();
    assert.doesNotMatch(ours.process.output, /VERIFY OK|Data Channel: cipher/);
  });
});

await testWith("crl-verify dir ends a session, and lets nobody in again", async () => {
  await using scenario = await Scenario.create("crl-dir");
  const directory = `${scenario.directory}/revoked`;
  await Deno.mkdir(directory);
  await using server = await scenario.startServer({
    implementation: "ours",
    extra: [`crl-verify ${directory} dir`],
  });
  await server.ready(patience);
  await using client = await scenario.startClient({ implementation: "openvpn" });
  await client.ready(patience);
  const { certificate } = scenario.credentials.client;
  const { serialNumber } = new X509Certificate(await Deno.readTextFile(certificate));
  const mark = server.process.lineCount;
  await Deno.writeTextFile(`${directory}/${BigInt(`0x${serialNumber}`)}`, "");
  await server.process.waitForLine(/is revoked/, { ...patience, after: mark });
  await client.process.waitForLine(/AUTH_FAILED/, patience);
  const closed = server.process.lineCount;
  await using again = await client.startAgain();
  await server.process.waitForLine(/VERIFY ERROR.*is revoked/, { ...patience, after: closed });
  await again.process.waitForLine(/AUTH_FAILED/, patience);
  assert.ok(!server.process.lines(closed).some((line) => /Data Channel: cipher/.test(line)));
});
