import assert from "node:assert/strict";
import fc from "fast-check";
import { VpnError } from "../../../lib/base/errors.ts";
import { checkKeyPair, isEncryptedKey, parseCertificates } from "../../../lib/pki/mod.ts";
import { PassphraseError } from "../../../lib/pki/password_encryption.ts";
import { readPkcs12 } from "../../../lib/pki/pkcs12_reader.ts";
import { withoutPassphrase } from "../../../lib/pki/private_key.ts";
import { run } from "../../harness/command.ts";
import { TemporaryDirectory } from "../../harness/directory.ts";
import { testWith } from "../../harness/requirements.ts";
import { testCertificates } from "../control/certificates.ts";

const certificates = testCertificates();

/** Writes key, certificate and authority, and has openssl make something of them. */
async function withFiles(body: (directory: string) => Promise<void>): Promise<void> {
  await using directory = await TemporaryDirectory.create();
  await Deno.writeTextFile(`${directory.path}/ca.crt`, certificates.ca);
  await Deno.writeTextFile(`${directory.path}/c.crt`, certificates.client.certificate);
  await Deno.writeTextFile(`${directory.path}/c.key`, certificates.client.key);
  await body(directory.path);
}

async function exportPkcs12(
  directory: string,
  passphrase: string,
  ...options: readonly string[]
): Promise<Uint8Array> {
  const file = `${directory}/out.p12`;
  await run([
    ...["openssl", "pkcs12", "-export", "-inkey", `${directory}/c.key`],
    ...["-in", `${directory}/c.crt`, "-certfile", `${directory}/ca.crt`],
    ...["-passout", `pass:${passphrase}`, "-out", file, ...options],
  ]);
  return await Deno.readFile(file);
}

const tripleDes = ["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"];

await testWith("PKCS#12 files of openssl are read, whatever protects them", async () => {
  await withFiles(async (directory) => {
    const variants: readonly (readonly [passphrase: string, options: readonly string[]])[] = [
      ["correct horse", []],
      ["Büchse der Pandora €", []],
      ["", []],
      ["abc", tripleDes],
      ["abc", ["-keypbe", "PBE-SHA1-2DES", "-certpbe", "NONE"]],
      ["abc", ["-keypbe", "NONE", "-certpbe", "AES-128-CBC", "-macalg", "sha512"]],
      ["abc", ["-iter", "100000"]],
      // Nothing but the integrity check depends on the passphrase.
      ["abc", ["-keypbe", "NONE", "-certpbe", "NONE"]],
    ];
    for (const [passphrase, options] of variants) {
      const file = await exportPkcs12(directory, passphrase, ...options);
      const contents = readPkcs12(file, passphrase);
      const [own] = parseCertificates(contents.certificate);
      checkKeyPair(own, contents.privateKey);
      assert.equal(own.commonName, "client");
      assert.equal(parseCertificates(contents.others)[0].commonName, "Test CA");
      assert.throws(() => readPkcs12(file, "wrong"), PassphraseError, options.join(" "));
    }
  });
}, ["openssl"]);

await testWith("what can't be read is refused by its name", async () => {
  await withFiles(async (directory) => {
    const legacy = ["-legacy", "-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-RC2-40"];
    const rc2 = await exportPkcs12(directory, "abc", ...legacy);
    assert.throws(() => readPkcs12(rc2, "abc"), /RC2 \(40 bits\), which isn.t read here/);
    const keyless = await exportPkcs12(directory, "abc", "-nokeys");
    assert.throws(() => readPkcs12(keyless, "abc"), /has no private key/);
    assert.throws(() => readPkcs12(new TextEncoder().encode(certificates.ca), ""), /is none/);
    assert.throws(() => readPkcs12(Uint8Array.of(0x30, 0x80, 0, 0), ""), /lengths left open/);
  });
}, ["openssl"]);

await testWith("a damaged file is refused, in bounded time and without an accident", async () => {
  await withFiles(async (directory) => {
    const file = await exportPkcs12(directory, "abc", "-iter", "1", "-maciter");
    const refused = (bytes: Uint8Array) => {
      try {
        readPkcs12(bytes, "abc");
      } catch (error) {
        assert.ok(error instanceof VpnError, String(error));
      }
    };
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.nat(255), (place, byte) => {
        const damaged = file.slice();
        // A number of iterations is not what this is about.
        damaged[place] = byte & 0x7f;
        refused(damaged);
        refused(file.slice(0, place));
      }),
      { numRuns: 300 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), refused));
  });
}, ["openssl"]);

Deno.test("a key is found among empty lines, parameters and text", () => {
  const [own] = parseCertificates(certificates.client.certificate);
  const { key } = certificates.client;
  const parameters =
    "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
  for (
    const text of [
      `${key}\n\n`,
      `${parameters}${key}`,
      key.replaceAll("\n", "\r\n"),
      key.replaceAll(/^/gm, "  "),
      `Bag Attributes\n${key}${certificates.ca}`,
    ]
  ) checkKeyPair(own, text);
  assert.throws(() => checkKeyPair(own, certificates.ca), /cannot be read/);
});

await testWith("encrypted keys of openssl are read, PKCS#8 and traditional", async () => {
  await withFiles(async (directory) => {
    const key = `${directory}/c.key`;
    const pkcs8 = ["pkcs8", "-topk8", "-in", key, "-passout", "pass:abc"];
    const variants = [
      pkcs8,
      [...pkcs8, "-v2", "aes128", "-v2prf", "hmacWithSHA1"],
      [...pkcs8, "-v2", "des3"],
      [...pkcs8, "-v1", "PBE-SHA1-3DES"],
      [...pkcs8, "-scrypt"],
      ["ec", "-in", key, "-aes256", "-passout", "pass:abc"],
      ["ec", "-in", key, "-des3", "-passout", "pass:abc"],
    ];
    const [own] = parseCertificates(certificates.client.certificate);
    for (const [command, ...args] of variants) {
      const pem = await run(["openssl", command, ...args]);
      assert.ok(isEncryptedKey(pem));
      checkKeyPair(own, withoutPassphrase(pem, "abc"));
      assert.throws(() => withoutPassphrase(pem, "wrong"), PassphraseError, args.join(" "));
    }
    const rc2 = await run([
      "openssl",
      ...pkcs8,
      "-v1",
      "PBE-MD5-DES",
      "-provider",
      "legacy",
      "-provider",
      "default",
    ]);
    assert.throws(() => withoutPassphrase(rc2, "abc"), /DES with MD5, which isn't read here/);
  });
}, ["openssl"]);
