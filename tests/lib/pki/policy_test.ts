/** What the configuration asks of a peer, and what kinds of key and signature are taken. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type Certificate, parseCertificates } from "../../../lib/pki/certificate.ts";
import { CertificateError } from "../../../lib/pki/errors.ts";
import { createAuthority, DAY, issueCertificate } from "../../../lib/pki/issue.ts";
import { generateKeyPair } from "../../../lib/pki/keys.ts";
import { checkNameConstraints } from "../../../lib/pki/name_constraints.ts";
import { type PeerPolicy, verifyPeerCertificate } from "../../../lib/pki/verify_chain.ts";
import { openssl, Workshop } from "./impostors.ts";
import { inTemporaryDirectory } from "./temporary.ts";

const now = Date.now();
const keys = await generateKeyPair("ec:p256");
const authority = await createAuthority({ commonName: "CA", keys, now });
const { publicKey } = keys;
const server = await issueCertificate(authority, {
  commonName: "Server-1",
  purpose: "server",
  publicKey,
  now,
});
// A minute later, when what openssl makes during these tests is valid.
const base: PeerPolicy = {
  authorities: [authority.certificate],
  purpose: "server",
  now: now + 60_000,
};

async function outcome(policy: Partial<PeerPolicy>, leaf: Certificate = server): Promise<string> {
  try {
    await verifyPeerCertificate([leaf.raw], { ...base, ...policy });
    return "accepted";
  } catch (error) {
    assert.ok(error instanceof CertificateError, String(error));
    return error.reason;
  }
}

/** A self-signed certificate by openssl. */
async function selfSigned(directory: string, subject: string, ...options: string[]) {
  const path = (name: string) => join(directory, name);
  const keyOptions = options.includes("-key") || options.includes("-newkey")
    ? []
    : ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
  // deno-fmt-ignore -- one option per word
  await openssl("req", "-x509", "-utf8", ...keyOptions, "-nodes", "-keyout", path("key"), "-subj",
    subject, "-days", "30", ...options, "-out", path("crt"));
  return parseCertificates(await Deno.readTextFile(path("crt")))[0];
}

Deno.test("verify-x509-name: the manual's three kinds", async () => {
  const name = (value: string, kind: "subject" | "name" | "name-prefix") =>
    outcome({ verifyX509Name: { value, kind } });
  assert.equal(await name("CN=Server-1", "subject"), "accepted");
  assert.equal(await name("Server-1", "subject"), "name");
  assert.equal(await name("Server-1", "name"), "accepted");
  assert.equal(await name("Server-", "name"), "name");
  assert.equal(await name("server-1", "name"), "name");
  assert.equal(await name("Server-", "name-prefix"), "accepted");
  assert.equal(await name("Server-2", "name-prefix"), "name");
  assert.equal(await name("erver", "name-prefix"), "name");
});

Deno.test("names: control characters cannot cut a name or pass for another", async () => {
  await inTemporaryDirectory(async (directory) => {
    const leaf = await selfSigned(directory, "/O=x/CN=good\x01evil");
    const trusting = { authorities: [leaf] };
    const peer = await verifyPeerCertificate([leaf.raw], { ...base, ...trusting });
    assert.equal(peer.commonName, "good_evil");
    assert.equal(peer.subject, "O=x, CN=good\\01evil");
    const named = (value: string) =>
      outcome({ ...trusting, verifyX509Name: { value, kind: "name" } }, leaf);
    assert.equal(await named("good"), "name");
    assert.equal(await named("good_evil"), "accepted");
    const long = await selfSigned(directory, `/CN=${"ü".repeat(33)}`);
    assert.equal(await outcome({ authorities: [long] }, long), "name");
    const nameless = await selfSigned(directory, "/O=only");
    assert.equal(await outcome({ authorities: [nameless] }, nameless), "name");
    const two = await selfSigned(directory, "/CN=first/CN=last");
    const last = await verifyPeerCertificate([two.raw], { ...base, authorities: [two] });
    assert.equal(last.commonName, "last");
  });
});

Deno.test("remote-cert-ku: all bits of one of the values", async () => {
  // An EC server certificate has digitalSignature (0x80) alone.
  assert.equal(await outcome({ remoteCertKu: [] }), "accepted");
  assert.equal(await outcome({ remoteCertKu: [0x80] }), "accepted");
  assert.equal(await outcome({ remoteCertKu: [0xa0] }), "usage");
  assert.equal(await outcome({ remoteCertKu: [0xa0, 0x80] }), "accepted");
  assert.equal(await outcome({ remoteCertKu: [0] }), "usage");
  await inTemporaryDirectory(async (directory) => {
    const bare = await selfSigned(directory, "/CN=bare");
    assert.equal(await outcome({ authorities: [bare] }, bare), "accepted");
    assert.equal(await outcome({ authorities: [bare], remoteCertKu: [] }, bare), "usage");
    assert.equal(await outcome({ authorities: [bare], remoteCertEku: "1.2.3" }, bare), "usage");
  });
});

Deno.test("remote-cert-eku: by number and by OpenSSL's names", async () => {
  for (const name of ["1.3.6.1.5.5.7.3.1", "TLS Web Server Authentication", "serverAuth"]) {
    assert.equal(await outcome({ remoteCertEku: name }), "accepted");
  }
  for (
    const name of ["1.3.6.1.5.5.7.3.2", "TLS Web Client Authentication", "1.3.6.1.5.5.7.3", ""]
  ) {
    assert.equal(await outcome({ remoteCertEku: name }), "usage");
  }
});

Deno.test("remote-cert-tls and the TLS role are two questions", async () => {
  assert.equal(await outcome({ remoteCertTls: "server" }), "accepted");
  assert.equal(await outcome({ remoteCertTls: "client" }), "usage");
  assert.equal(await outcome({ purpose: "client" }), "usage");
});

Deno.test("peer-fingerprint: beside an authority both count, alone it is the trust", async () => {
  const { fingerprint } = await verifyPeerCertificate([server.raw], base);
  const colons = fingerprint.toUpperCase().match(/../g)?.join(":") ?? "";
  const other = "00".repeat(32);
  assert.equal(await outcome({ peerFingerprints: [other, colons] }), "accepted");
  assert.equal(await outcome({ peerFingerprints: [other] }), "fingerprint");
  assert.equal(await outcome({ peerFingerprints: [] }), "fingerprint");
  assert.equal(await outcome({ peerFingerprints: [fingerprint.slice(0, 40)] }), "fingerprint");
  await inTemporaryDirectory(async (directory) => {
    const leaf = await selfSigned(directory, "/CN=self");
    const print =
      (await openssl("x509", "-in", join(directory, "crt"), "-noout", "-fingerprint", "-sha256"))
        .trim().split("=")[1];
    const alone = { authorities: [], peerFingerprints: [print] };
    assert.equal(await outcome(alone, leaf), "accepted");
    assert.equal(await outcome({ peerFingerprints: [print] }, leaf), "unknown-authority");
    assert.equal(await outcome({ ...alone, peerFingerprints: [other] }, leaf), "fingerprint");
    assert.equal(await outcome({ ...alone, now: now + 31 * DAY }, leaf), "expired");
    assert.equal(await outcome({ ...alone, revocationLists: [] }, leaf), "crl-missing");
  });
  assert.equal(await outcome({ authorities: [] }), "unknown-authority");
});

Deno.test("validity ends to the second, for the authority too", async () => {
  const late = server.notAfter;
  assert.equal(await outcome({ now: late }), "accepted");
  assert.equal(await outcome({ now: late + 1 }), "expired");
  assert.equal(await outcome({ now: server.notBefore }), "accepted");
  assert.equal(await outcome({ now: server.notBefore - 1 }), "not-yet-valid");
  const short = await createAuthority({ commonName: "CA", keys, now, days: 1 });
  const now2 = now + 2 * DAY;
  assert.equal(await outcome({ authorities: [short.certificate], now: now2 }), "expired");
});

Deno.test("a chain that asks for much work is refused quickly", async () => {
  assert.equal(await outcome({}), "accepted");
  await assert.rejects(verifyPeerCertificate([], base), { reason: "no-certificate" });
  const many = new Array(17).fill(server.raw);
  await assert.rejects(verifyPeerCertificate(many, base), { reason: "path-length" });
  await inTemporaryDirectory(async (directory) => {
    // Certificates of one name and one key: each could have issued each, in any order.
    await selfSigned(directory, "/CN=X");
    const key = ["-key", join(directory, "key"), "-subj", "/CN=X"];
    const alike: Uint8Array[] = [];
    for (let i = 0; i < 16; i++) {
      // deno-fmt-ignore -- one option per word
      const pem = await openssl("req", "-x509", "-new", ...key, "-days", "30");
      alike.push(parseCertificates(pem)[0].raw);
    }
    const started = performance.now();
    await assert.rejects(verifyPeerCertificate(alike, base), CertificateError);
    assert.ok(performance.now() - started < 1000);
  });
});

Deno.test("ten intermediates are followed, eleven are not", async () => {
  await inTemporaryDirectory(async (directory) => {
    const workshop = new Workshop(directory);
    const extensions = ["basicConstraints = critical, CA:TRUE"];
    const root = await workshop.root("root", "/CN=root", extensions);
    let issuer = root;
    const read = async (path: string) => parseCertificates(await Deno.readTextFile(path));
    const check = async () => {
      const { certificate, chain } = await workshop.certificate("leaf", issuer, [
        "basicConstraints = CA:FALSE",
      ], {});
      const files = chain === undefined ? [certificate] : [certificate, chain];
      const presented = (await Promise.all(files.map(read))).flat().map(({ raw }) => raw);
      return verifyPeerCertificate(presented, {
        ...base,
        authorities: await read(root.certificate),
      });
    };
    for (let i = 0; i < 10; i++) issuer = await workshop.authority(`sub${i}`, issuer, extensions);
    assert.equal((await check()).path.length, 12);
    issuer = await workshop.authority("sub10", issuer, extensions);
    await assert.rejects(check(), { reason: "path-length" });
  });
});

Deno.test("a self-signed authority of version 1 is trusted where the user names it", async () => {
  await inTemporaryDirectory(async (directory) => {
    const workshop = new Workshop(directory);
    const root = await workshop.oldAuthority("root", undefined, "/CN=old root");
    const { certificate } = await workshop.certificate("leaf", root, [
      "basicConstraints = CA:FALSE",
    ], {});
    const read = async (path: string) => parseCertificates(await Deno.readTextFile(path))[0];
    const authorities = [await read(root.certificate)];
    assert.equal(authorities[0].version, 1);
    assert.equal(await outcome({ authorities }, await read(certificate)), "accepted");

    // One that a peer brings along is not: by name and version it could be the root itself.
    const trusted = await workshop.root("new", "/CN=old root", ["basicConstraints = CA:TRUE"]);
    const brought = await workshop.oldAuthority("brought", trusted, "/CN=old root");
    const below = await workshop.certificate("below", brought, [
      "basicConstraints = CA:FALSE",
      "authorityKeyIdentifier = none",
    ], {});
    const chain = [await read(below.certificate), await read(brought.certificate)];
    await assert.rejects(
      verifyPeerCertificate(chain.map(({ raw }) => raw), {
        ...base,
        authorities: [await read(trusted.certificate)],
      }),
      { reason: "bad-signature" },
    );
  });
});

const kinds: readonly (readonly [string, string, ...string[]])[] = [
  ["accepted", "RSA 2048, SHA-256", "-key", "rsa"],
  ["accepted", "RSA 2048, SHA-512", "-key", "rsa", "-sha512"],
  // deno-fmt-ignore -- one option per word
  ["accepted", "RSA-PSS", "-key", "rsa", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"],
  ["accepted", "P-256", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
  ["accepted", "P-384", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-sha384"],
  ["accepted", "P-521", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521", "-sha512"],
  ["accepted", "Ed25519", "-newkey", "ed25519"],
  ["weak-key", "secp256k1", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"],
  ["weak-key", "brainpool", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1"],
  ["weak-key", "Ed448", "-newkey", "ed448"],
  ["weak-key", "RSA 1536", "-newkey", "rsa:1536"],
  ["weak-signature", "SHA-224", "-key", "rsa", "-sha224"],
  [
    "weak-signature",
    "ECDSA SHA-1",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-sha1",
  ],
  // deno-fmt-ignore -- one option per word
  ["weak-signature", "RSA-PSS, SHA-1 in its mask", "-key", "rsa", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_mgf1_md:sha1", "-sigopt", "rsa_pss_saltlen:32"],
  // deno-fmt-ignore -- one option per word
  ["weak-signature", "RSA-PSS SHA-1", "-key", "rsa", "-sha1", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:20"],
];

Deno.test("kinds of key and signature", async (t) => {
  await inTemporaryDirectory(async (directory) => {
    const rsa = await new Workshop(directory).key("rsa", "rsa:2048");
    for (const [expected, name, ...words] of kinds) {
      const options = words.map((word) => word === "rsa" ? rsa : word);
      await t.step(`${name}: ${expected}`, async () => {
        // As its own authority: the signature is then its own too.
        const leaf = await selfSigned(directory, "/CN=kind", ...options);
        assert.equal(await outcome({ authorities: [leaf] }, leaf), expected);
        if (expected !== "accepted") return;
        const bytes = leaf.raw.slice();
        bytes[bytes.length - 10] ^= 1;
        await assert.rejects(verifyPeerCertificate([bytes], { ...base, authorities: [leaf] }), {
          reason: "bad-signature",
        });
      });
    }
  });
});

Deno.test("name constraints: host names, addresses, directory names", async () => {
  await inTemporaryDirectory(async (directory) => {
    const constraint = async (...lines: string[]) => {
      const { nameConstraints } = await selfSigned(
        directory,
        "/CN=CA",
        "-addext",
        `nameConstraints=critical,${lines.join(",")}`,
      );
      assert.ok(nameConstraints);
      return nameConstraints;
    };
    const named = (subject: string, alternative?: string) =>
      selfSigned(
        directory,
        subject,
        ...alternative ? ["-addext", `subjectAltName=${alternative}`] : [],
      );
    const allowed = async (constraints: string[], subject: string, alternative?: string) => {
      const certificate = await named(subject, alternative);
      const limits = await constraint(...constraints);
      try {
        checkNameConstraints(certificate, limits, "it");
        return true;
      } catch (error) {
        assert.ok(error instanceof CertificateError && error.reason === "name-constraint");
        return false;
      }
    };
    const below = ["permitted;DNS:good.example"];
    assert.ok(await allowed(below, "/CN=a", "DNS:good.example"));
    assert.ok(await allowed(below, "/CN=a", "DNS:VPN.Good.example"));
    assert.ok(!await allowed(below, "/CN=a", "DNS:notgood.example"));
    assert.ok(!await allowed(below, "/CN=a", "DNS:good.example,DNS:evil.example"));
    // A common name that reads as a host name counts where no host name is given.
    assert.ok(!await allowed(below, "/CN=vpn.evil.example"));
    assert.ok(await allowed(below, "/CN=Server-1"));
    assert.ok(!await allowed(["excluded;DNS:evil.example"], "/CN=a", "DNS:x.evil.example"));
    assert.ok(await allowed(["excluded;DNS:evil.example"], "/CN=a", "DNS:x.good.example"));
    const subnet = ["permitted;IP:10.0.0.0/255.0.0.0"];
    assert.ok(await allowed(subnet, "/CN=a", "IP:10.1.2.3"));
    assert.ok(!await allowed(subnet, "/CN=a", "IP:11.1.2.3"));
    assert.ok(!await allowed(subnet, "/CN=a", "IP:2001:db8::1"));
    // Kinds that are not compared are refused as soon as they are constrained.
    assert.ok(!await allowed(["permitted;email:good.example"], "/CN=a", "email:a@good.example"));
    assert.ok(await allowed(["permitted;email:good.example"], "/CN=a", "DNS:x.example"));
  });
});
