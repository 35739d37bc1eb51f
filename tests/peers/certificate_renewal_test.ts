/** The portal's and the authority's certificates change in a running server, as openssl sees it. */
import assert from "node:assert/strict";
import { generateStaticKey } from "../../lib/crypto/static_key.ts";
import { openStateDirectory } from "../../lib/pki/state_directory.ts";
import { TestAuthority } from "../harness/certificates.ts";
import { run } from "../harness/command.ts";
import { TemporaryDirectory } from "../harness/directory.ts";
import { Network } from "../harness/network.ts";
import { vpnCommand } from "../harness/program.ts";
import { peerRequirements, testWith } from "../harness/requirements.ts";

const generous = { timeoutMs: 60_000 };
const hour = 3_600_000;

await testWith("openssl sees certificates that changed, without a restart", async (t) => {
  await using directory = await TemporaryDirectory.create();
  await using network = await Network.create("renewal");
  const [server, client] = network.hosts;
  const state = `${directory.path}/state`;
  await openStateDirectory(state, {
    createIfMissing: true,
    tlsAuthKey: generateStaticKey,
    remote: server.address,
  });
  // Somebody else's authority, whose certificates live for an hour.
  const other = await TestAuthority.create(`${directory.path}/other`);
  const shortLived = (file: string) =>
    other.issue("portal.example", { usage: "server", notAfter: Date.now() + hour }, file);
  const first = await shortLived("first");
  const given = { certificate: `${directory.path}/web.crt`, key: `${directory.path}/web.key` };
  const put = async (certificate: string, key: string) => {
    for (const [from, to] of [[certificate, given.certificate], [key, given.key]]) {
      await Deno.copyFile(from, `${to}.new`);
      await Deno.rename(`${to}.new`, to);
    }
  };
  await put(first.certificate, first.key);
  await using serving = server.namespace.spawn([
    ...[...vpnCommand, "serve", "--state", state, "--https", "8444"],
    ...["--portal", "0.0.0.0:8443", "--portal-cert", given.certificate, "--portal-key", given.key],
  ]);
  await serving.waitForLine(/The portal is at /, generous);
  // A listener at every address says one that others can use.
  const authority = `https://${server.address}:8444`;
  assert.ok(serving.output.includes(`The authority answers at ${authority} (port 8444 of every`));

  const shownAt = async (port: number) => {
    const place = `${server.address}:${port}`;
    const chain = await client.namespace.exec(["openssl", "s_client", "-connect", place]);
    const [pem] = /-----BEGIN[^]+?-----END CERTIFICATE-----\n/.exec(chain)!;
    await Deno.writeTextFile(`${directory.path}/shown.pem`, pem);
    return await serialOf(`${directory.path}/shown.pem`);
  };
  const serialOf = async (path: string) =>
    (await run(["openssl", "x509", "-in", path, "-noout", "-serial"])).trim().slice(7);

  await t.step("portal-cert and portal-key that were replaced", async () => {
    assert.equal(await shownAt(8443), await serialOf(first.certificate));
    // One that asks nothing and stays: its session is the former certificate's.
    await using staying = client.namespace.spawn([
      ...["openssl", "s_client", "-connect", `${server.address}:8443`, "-quiet", "-crlf"],
    ], { input: true });
    await staying.waitForLine(/portal\.example/, generous);
    const second = await shortLived("second");
    const after = serving.lineCount;
    await put(second.certificate, second.key);
    const serial = await serialOf(second.certificate);
    await serving.waitForLine(
      new RegExp(`The portal has a new certificate \\(serial ${serial}\\)`),
      { after, ...generous },
    );
    assert.equal(await shownAt(8443), serial);
    await staying.write("GET /ca.pem HTTP/1.1\nHost: localhost\nConnection: close\n\n");
    await staying.waitForLine(/HTTP\/1\.1 200/, generous);
  });

  await t.step("what can't be used is said, and the former stays", async () => {
    const before = await shownAt(8443);
    const after = serving.lineCount;
    await put((await shortLived("third")).certificate, first.key);
    await serving.waitForLine(
      /WARNING: The portal's certificate stays as it is: .*web\.crt.*does not belong/,
      { after, ...generous },
    );
    assert.equal(await shownAt(8443), before);
  });

  await t.step(
    "server.crt that vpn pki renewed, where the authority answers by HTTPS",
    async () => {
      const before = await shownAt(8444);
      assert.equal(before, await serialOf(`${state}/server.crt`));
      const after = serving.lineCount;
      await run([...vpnCommand, "pki", "renew", "server", "--state", state]);
      const renewed = await serialOf(`${state}/server.crt`);
      assert.notEqual(renewed, before);
      await serving.waitForLine(
        new RegExp(`The authority's HTTPS has a new certificate \\(serial ${renewed}\\)`),
        { after, ...generous },
      );
      assert.equal(await shownAt(8444), renewed);
    },
  );
}, [...peerRequirements, "openssl"]);
