/** Who reaches what of a server's portal, metrics and authority, and by which names. */
import assert from "node:assert/strict";
import { generateStaticKey } from "../../lib/crypto/static_key.ts";
import { openStateDirectory } from "../../lib/pki/state_directory.ts";
import { createStateAuthority } from "../../lib/pki/authority_maker.ts";
import { readExposition } from "../lib/app/metrics/exposition.ts";
import { run } from "../harness/command.ts";
import { TemporaryDirectory } from "../harness/directory.ts";
import { type Host, Network } from "../harness/network.ts";
import { vpnCommand } from "../harness/program.ts";
import { peerRequirements, testWith } from "../harness/requirements.ts";

const timeoutMs = 60_000;
const passphrase = "an authority's passphrase";
const portalName = "portal.example";

await testWith(
  "portal, portal-host, metrics-allow and ca-passphrase-file do what they say",
  async (t) => {
    await using directory = await TemporaryDirectory.create();
    await using network = await Network.create("portalopt", { hosts: 3 });
    const [server, allowed, other] = network.hosts;
    const state = `${directory.path}/state`;
    const passphraseFile = `${directory.path}/passphrase`;
    await Deno.writeTextFile(passphraseFile, `${passphrase}\n`, { mode: 0o600 });
    (await createStateAuthority(state, { keyType: "ec:p256", passphrase }))[Symbol.dispose]();
    await openStateDirectory(state, {
      createIfMissing: true,
      tlsAuthKey: generateStaticKey,
      remote: server.address,
      passphrase: () => passphrase,
    });
    const ca = `${state}/ca.crt`;
    const config = `${state}/server.conf`;
    await Deno.writeTextFile(
      config,
      [
        ...["", "portal 0.0.0.0:8443", `portal-host ${portalName}`],
        ...["metrics 0.0.0.0:9100", `metrics-allow ${allowed.address}`, ""],
      ].join("\n"),
      { append: true },
    );
    const serve = [...vpnCommand, "serve", "--state", state];

    await t.step("without ca-passphrase-file the authority can issue nothing", async () => {
      const { code, stdout, stderr } = await server.namespace.tryExec(serve);
      assert.equal(code, 1);
      assert.match(stdout + stderr, /the portal needs a certificate, .*ca-passphrase-file/);
      assert.ok(!(stdout + stderr).includes(passphrase));
    });

    await Deno.writeTextFile(config, `ca-passphrase-file ${passphraseFile}\n`, { append: true });
    await using serving = server.namespace.spawn(serve);
    await serving.waitForLine(/The portal is at /, { timeoutMs });

    /** The status that a request gets; 0: TLS refuses. */
    const ask = async (from: Host, url: string, ...more: readonly string[]) => {
      const { stdout, stderr } = await from.namespace.tryExec([
        ...["curl", "-sS", "--max-time", "60", "--cacert", ca, "-w", "\n%{http_code}"],
        ...["--resolve", `${portalName}:8443:${server.address}`],
        ...["--resolve", `other.example:8443:${server.address}`, ...more, url],
      ]);
      const at = stdout.lastIndexOf("\n");
      return { status: Number(stdout.slice(at + 1)), text: stdout.slice(0, at), stderr };
    };

    await t.step("portal-host: the certificate is for that name, and requests by it", async () => {
      const byName = await ask(other, `https://${portalName}:8443/ca.pem`);
      assert.equal(byName.status, 200, byName.stderr);
      assert.match(byName.text, /BEGIN CERTIFICATE/);
      const stranger = await ask(other, "https://other.example:8443/ca.pem");
      assert.equal(stranger.status, 0);
      assert.match(stranger.stderr, /other\.example/);
      const insecure = await ask(other, "https://other.example:8443/ca.pem", "--insecure");
      assert.equal(insecure.status, 421);
    });

    await t.step("metrics-allow: by HTTP for that address and no other", async () => {
      const url = `http://${server.address}:9100/metrics`;
      const given = await ask(allowed, url);
      assert.equal(given.status, 200);
      assert.ok(readExposition(given.text).has("vpn_clients"));
      const after = serving.lineCount;
      const refused = await ask(other, url);
      assert.equal(refused.status, 403);
      assert.doesNotMatch(refused.text, /vpn_/);
      await serving.waitForLine(
        new RegExp(`metrics: ${other.address} GET: 403`),
        { timeoutMs, after },
      );
      // Not from the machine itself either: the list says all.
      assert.equal((await ask(server, url)).status, 403);
    });

    await t.step(
      "by the portal's HTTPS for that address, and for others with a token",
      async () => {
        const url = `https://${server.address}:8443/metrics`;
        const given = await ask(allowed, url);
        assert.equal(given.status, 200);
        assert.ok(readExposition(given.text).has("vpn_clients"));
        const refused = await ask(other, url);
        assert.equal(refused.status, 401);
        assert.doesNotMatch(refused.text, /vpn_clients/);
        const token = async (scope: string) =>
          (await run([
            ...vpnCommand,
            "portal",
            "token",
            "add",
            scope,
            "--scope",
            scope,
            "--state",
            state,
          ]))
            .trim();
        const bearer = async (
          scope: string,
        ) => ["-H", `Authorization: Bearer ${await token(scope)}`];
        assert.equal((await ask(other, url, ...await bearer("metrics"))).status, 200);
        assert.equal((await ask(other, url, ...await bearer("read"))).status, 403);
      },
    );
  },
  [...peerRequirements, "curl"],
);
