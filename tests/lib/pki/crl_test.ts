/** Revocation lists that must not count, or must count for nothing. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { parseRevocationLists, verifyRevocationList } from "../../../lib/pki/crl.ts";
import { parseCertificates } from "../../../lib/pki/certificate.ts";
import { CertificateError } from "../../../lib/pki/errors.ts";
import {
  createAuthority,
  DAY,
  issueCertificate,
  type SigningAuthority,
} from "../../../lib/pki/issue.ts";
import { issueRevocationList } from "../../../lib/pki/crl_writer.ts";
import { generateKeyPair } from "../../../lib/pki/keys.ts";
import { verifyPeerCertificate } from "../../../lib/pki/verify_chain.ts";
import { openssl } from "./impostors.ts";
import { inTemporaryDirectory } from "./temporary.ts";

const now = Date.now();
const make = async (commonName: string) =>
  await createAuthority({ commonName, keys: await generateKeyPair("ec:p256"), now });
const authority = await make("CA");
const double = await make("CA");
const other = await make("Other");
const leaf = await issueCertificate(authority, {
  commonName: "leaf",
  purpose: "client",
  publicKey: (await generateKeyPair("ec:p256")).publicKey,
  now,
});
const revoked = new Map([[leaf.serial, { date: now, reason: undefined }]]);
const none = new Map();
const list = (by: SigningAuthority, entries: typeof revoked, at = now, days?: number) =>
  issueRevocationList(by, { revoked: entries, number: 1n, now: at, days });

async function outcome(...lists: Awaited<ReturnType<typeof list>>[]): Promise<string> {
  try {
    await verifyPeerCertificate([leaf.raw], {
      authorities: [authority.certificate],
      revocationLists: lists,
      purpose: "client",
      now,
    });
    return "accepted";
  } catch (error) {
    assert.ok(error instanceof CertificateError, String(error));
    return error.reason;
  }
}

Deno.test("a list counts if the issuer's own key made it and it is in date", async () => {
  const clean = await list(authority, none);
  const forged = await list(double, none);
  const stale = await list(authority, none, now - 200 * DAY);
  const early = await list(authority, none, now + DAY);
  assert.equal(await outcome(clean), "accepted");
  assert.equal(await outcome(await list(authority, revoked)), "revoked");
  assert.equal(await outcome(forged), "bad-signature");
  assert.equal(await outcome(stale), "crl-expired");
  assert.equal(await outcome(early), "crl-not-yet-valid");
  assert.equal(await outcome(await list(other, none)), "crl-missing");
  assert.equal(await outcome(), "crl-missing");
});

Deno.test("of several lists, each that counts is looked into", async () => {
  const clean = await list(authority, none);
  const current = await list(authority, revoked);
  assert.equal(await outcome(clean, current), "revoked");
  assert.equal(await outcome(current, clean), "revoked");
  // A forged or stale one beside it neither revokes nor hides.
  assert.equal(await outcome(await list(double, revoked), clean), "accepted");
  assert.equal(await outcome(await list(authority, none, now - 200 * DAY), clean), "accepted");
  assert.equal(await outcome(await list(authority, none, now - 200 * DAY), current), "revoked");
});

Deno.test("verifyRevocationList says why", async () => {
  const clean = await list(authority, none);
  await verifyRevocationList(clean, authority.certificate);
  const refused = (by: typeof authority.certificate, reason: string) =>
    assert.rejects(verifyRevocationList(clean, by), { reason });
  await refused(double.certificate, "bad-signature");
  await refused(other.certificate, "unknown-authority");
  const { certificate } = authority;
  await refused({ ...certificate, keyUsage: new Set(["keyCertSign"]) }, "not-an-authority");
});

Deno.test("delta and partitioned lists are refused: they leave certificates out", async () => {
  await inTemporaryDirectory(async (directory) => {
    const path = (name: string) => join(directory, name);
    // deno-fmt-ignore -- one option per word
    await openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
      "-keyout", path("key"), "-subj", "/CN=CA", "-days", "30", "-out", path("crt"));
    await Deno.writeTextFile(path("index.txt"), "");
    const extensions = {
      delta: "2.5.29.27 = critical, ASN1:INTEGER:1",
      partitioned: "issuingDistributionPoint = critical, @p\n[p]\nonlyuser = TRUE",
    };
    for (const extension of Object.values(extensions)) {
      await Deno.writeTextFile(
        path("cnf"),
        `[ca]\ndefault_ca=c\n[c]\ndatabase=${path("index.txt")}\n[e]\n${extension}\n`,
      );
      // deno-fmt-ignore -- one option per word
      const made = await openssl("ca", "-gencrl", "-config", path("cnf"), "-cert", path("crt"),
        "-keyfile", path("key"), "-md", "sha256", "-crldays", "30", "-crlexts", "e");
      const [certificate] = parseCertificates(await Deno.readTextFile(path("crt")));
      const [parsed] = parseRevocationLists(made);
      await assert.rejects(verifyRevocationList(parsed, certificate), {
        reason: "critical-extension",
      });
    }
  });
});
