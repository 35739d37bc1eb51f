import assert from "node:assert/strict";
import { createHmac, getCipherInfo } from "node:crypto";
import { VpnError } from "../../../lib/base/errors.ts";
import {
  cipherInfo,
  ciphers,
  digestInfo,
  digests,
  findCipher,
  findDigest,
} from "../../../lib/crypto/cipher_table.ts";

Deno.test("HMACs of all digests are those of openssl", async () => {
  const message = "a message that is longer than some blocks, ".repeat(5);
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, message);
    for (const { name, nodeName, length } of digests) {
      const key = new Uint8Array(length).fill(0x5a);
      // OpenSSL writes it SHA2-512/224, as it does not take OpenVPN's name here.
      const digest = name.replace(/^SHA512-(?=2)/, "SHA2-512/");
      const { stdout } = await new Deno.Command("openssl", {
        args: [
          ...["mac", "-digest", digest, "-macopt", `hexkey:${key.toHex()}`],
          ...["-in", file, "-binary", "HMAC"],
        ],
      }).output();
      assert.equal(stdout.length, length, name);
      const ours = createHmac(nodeName, key).update(message).digest();
      assert.equal(ours.toString("hex"), stdout.toHex(), name);
    }
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("the digests are OpenVPN's, by name and size", async () => {
  const { stdout } = await new Deno.Command("openvpn", { args: ["--show-digests"] }).output();
  const listed = new TextDecoder().decode(stdout);
  for (const { name, length } of digests) {
    assert.match(listed, new RegExp(`^${name} ${length * 8} bit`, "m"));
  }
});

Deno.test("the ciphers are OpenVPN's, by name and key size", async () => {
  const { stdout } = await new Deno.Command("openvpn", { args: ["--show-ciphers"] }).output();
  const listed = new TextDecoder().decode(stdout);
  for (const { name, keyLength } of ciphers) {
    assert.match(listed, new RegExp(`^${name}  \\(${keyLength * 8} bit key`, "m"));
  }
});

Deno.test("key and IV lengths are those that node:crypto knows", () => {
  for (const { name, keyLength, ivLength } of ciphers) {
    const info = getCipherInfo(name.toLowerCase());
    // Deno's node:crypto does not list ChaCha20-Poly1305 (RFC 8439: key 32, nonce 12).
    if (info === undefined) {
      assert.equal(name, "CHACHA20-POLY1305");
      continue;
    }
    assert.equal(info.keyLength, keyLength, name);
    assert.equal(info.ivLength, ivLength, name);
  }
});

Deno.test("names in any case, and OpenSSL's other names", () => {
  // The pairs of OpenVPN's test_crypto.c, crypto_translate_cipher_names, that we support.
  assert.equal(cipherInfo("Chacha20-Poly1305").name, "CHACHA20-POLY1305");
  assert.equal(cipherInfo("aes-128-gcm").name, "AES-128-GCM");
  assert.equal(cipherInfo("id-aes256-GCM").name, "AES-256-GCM");
  assert.equal(digestInfo("sha256").name, "SHA256");
  assert.equal(digestInfo("SHA2-256").name, "SHA256");
  assert.equal(digestInfo("blake2B512").name, "BLAKE2b512");
  assert.equal(digestInfo("rmd160").name, "RIPEMD160");
});

Deno.test("unknown names are refused with the known ones", () => {
  assert.equal(findCipher("BF-CBC"), undefined);
  assert.equal(findDigest("none"), undefined);
  assert.throws(() => cipherInfo("none"), VpnError);
  assert.throws(() => digestInfo("SHA-257"), /not supported/);
});
