import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { CertificateError, parseCertificates } from "../../../lib/pki/mod.ts";
import {
  checkIssuerHash,
  checkRevocationDirectory,
  checkSuiteB,
} from "../../../lib/pki/peer_conditions.ts";
import { TestAuthority } from "../../harness/certificates.ts";
import { TemporaryDirectory } from "../../harness/directory.ts";
import { testWith } from "../../harness/requirements.ts";
import { testCertificates } from "../control/certificates.ts";

const certificates = testCertificates();
const [leaf] = parseCertificates(certificates.client.certificate);
const [authority] = parseCertificates(certificates.ca);

function refused(check: () => void, reason: string): void {
  assert.throws(check, (error) => error instanceof CertificateError && error.reason === reason);
}

Deno.test("verify-hash: the issuer's SHA-1 or SHA-256, not the peer's own", () => {
  const hash = (algorithm: string, der: Uint8Array) =>
    createHash(algorithm).update(der).digest("hex");
  const path = [leaf, authority];
  checkIssuerHash(path, [hash("sha1", authority.raw)]);
  checkIssuerHash(path, ["00".repeat(32), hash("sha256", authority.raw)]);
  refused(() => checkIssuerHash(path, [hash("sha256", leaf.raw)]), "fingerprint");
  refused(() => checkIssuerHash(path, ["00".repeat(20)]), "fingerprint");
  refused(() => checkIssuerHash([leaf], [hash("sha256", leaf.raw)]), "fingerprint");
});

Deno.test("crl-verify dir: a file named after a serial number revokes", async () => {
  await using directory = await TemporaryDirectory.create();
  const path = [leaf, authority];
  checkRevocationDirectory(path, directory.path);
  await Deno.writeTextFile(`${directory.path}/0x${leaf.serial}`, "");
  checkRevocationDirectory(path, directory.path);
  for (const certificate of path) {
    const file = `${directory.path}/${BigInt(`0x${certificate.serial}`)}`;
    await Deno.writeTextFile(file, "");
    refused(() => checkRevocationDirectory(path, directory.path), "revoked");
    await Deno.remove(file);
  }
  // A directory that is gone can't tell: that must not let anybody in.
  refused(() => checkRevocationDirectory(path, `${directory.path}/gone`), "crl-missing");
});

await testWith(
  "tls-cert-profile suiteb: P-256 and P-384 with SHA-2, and nothing else",
  async () => {
    checkSuiteB([leaf, authority]);
    await using directory = await TemporaryDirectory.create();
    const rsa = await TestAuthority.create(directory.path);
    const issued = await rsa.issue("client", { usage: "client" });
    const [rsaLeaf] = parseCertificates(await Deno.readTextFile(issued.certificate));
    const [rsaAuthority] = parseCertificates(await Deno.readTextFile(rsa.certificate));
    refused(() => checkSuiteB([rsaLeaf, rsaAuthority]), "weak-key");
    refused(() => checkSuiteB([leaf, rsaAuthority]), "weak-key");
    const signedByRsa = { ...leaf, signatureAlgorithm: rsaLeaf.signatureAlgorithm };
    refused(() => checkSuiteB([signedByRsa, authority]), "weak-signature");
  },
  ["openssl"],
);
