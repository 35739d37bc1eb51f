/** Our client asks the authority about the server, before it says who it is. */
import assert from "node:assert/strict";
import { generateStaticKey } from "../../lib/crypto/static_key.ts";
import { createStateAuthority } from "../../lib/pki/authority_maker.ts";
import { openStateDirectory } from "../../lib/pki/state_directory.ts";
import { TemporaryDirectory } from "../harness/directory.ts";
import { Network } from "../harness/network.ts";
import { vpnCommand } from "../harness/program.ts";
import { testWith } from "../harness/requirements.ts";

const completed = /Initialization Sequence Completed/;
const generous = { timeoutMs: 60_000 };

await testWith("a client refuses a server that its authority has revoked", async (context) => {
  await using directory = await TemporaryDirectory.create();
  await using network = await Network.create("online");
  const [serverHost, { namespace }] = network.hosts;
  const url = `http://${serverHost.address}:8080`;
  const state = `${directory.path}/state`;
  const passphrase = "correct horse";
  const passphraseFile = `${directory.path}/passphrase`;
  await Deno.writeTextFile(passphraseFile, `${passphrase}\n`, { mode: 0o600 });
  using authority = await createStateAuthority(state, { keyType: "ec:p256", passphrase });
  await authority.index.setSetting("url", url);
  const { files } = await openStateDirectory(state, {
    createIfMissing: true,
    tlsAuthKey: generateStaticKey,
    remote: serverHost.address,
    keyType: "ec:p256",
    passphrase: () => passphrase,
  });
  // OpenVPN serves, so that what it sees of a client is told by another implementation.
  await using server = serverHost.namespace.spawn([
    ...["openvpn", "--config", files.serverConfiguration, "--verb", "4"],
  ]);
  await server.waitForLine(completed, generous);
  // The same state directory's authority answers, in a server of ours beside it.
  await using service = serverHost.namespace.spawn([
    ...[...vpnCommand, "serve", "--state", state, "--http", `${serverHost.address}:8080`],
    ...["--port", "1195", "--server", "10.9.0.0", "255.255.255.0"],
    ...["--ca-passphrase-file", passphraseFile],
  ]);
  await service.waitForLine(completed, generous);
  const connect = (...options: string[]) =>
    namespace.spawn([...vpnCommand, "connect", files.clientProfile, "--verb", "3", ...options], {
      name: options.join(" "),
    });

  const list = ["--crl-verify", `${url}/crl.pem`];
  const nobody = `http://${serverHost.address}:9/`;
  await context.step("both ways say that it is good", async () => {
    await using client = connect(...list, "--ocsp", "require");
    await client.waitForLine(/CRL: loaded the revocation list from/, generous);
    await client.waitForLine(/OCSP: the certificate of CN=server is good/, generous);
    await client.waitForLine(completed, generous);
    await client.stop();
  });

  await context.step("nobody answers: try goes on, require does not", async () => {
    await using tries = connect("--ocsp", "try", nobody);
    await tries.waitForLine(/WARNING: ocsp try: .*cannot be had/, generous);
    await tries.waitForLine(completed, generous);
    await tries.stop();
    await using requires = connect("--ocsp", "require", nobody);
    await requires.waitForLine(/VERIFY ERROR.*OCSP: .*cannot be had|TLS Error.*OCSP: /, generous);
    assert.doesNotMatch(requires.output, completed);
    await requires.stop();
    await using unlisted = connect("--crl-verify", `http://${serverHost.address}:9/crl.pem`);
    await unlisted.waitForLine(/there is no revocation list: .*cannot be had/, generous);
    assert.doesNotMatch(unlisted.output, completed);
    await unlisted.stop();
  });

  await context.step("revoked: each way alone keeps the client from saying a word", async () => {
    await authority.revoke("server", "keyCompromise");
    for (
      const [options, word] of [
        [["--ocsp", "require"], /is revoked since .*keyCompromise \(OCSP\)/],
        [["--ocsp", "try"], /is revoked since .*keyCompromise \(OCSP\)/],
        [list, /certificate "CN=server" .*is revoked/],
      ] as const
    ) {
      const after = server.lineCount;
      await using client = connect(...options);
      await client.waitForLine(word, generous);
      await client.stop();
      assert.doesNotMatch(client.output, completed);
      // Key method 2, with what a client says of itself, did not come.
      assert.doesNotMatch(server.lines().slice(after).join("\n"), /peer info:|PUSH_REQUEST/);
    }
  });
});
