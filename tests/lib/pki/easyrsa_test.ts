/** Other programs' authorities go on here: Debian's easy-rsa, and openssl's files. */
import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { VpnError } from "../../../lib/base/errors.ts";
import { Authority } from "../../../lib/pki/authority.ts";
import { importStateAuthority } from "../../../lib/pki/authority_import.ts";
import { certificatePem } from "../../../lib/pki/certificate.ts";
import { readEasyrsaDirectory, readEasyrsaIndex } from "../../../lib/pki/easyrsa.ts";
import { run } from "../../harness/command.ts";
import { testWith } from "../../harness/requirements.ts";
import { openssl, tryOpenssl } from "./impostors.ts";
import { inTemporaryDirectory } from "./temporary.ts";

await testWith("easy-rsa's directory imports and goes on", async () => {
  await inTemporaryDirectory(async (parent) => {
    const directory = join(parent, "easy");
    await run(["make-cadir", directory]);
    // Newer ones want it in pki.
    await Deno.remove(join(directory, "vars")).catch(() => {});
    const easyrsa = (...args: string[]) =>
      run([join(directory, "easyrsa"), "--batch", ...args], { cwd: directory });
    await easyrsa("init-pki");
    await easyrsa("--req-cn=Old CA", "build-ca", "nopass");
    await easyrsa("build-server-full", "server", "nopass");
    for (const name of ["alice", "bob"]) await easyrsa("build-client-full", name, "nopass");
    await easyrsa("revoke", "bob", "keyCompromise");
    await easyrsa("gen-crl");

    const state = join(parent, "state");
    const foreign = await readEasyrsaDirectory(directory, Date.now());
    const imported = await importStateAuthority(state, foreign);
    using authority = imported.authority;
    assert.equal(imported.entries, 3);
    assert.equal(imported.revoked, 1);
    const [server, alice, bob] = await Promise.all(
      ["server", "alice", "bob"].map((name) => authority.find(name)),
    );
    assert.equal(server.purpose, "server");
    assert.ok(alice.holdsKey && server.holdsKey);
    assert.equal(bob.revocation?.reason, 1);
    // It goes on: a new certificate, a renewed one, a revoked one, judged by openssl.
    await authority.issue({ name: "carol", keyType: "ec:p256" });
    await authority.renew("alice");
    await authority.revoke("alice");
    const { caCertificate, revocationList } = authority.files;
    const verify = async (name: string) => {
      const file = join(parent, "leaf.pem");
      const certificate = await authority.certificateOf(await authority.find(name));
      await Deno.writeTextFile(file, certificatePem(certificate));
      // deno-fmt-ignore -- one option per word
      return await tryOpenssl("verify", "-crl_check", "-CAfile", caCertificate, "-CRLfile",
        revocationList, file);
    };
    for (const name of ["server", "carol"]) assert.ok((await verify(name)).success, name);
    for (const name of ["alice", "bob"]) {
      assert.match((await verify(name)).stderr, /certificate revoked/);
    }
    // deno-fmt-ignore -- one option per word
    const text = await openssl("crl", "-in", revocationList, "-noout", "-text");
    assert.match(text, /Key Compromise/);
    await assert.rejects(importStateAuthority(state, foreign), /authority already/);
  });
}, ["make-cadir"]);

Deno.test("an authority from openssl's files, its key encrypted", async () => {
  await inTemporaryDirectory(async (parent) => {
    const path = (name: string) => join(parent, name);
    // deno-fmt-ignore -- one option per word
    await openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-aes256",
      "-pass", "pass:correct horse", "-out", path("ca.key"));
    // deno-fmt-ignore -- one option per word
    await openssl("req", "-x509", "-key", path("ca.key"), "-passin", "pass:correct horse",
      "-out", path("ca.crt"), "-days", "100", "-subj", "/CN=Foreign");
    // deno-fmt-ignore -- one option per word
    await openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", path("other.key"),
      "-out", path("other.crt"), "-subj", "/CN=Other");
    const read = (name: string) => Deno.readTextFile(path(name));
    const foreign = {
      certificateFile: path("ca.crt"),
      keyFile: path("ca.key"),
      revocationListFile: path("crl.pem"),
      certificate: await read("ca.crt"),
      key: await read("ca.key"),
      revocationList: undefined,
      entries: [],
      revoked: new Map(),
      tlsAuthKey: undefined,
    };
    const state = path("state");
    const options = { passphrase: () => "correct horse" };
    await assert.rejects(importStateAuthority(state, foreign), /ca\.key is encrypted/);
    await assert.rejects(
      importStateAuthority(state, { ...foreign, key: await read("other.key") }, options),
      /ca\.key: .*does not belong/,
    );
    // deno-fmt-ignore -- one option per word
    const old = await openssl("pkcs8", "-topk8", "-v2", "des3", "-in", path("ca.key"), "-passin",
      "pass:correct horse", "-passout", "pass:correct horse");
    await assert.rejects(
      importStateAuthority(state, { ...foreign, key: old }, options),
      (error: VpnError) => /not supported: convert it with openssl/.test(error.line),
    );
    await Deno.writeTextFile(path("index.txt"), "");
    await Deno.writeTextFile(
      path("cnf"),
      `[ca]\ndefault_ca=c\n[c]\ndatabase=${path("index.txt")}\ncrlnumber=${path("number")}\n`,
    );
    await Deno.writeTextFile(path("number"), "20\n");
    const list = async (name: string, ...more: string[]) => {
      // deno-fmt-ignore -- one option per word
      await openssl("ca", "-config", path("cnf"), "-gencrl", "-md", "sha256", "-crldays", "30",
        "-cert", path(`${name}.crt`), "-keyfile", path(`${name}.key`), ...more, "-out", path("crl.pem"));
      return await read("crl.pem");
    };
    await assert.rejects(
      importStateAuthority(state, { ...foreign, revocationList: await list("other") }, options),
      /crl\.pem: .*is not of/,
    );
    await assert.rejects(Deno.stat(state), Deno.errors.NotFound);
    const revocationList = await list("ca", "-passin", "pass:correct horse");
    const imported = await importStateAuthority(state, { ...foreign, revocationList }, options);
    using authority = imported.authority;
    assert.equal(await Deno.readTextFile(authority.files.caKey), foreign.key);
    assert.equal((await authority.revocations.current())?.number, "22");
    using again = await Authority.open(state, options);
    await again.issue({ name: "alice", keyType: "ec:p256" });
  });
});

Deno.test("index.txt: dates and serial numbers", () => {
  const line = "R\t291231235959Z\t261130060000Z,keyCompromise\t00FF\tunknown\t/CN=bob\n";
  assert.deepEqual(readEasyrsaIndex(line + "V\t20511231235959Z\t\t10\tunknown\t/CN=a\n", "i"), [
    {
      status: "R",
      serial: "FF",
      revocation: { date: Date.UTC(2026, 10, 30, 6), reason: 1 },
    },
    { status: "V", serial: "10", revocation: undefined },
  ]);
  assert.throws(() => readEasyrsaIndex("X\t\t\t01\n", "/i"), /\/i:1: no such status/);
  assert.throws(() => readEasyrsaIndex("V\t\t\t1\n", "/i"), /\/i:1: no serial number/);
  assert.throws(() => readEasyrsaIndex("\nR\t\t\t01\n", "/i"), /\/i:2: no date/);
  fc.assert(fc.property(
    fc.array(fc.oneof(fc.string(), fc.constantFrom("R\t", "V\t", "\t", "01", "\n", line))),
    (parts) => {
      try {
        readEasyrsaIndex(parts.join(""), "i");
      } catch (error) {
        assert.ok(error instanceof VpnError);
      }
    },
  ));
});
