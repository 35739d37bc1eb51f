/** Requests made by openssl, and what is refused of them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { Authority } from "../../../lib/pki/authority.ts";
import { createStateAuthority } from "../../../lib/pki/authority_maker.ts";
import { readCertificationRequest } from "../../../lib/pki/certification_request.ts";
import { CertificateError } from "../../../lib/pki/errors.ts";
import { openssl } from "./impostors.ts";
import { inTemporaryDirectory } from "./temporary.ts";

async function request(directory: string, ...options: string[]): Promise<Uint8Array> {
  const file = join(directory, "request.csr");
  // deno-fmt-ignore -- one option per word
  await openssl("req", "-new", "-nodes", "-keyout", join(directory, "device.key"), "-out", file,
    ...options);
  return await Deno.readFile(file);
}

Deno.test("keys that stay on their device: every kind, PEM and DER", async () => {
  await inTemporaryDirectory(async (directory) => {
    using authority = await createStateAuthority(join(directory, "state"), { keyType: "ec:p256" });
    const kinds = [
      ["-newkey", "rsa:2048"],
      ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
      ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-sha384"],
      ["-newkey", "ed25519"],
      ["-newkey", "rsa:2048", "-addext", "subjectAltName=DNS:evil.example", "-outform", "DER"],
    ];
    for (const [i, kind] of kinds.entries()) {
      const csr = await request(directory, ...kind, "-subj", `/O=Somebody/CN=device ${i}`);
      const entry = await authority.sign(csr, { days: 10 });
      assert.equal(entry.name, `device ${i}`);
      assert.ok(!entry.holdsKey);
      const certificate = await authority.certificateOf(entry);
      // The authority says what goes in: a name is all that a request can ask for.
      assert.equal(certificate.subjectAltNames, undefined);
      assert.equal(certificate.subject.relative.length, 1);
      const own = await openssl(
        "pkey",
        "-in",
        join(directory, "device.key"),
        "-pubout",
        "-outform",
        "PEM",
      );
      const body = own.replace(/-----.*-----|\s/g, "");
      assert.equal(certificate.publicKey.spki.toBase64(), body);
    }
    const named = await request(directory, ...kinds[1], "-subj", "/CN=other");
    assert.equal((await authority.sign(named, { name: "mine" })).name, "mine");
    await assert.rejects(authority.sign(named, { name: "mine" }), /has a valid certificate/);
    await assert.rejects(
      authority.sign(await request(directory, ...kinds[1], "-subj", "/O=none")),
      /names nobody/,
    );
    using again = await Authority.open(join(directory, "state"));
    assert.equal((await again.renew("device 3")).key, "ed25519");
  });
});

Deno.test("a bad signature, a weak key, a damaged file: refused, nothing is issued", async () => {
  await inTemporaryDirectory(async (directory) => {
    using authority = await createStateAuthority(join(directory, "state"), { keyType: "ec:p256" });
    const refused = async (csr: Uint8Array, reason: string) => {
      await assert.rejects(authority.sign(csr), { reason });
      assert.deepEqual(await authority.list(), []);
    };
    const good = await request(
      directory,
      "-newkey",
      "rsa:2048",
      "-subj",
      "/CN=a",
      "-outform",
      "DER",
    );
    const changed = good.slice();
    changed[changed.length - 1] ^= 1;
    await refused(changed, "bad-signature");
    // Another name under the same signature.
    const name = good.slice();
    name[name.indexOf(0x61, 10)] = 0x62;
    await refused(name, "bad-signature");
    const weak = await request(directory, "-newkey", "rsa:1024", "-subj", "/CN=a");
    await refused(weak, "weak-key");
    const sha1 = await request(directory, "-newkey", "rsa:2048", "-sha1", "-subj", "/CN=a");
    await refused(sha1, "weak-signature");
    await refused(good.subarray(0, 100), "malformed");
    await refused(new Uint8Array(0), "malformed");
  });
});

Deno.test("no bytes end in another error than the one for certificates", async () => {
  await inTemporaryDirectory(async (directory) => {
    const good = await request(
      directory,
      ...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
      ...["-subj", "/CN=a", "-outform", "DER"],
    );
    await fc.assert(fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      fc.nat(good.length),
      async (changes, length) => {
        const bytes = good.slice(0, length < 8 ? length : undefined);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        try {
          await readCertificationRequest(bytes);
        } catch (error) {
          assert.ok(error instanceof CertificateError, String(error));
        }
      },
    ));
  });
});
