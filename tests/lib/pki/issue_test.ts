/** What we issue, judged by the `openssl` command. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { certificatePem } from "../../../lib/pki/certificate.ts";
import { revocationListPem } from "../../../lib/pki/crl.ts";
import {
  BACKDATE,
  createAuthority,
  DAY,
  issueCertificate,
  openAuthority,
} from "../../../lib/pki/issue.ts";
import { issueRevocationList } from "../../../lib/pki/crl_writer.ts";
import {
  checkKeyPair,
  generateKeyPair,
  importKeyPair,
  type KeyType,
  privateKeyPem,
} from "../../../lib/pki/keys.ts";
import { verifyPeerCertificate } from "../../../lib/pki/verify_chain.ts";
import { openssl, tryOpenssl } from "./impostors.ts";
import { inTemporaryDirectory } from "./temporary.ts";

const now = Math.floor(Date.now() / 1000) * 1000;

for (const type of ["rsa:2048", "ec:p256", "ec:p384"] satisfies KeyType[]) {
  Deno.test(`openssl accepts what a ${type} authority issues`, async () => {
    await inTemporaryDirectory(async (directory) => {
      const path = (name: string) => join(directory, name);
      const write = (name: string, text: string) => Deno.writeTextFile(path(name), text);
      const authority = await createAuthority({
        commonName: "Test CA ü",
        keys: await generateKeyPair(type),
        now,
      });
      await write("ca.crt", certificatePem(authority.certificate));
      const files = { server: "server.crt", client: "client.crt" };
      const keys = await generateKeyPair(type);
      const serials: string[] = [];
      for (const purpose of ["server", "client"] as const) {
        const certificate = await issueCertificate(authority, {
          commonName: purpose,
          purpose,
          publicKey: keys.publicKey,
          alternativeNames: purpose === "server" ? ["vpn.example", "192.0.2.7", "2001:db8::7"] : [],
          now,
        });
        serials.push(certificate.serial);
        await write(files[purpose], certificatePem(certificate));
        const peer = await verifyPeerCertificate([certificate.raw], {
          authorities: [authority.certificate],
          purpose,
          remoteCertTls: purpose,
          now,
        });
        assert.equal(peer.commonName, purpose);
      }
      assert.match(serials[0], /^[4-7][0-9A-F]{31}$/);
      assert.notEqual(serials[0], serials[1]);

      const revoked = new Map([[serials[1], { date: now, reason: 1 }], [
        "00FFEE".slice(2),
        { date: now, reason: undefined },
      ]]);
      const list = await issueRevocationList(authority, { revoked, number: 255n, now });
      assert.deepEqual([...list.revoked], [...revoked]);
      await write("crl.pem", revocationListPem(list));

      const verify = (file: string, purpose: string) =>
        // deno-fmt-ignore -- one option per word
        tryOpenssl("verify", "-x509_strict", "-purpose", `ssl${purpose}`, "-CAfile",
          path("ca.crt"), "-CRLfile", path("crl.pem"), "-crl_check", path(file));
      assert.ok((await verify("server.crt", "server")).success);
      assert.ok(!(await verify("server.crt", "client")).success);
      assert.match((await verify("client.crt", "client")).stderr, /certificate revoked/);
      const crl = await tryOpenssl(
        "crl",
        "-in",
        path("crl.pem"),
        "-CAfile",
        path("ca.crt"),
        "-noout",
        "-verify",
        "-text",
      );
      assert.match(crl.stderr, /verify OK/);
      assert.match(crl.stdout, /CRL Number: \s*255/);
      assert.match(crl.stdout, /Key Compromise/);
      assert.match(crl.stdout, /Serial Number: FFEE/);

      const text = await openssl("x509", "-in", path("server.crt"), "-noout", "-text");
      assert.match(text, /Version: 3/);
      assert.match(text, /Basic Constraints: critical\s+CA:FALSE/);
      assert.match(
        text,
        type.startsWith("rsa")
          ? /Key Usage: critical\s+Digital Signature, Key Encipherment\n/
          : /Key Usage: critical\s+Digital Signature\n/,
      );
      assert.match(text, /DNS:vpn.example, IP Address:192.0.2.7, IP Address:2001:DB8:0:0:0:0:0:7/);
      assert.match(text, /Authority Key Identifier/);
      const ca = await openssl("x509", "-in", path("ca.crt"), "-noout", "-text");
      assert.match(ca, /CA:TRUE, pathlen:0/);
      assert.match(ca, /Key Usage: critical\s+Certificate Sign, CRL Sign\n/);

      // A private key of ours, read by openssl, gives the public key of the certificate.
      await write("server.key", await privateKeyPem(keys.privateKey));
      const fromKey = await openssl("pkey", "-in", path("server.key"), "-pubout");
      assert.equal(
        fromKey,
        await openssl("x509", "-in", path("server.crt"), "-noout", "-pubkey"),
      );
    });
  });
}

Deno.test("validity is dated back five minutes and never outlives the authority", async () => {
  const keys = await generateKeyPair("ec:p256");
  const authority = await createAuthority({ commonName: "CA", keys, now, days: 100 });
  const { publicKey } = keys;
  const request = { commonName: "a", purpose: "client", publicKey, now } as const;
  const short = await issueCertificate(authority, { ...request, days: 10 });
  assert.equal(short.notBefore, now - BACKDATE);
  assert.equal(short.notAfter, now + 10 * DAY);
  const long = await issueCertificate(authority, { ...request, days: 1000 });
  assert.equal(long.notAfter, authority.certificate.notAfter);
  await assert.rejects(
    issueCertificate(authority, { ...request, now: now + 101 * DAY }),
    { reason: "expired" },
  );
});

Deno.test("dates from 2050 on are written and read", async () => {
  const keys = await generateKeyPair("ec:p256");
  const start = Date.UTC(2049, 11, 31);
  const { certificate } = await createAuthority({ commonName: "CA", keys, now: start, days: 3 });
  assert.equal(certificate.notAfter, Date.UTC(2050, 0, 3));
});

Deno.test("names that cannot stand in a certificate are refused", async () => {
  const keys = await generateKeyPair("ec:p256");
  const authority = await createAuthority({ commonName: "CA", keys, now });
  const { publicKey } = keys;
  const issue = (commonName: string, alternativeNames: string[] = []) =>
    issueCertificate(authority, {
      commonName,
      purpose: "server",
      publicKey,
      now,
      alternativeNames,
    });
  for (const bad of ["", "ü".repeat(33), "a\nb", "a\u0085b", "a\0b"]) {
    await assert.rejects(issue(bad), /cannot stand in a certificate/);
  }
  assert.equal((await issue("ü".repeat(32))).commonName, "ü".repeat(32));
  for (const bad of ["", "a b", "a..b", "-\n", "1.2.3.400/", "fe80::1%eth0", "x".repeat(254)]) {
    await assert.rejects(issue("a", [bad]), /neither a host name nor an address/);
  }
});

Deno.test("private keys: openssl's forms are read, foreign and damaged ones refused", async () => {
  await inTemporaryDirectory(async (directory) => {
    const path = (name: string) => join(directory, name);
    const own = path("own.key");
    await openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", own);
    const pem = await Deno.readTextFile(own);
    const { publicKey, privateKey } = await importKeyPair(pem);
    const keys = { publicKey, privateKey };
    const authority = await createAuthority({ commonName: "CA", keys, now });
    const { certificate } = authority;
    checkKeyPair(certificate, pem);
    checkKeyPair(certificate, await openssl("rsa", "-in", own, "-traditional"));
    const encrypted = await openssl("pkcs8", "-topk8", "-in", own, "-passout", "pass:secret");
    checkKeyPair(certificate, encrypted, "secret");
    for (const passphrase of [undefined, "wrong"]) {
      assert.throws(() => checkKeyPair(certificate, encrypted, passphrase), {
        reason: "malformed",
      });
    }
    assert.throws(() => checkKeyPair(certificate, pem.replace("\n", "\nAAAA")), {
      reason: "malformed",
    });
    const foreign = await privateKeyPem((await generateKeyPair("ec:p256")).privateKey);
    assert.throws(() => checkKeyPair(certificate, foreign), { reason: "key-mismatch" });
    await assert.rejects(openAuthority(certificatePem(certificate), foreign), {
      reason: "key-mismatch",
    });
    const leaf = await issueCertificate(authority, {
      commonName: "x",
      purpose: "client",
      publicKey,
      now,
    });
    await assert.rejects(openAuthority(certificatePem(leaf), pem), { reason: "not-an-authority" });
    assert.equal((await openAuthority(certificatePem(certificate), pem)).key.type, "private");
  });
});
