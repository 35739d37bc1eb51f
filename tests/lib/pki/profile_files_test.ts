/** What a client gets: files, PKCS#12 judged by openssl, names that stay in their directory. */
import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { parseArgv } from "../../../lib/config/mod.ts";
import { certificatePem } from "../../../lib/pki/certificate.ts";
import { profileFormats, profileSystems } from "../../../lib/pki/client_profile.ts";
import { createAuthority, issueCertificate } from "../../../lib/pki/issue.ts";
import { generateKeyPair, privateKeyPem } from "../../../lib/pki/keys.ts";
import {
  fileNameOf,
  profileFiles,
  type ProfileFilesOptions,
} from "../../../lib/pki/profile_files.ts";
import { openssl, tryOpenssl } from "./impostors.ts";
import { inTemporaryDirectory } from "./temporary.ts";

const passphrase = "pässphrase ☂";

async function makeOptions(): Promise<ProfileFilesOptions> {
  const now = Date.now();
  const keys = await generateKeyPair("ec:p256");
  const authority = await createAuthority({ commonName: "CA", keys, now });
  const own = await generateKeyPair("ec:p256");
  const certificate = await issueCertificate(authority, {
    commonName: "Jörg ☂",
    purpose: "client",
    publicKey: own.publicKey,
    now,
  });
  return {
    name: "Jörg ☂",
    format: "inline",
    remote: "vpn.example",
    ca: certificatePem(authority.certificate),
    cert: certificatePem(certificate),
    key: await privateKeyPem(own.privateKey),
    passphrase,
    resolvers: true,
  };
}

Deno.test("our own parser takes the profile of every system in every format", async () => {
  const options = await makeOptions();
  for (const system of profileSystems) {
    for (const format of profileFormats) {
      await inTemporaryDirectory(async (directory) => {
        const files = await profileFiles({ ...options, system, format });
        for (const { name, content, secret } of files) {
          const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
          await Deno.writeFile(join(directory, name), bytes);
          assert.equal(secret, !name.endsWith(".crt"), name);
        }
        const [profile] = files;
        assert.equal(profile.name, "J_rg__.ovpn");
        const text = String(profile.content);
        assert.equal(/block-outside-dns/.test(text), system === "windows");
        assert.equal(/update-systemd-resolved/.test(text), system === "linux");
        assert.equal(/PRIVATE KEY/.test(text), format === "inline");
        const inStore = format === "p12" && (system === "ios" || system === "android");
        assert.equal(/^(<key>|key |pkcs12 )/m.test(text), !inStore);
        if (inStore) return; // Without a certificate it is for OpenVPN Connect alone.
        const parsed = parseArgv(["--cd", directory, "--config", join(directory, profile.name)]);
        assert.ok(parsed.kind === "run" && parsed.config.role === "client");
      });
    }
  }
});

Deno.test("openssl reads the PKCS#12 file with its passphrase, and with no other", async () => {
  const options = await makeOptions();
  const [, { name, content }] = await profileFiles({ ...options, format: "p12", system: "ios" });
  assert.equal(name, "J_rg__.ovpn12");
  await inTemporaryDirectory(async (directory) => {
    const file = join(directory, name);
    await Deno.writeFile(file, content as Uint8Array);
    const read = (word: string, ...more: string[]) =>
      tryOpenssl("pkcs12", "-in", file, "-passin", `pass:${word}`, "-nodes", ...more);
    const whole = await read(passphrase);
    assert.ok(whole.success, whole.stderr);
    const certificates = whole.stdout.match(/-----BEGIN CERTIFICATE-----[^-]*-----END/g) ?? [];
    assert.equal(certificates.length, 2);
    assert.ok(whole.stdout.includes(options.cert.trim()));
    assert.ok(whole.stdout.includes(options.ca.trim()));
    assert.equal(
      /-----BEGIN PRIVATE KEY-----[^-]*/.exec(whole.stdout)?.[0],
      /-----BEGIN PRIVATE KEY-----[^-]*/.exec(options.key ?? "")?.[0],
    );
    assert.ok(!(await read("another")).success);
    const { stderr } = await read(passphrase, "-info");
    assert.match(stderr, /MAC: sha256/);
    assert.match(stderr, /AES-256-CBC, Iteration 100000, PRF hmacWithSHA256/);
    // A changed byte does not go unseen.
    const changed = (content as Uint8Array).slice();
    changed[changed.length >> 1] ^= 1;
    await Deno.writeFile(file, changed);
    assert.ok(!(await read(passphrase)).success);
  });
});

Deno.test("PKCS#12 without a key or a passphrase is refused", async () => {
  const options = { ...await makeOptions(), format: "p12" } as const;
  await assert.rejects(profileFiles({ ...options, key: undefined }), /private key .* is not here/);
  await assert.rejects(profileFiles({ ...options, passphrase: "" }), /needs a passphrase/);
  const encrypted = await inTemporary(options.key ?? "");
  await assert.rejects(profileFiles({ ...options, key: encrypted }), /has a passphrase/);
});

/** The key with a passphrase. */
async function inTemporary(key: string): Promise<string> {
  let encrypted = "";
  await inTemporaryDirectory(async (directory) => {
    await Deno.writeTextFile(join(directory, "key"), key);
    // deno-fmt-ignore -- one option per word
    encrypted = await openssl("pkcs8", "-topk8", "-in", join(directory, "key"),
      "-passout", "pass:secret");
  });
  return encrypted;
}

Deno.test("no name leads out of the directory or needs quotes", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 64 }), (name) => {
    const file = fileNameOf(name);
    assert.match(file, /^[A-Za-z0-9_@][A-Za-z0-9._@-]*$/);
  }));
  assert.equal(fileNameOf("../../etc/passwd"), "_._.._etc_passwd");
  assert.equal(fileNameOf("alice@example.com"), "alice@example.com");
});
