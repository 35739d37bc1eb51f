/** The authority as commands and server use it; certificates and lists judged by `openssl`. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Authority } from "../../../lib/pki/authority.ts";
import { createStateAuthority, type NewAuthority } from "../../../lib/pki/authority_maker.ts";
import { certificatePem } from "../../../lib/pki/certificate.ts";
import { parseRevocationLists } from "../../../lib/pki/crl.ts";
import type { IndexEntry } from "../../../lib/pki/certificate_index.ts";
import { DAY } from "../../../lib/pki/issue.ts";
import { importKeyPair } from "../../../lib/pki/keys.ts";
import { openssl, tryOpenssl } from "./impostors.ts";
import { inTemporaryDirectory } from "./temporary.ts";

const quick: NewAuthority = { keyType: "ec:p256" };

async function inAuthority(
  test: (authority: Authority, directory: string) => Promise<void>,
): Promise<void> {
  await inTemporaryDirectory(async (parent) => {
    const directory = join(parent, "state");
    using authority = await createStateAuthority(directory, quick);
    await test(authority, directory);
  });
}

const modeOf = async (path: string) => ((await Deno.stat(path)).mode ?? 0) & 0o777;

async function contents(directory: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name } of Deno.readDir(directory)) {
    found[name] = (await Deno.readFile(join(directory, name))).toHex();
  }
  return found;
}

/** `openssl verify -crl_check` of an entry. */
async function verdict(authority: Authority, entry: IndexEntry): Promise<string> {
  const file = join(authority.directory, "..", `${entry.serial}.pem`);
  await Deno.writeTextFile(file, certificatePem(await authority.certificateOf(entry)));
  const { caCertificate, revocationList } = authority.files;
  // deno-fmt-ignore -- one option per word
  const result = await tryOpenssl("verify", "-x509_strict", "-crl_check", "-CAfile",
    caCertificate, "-CRLfile", revocationList, "-purpose", `ssl${entry.purpose}`, file);
  return result.success ? "OK" : /error \d+ at 0 depth lookup: (.*)/.exec(result.stderr)?.[1] ?? "";
}

Deno.test("issue, renew, revoke: openssl agrees at every step", async () => {
  await inAuthority(async (authority) => {
    const entries: IndexEntry[] = [];
    for (const keyType of ["rsa:2048", "rsa:4096", "ec:p256", "ec:p384"] as const) {
      const entry = await authority.issue({ name: keyType, keyType });
      assert.equal(entry.key, keyType);
      assert.equal(await verdict(authority, entry), "OK");
      entries.push(entry);
    }
    const server = await authority.issue({
      name: "the server",
      purpose: "server",
      keyType: "ec:p256",
      alternativeNames: ["vpn.example", "192.0.2.1", "2001:db8::1"],
      days: 30,
    });
    assert.equal(await verdict(authority, server), "OK");
    assert.equal(server.notAfter - server.notBefore, 30 * DAY + 5 * 60_000);

    const renewed = await authority.renew("the server", { days: 60 });
    assert.equal(await verdict(authority, renewed), "OK");
    const [before, after] = [
      await authority.certificateOf(server),
      await authority.certificateOf(renewed),
    ];
    assert.deepEqual(after.publicKey.spki, before.publicKey.spki);
    assert.deepEqual(after.subjectAltNames, before.subjectAltNames);
    assert.notEqual(after.serial, before.serial);
    assert.equal((await authority.find("the server")).serial, renewed.serial);
    assert.equal(await authority.privateKeyOf(renewed), await authority.privateKeyOf(server));
    const rekeyed = await authority.renew("ec:p256", { keyType: "ec:p384" });
    assert.equal(rekeyed.key, "ec:p384");
    await importKeyPair(await authority.privateKeyOf(rekeyed) ?? "");

    // By serial number as openssl prints it: this one alone.
    const colons = entries[0].serial.match(/../g)!.join(":").toLowerCase();
    await authority.revoke(colons, "keyCompromise");
    assert.equal(await verdict(authority, entries[0]), "certificate revoked");
    assert.equal(await verdict(authority, entries[1]), "OK");
    // By name: the renewed one too.
    assert.equal((await authority.revoke("the server", "superseded")).length, 2);
    assert.equal(await verdict(authority, server), "certificate revoked");
    assert.equal(await verdict(authority, renewed), "certificate revoked");
    // deno-fmt-ignore -- one option per word
    const crl = await tryOpenssl("crl", "-in", authority.files.revocationList, "-noout", "-text",
      "-verify", "-CAfile", authority.files.caCertificate);
    assert.match(crl.stderr, /verify OK/);
    assert.match(crl.stdout, /CRL Number: \s*3/);
    assert.match(crl.stdout, /Key Compromise/);
    assert.match(crl.stdout, /Superseded/);

    // The name is free again.
    const again = await authority.issue({ name: "the server", keyType: "ec:p256" });
    assert.equal(await verdict(authority, again), "OK");
  });
});

Deno.test("what is refused leaves everything as it was", async () => {
  await inAuthority(async (authority, directory) => {
    await authority.issue({ name: "alice", keyType: "ec:p256" });
    const gone = await authority.issue({ name: "gone", keyType: "ec:p256" });
    await authority.revoke("gone");
    const before = await contents(directory);
    const refused = async (work: Promise<unknown>, message: RegExp) => {
      await assert.rejects(work, (error: Error & { line?: string }) => {
        assert.match(error.line ?? "", message);
        return true;
      });
      assert.deepEqual(await contents(directory), before);
    };
    await refused(authority.issue({ name: "alice" }), /alice has a valid certificate.*renew alice/);
    await refused(authority.issue({ name: "a\nb" }), /cannot stand in a certificate/);
    await refused(authority.issue({ name: "" }), /cannot stand in a certificate/);
    await refused(authority.revoke("nobody"), /nobody has the name.*"nobody"/);
    await refused(authority.revoke("gone"), /revoked already/);
    await refused(authority.renew(gone.serial), /is revoked/);
    await refused(createStateAuthority(directory, quick), /has a certification authority already/);
    await refused(
      authority.index.add([{
        ...await authority.find("alice"),
        certificate: new Uint8Array(),
        privateKey: undefined,
      }]),
      /pki\.db/,
    );
  });
});

Deno.test("a name is taken once, whoever is first", async () => {
  await inAuthority(async (authority, directory) => {
    using other = await Authority.open(directory);
    const request = { name: "alice", keyType: "ec:p256" } as const;
    const results = await Promise.allSettled([authority.issue(request), other.issue(request)]);
    assert.deepEqual(results.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    assert.equal((await authority.list()).length, 1);
  });
});

Deno.test("revocations at once are all in the last list", async () => {
  await inAuthority(async (authority, directory) => {
    const names = ["a", "b", "c", "d", "e", "f"];
    for (const name of names) await authority.issue({ name, keyType: "ec:p256" });
    using other = await Authority.open(directory);
    const both = [authority, other];
    await Promise.all(names.map((name, i) => both[i % 2].revoke(name)));
    const [list] = parseRevocationLists(await Deno.readTextFile(authority.files.revocationList));
    assert.equal(list.revoked.size, names.length);
    assert.equal(list.number, "07"); // One when it was made, one for each.
    const newest = await authority.revocations.current();
    assert.deepEqual(list.raw, newest?.raw);
  });
});

Deno.test("the authority's key encrypted by a passphrase", async () => {
  await inTemporaryDirectory(async (parent) => {
    const directory = join(parent, "state");
    const passphrase = "correct horse";
    await assert.rejects(
      createStateAuthority(directory, { ...quick, passphrase: "short" }),
      /less than 8 characters/,
    );
    {
      using made = await createStateAuthority(directory, { ...quick, passphrase });
      assert.equal(await modeOf(made.files.caKey), 0o600);
      const pem = await Deno.readTextFile(made.files.caKey);
      assert.match(pem, /^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
      const parsed = await openssl("asn1parse", "-in", made.files.caKey);
      for (const word of ["PBES2", "PBKDF2", "hmacWithSHA256", "aes-256-cbc"]) {
        assert.match(parsed, new RegExp(word));
      }
      // 600,000 iterations.
      assert.match(parsed, /INTEGER\s+:0927C0/);
      // deno-fmt-ignore -- one option per word
      const fromKey = await openssl("pkey", "-in", made.files.caKey, "-passin",
        `pass:${passphrase}`, "-pubout");
      // deno-fmt-ignore -- one option per word
      const fromCertificate = await openssl("x509", "-in", made.files.caCertificate, "-noout",
        "-pubkey");
      assert.equal(fromKey, fromCertificate);
    }
    const issue = async (source: (() => string) | undefined) => {
      using authority = await Authority.open(directory, { passphrase: source });
      return await authority.issue({ name: "alice", keyType: "ec:p256" });
    };
    const before = await contents(directory);
    await assert.rejects(issue(undefined), /ca\.key is encrypted/);
    await assert.rejects(issue(() => "another passphrase"), (error: Error) => {
      assert.match(error.message, /ca\.key: the passphrase is wrong/);
      assert.doesNotMatch(error.message, /another/);
      return true;
    });
    assert.deepEqual(await contents(directory), before);
    assert.equal((await issue(() => passphrase)).name, "alice");
  });
});

Deno.test("secrets are readable by their owner only, the index included", async () => {
  await inAuthority(async ({ files }, directory) => {
    assert.equal(await modeOf(directory), 0o700);
    for (const file of [files.caKey, files.index]) assert.equal(await modeOf(file), 0o600);
  });
});

Deno.test("a list that was lost between index and file is published by the next command", async () => {
  await inAuthority(async (authority) => {
    const { revocationList } = authority.files;
    const old = await Deno.readTextFile(revocationList);
    await authority.issue({ name: "alice", keyType: "ec:p256" });
    await authority.revoke("alice");
    const right = await Deno.readTextFile(revocationList);
    await Deno.writeTextFile(revocationList, old);
    assert.match((await authority.revocations.maintain(Date.now()))[0], /published again/);
    assert.equal(await Deno.readTextFile(revocationList), right);
    assert.deepEqual(await authority.revocations.maintain(Date.now()), []);
  });
});
