import assert from "node:assert/strict";
import { VpnError } from "../../../lib/base/errors.ts";
import {
  deriveDataChannelKeys,
  type KeySources,
  selectKeyMaterial,
  tls10Prf,
} from "../../../lib/crypto/key_derivation.ts";
import { keyDerivation } from "../../fixtures/captured_control_channel.ts";

Deno.test("PRF: OpenVPN's test_crypto.c, crypto_test_tls_prf", () => {
  const text = (value: string) => new TextEncoder().encode(value);
  const secret = "Lorem ipsum dolor sit amet, consectetur adipisici elit, sed eiusmod tempor " +
    "incidunt ut labore et dolore magna aliqua.";
  const seed = "Quis aute iure reprehenderit in voluptate velit esse cillum dolore";
  const expected = "d98c8518c85e946927916acfc2d592fbb1567e4b4b1459e6a904ac2ddab72d67";
  assert.equal(tls10Prf(text(secret), text(seed), 32).toHex(), expected);
  for (const length of [0, 1, 15, 16, 17, 20, 31]) {
    assert.equal(
      tls10Prf(text(secret), text(seed), length).toHex(),
      expected.slice(0, 2 * length),
      `${length} bytes`,
    );
  }
});

Deno.test("PRF: openssl's TLS1-PRF, secrets of odd and even length", async () => {
  for (const secret of ["01", "0102", "010203", "00112233445566778899aabbccddeeff00"]) {
    const { stdout } = await new Deno.Command("openssl", {
      args: [
        ...["kdf", "-keylen", "100", "-kdfopt", "digest:MD5-SHA1", "-binary"],
        ...["-kdfopt", `hexsecret:${secret}`, "-kdfopt", "hexseed:a1b2c3", "TLS1-PRF"],
      ],
    }).output();
    const ours = tls10Prf(Uint8Array.fromHex(secret), Uint8Array.fromHex("a1b2c3"), 100);
    assert.equal(ours.toHex(), stdout.toHex(), secret);
  }
});

function sources(): KeySources {
  const bytes = (name: keyof KeySources) => Uint8Array.fromHex(keyDerivation[name]);
  return {
    preMaster: bytes("preMaster"),
    clientRandom1: bytes("clientRandom1"),
    serverRandom1: bytes("serverRandom1"),
    clientRandom2: bytes("clientRandom2"),
    serverRandom2: bytes("serverRandom2"),
    clientSessionId: bytes("clientSessionId"),
    serverSessionId: bytes("serverSessionId"),
  };
}

Deno.test("keys as a real OpenVPN server derived them", () => {
  const block = deriveDataChannelKeys(sources());
  const client = selectKeyMaterial(block, "client", "AES-256-CBC", "SHA256");
  assert.equal(client.seal.cipherKey.toHex(), keyDerivation.masterEncryptCipher);
  assert.equal(client.seal.hmacKey.toHex(), keyDerivation.masterEncryptHmac);
  assert.equal(client.open.cipherKey.toHex(), keyDerivation.masterDecryptCipher);
  assert.equal(client.open.hmacKey.toHex(), keyDerivation.masterDecryptHmac);
});

Deno.test("every source changes the keys", () => {
  const original = deriveDataChannelKeys(sources()).toHex();
  for (const name of Object.keys(sources()) as (keyof KeySources)[]) {
    const changed = sources();
    changed[name][0] ^= 1;
    assert.notEqual(deriveDataChannelKeys(changed).toHex(), original, name);
  }
});

Deno.test("what one side seals with, the other opens with", () => {
  const block = Uint8Array.from({ length: 256 }, (_, i) => i);
  for (const cipher of ["AES-128-CBC", "AES-192-GCM", "chacha20-poly1305"]) {
    const client = selectKeyMaterial(block, "client", cipher, "sha512");
    const server = selectKeyMaterial(block, "server", cipher, "sha512");
    assert.deepEqual(client.seal, server.open);
    assert.deepEqual(client.open, server.seal);
    assert.notDeepEqual(client.seal.cipherKey, client.open.cipherKey);
  }
});

Deno.test("lengths: cipher key, HMAC key, implicit IV", () => {
  const block = Uint8Array.from({ length: 256 }, (_, i) => i);
  const cbc = selectKeyMaterial(block, "client", "aes-128-cbc", "sha1").seal;
  assert.deepEqual(cbc, {
    cipher: "AES-128-CBC",
    auth: "SHA1",
    cipherKey: block.slice(0, 16),
    hmacKey: block.slice(64, 84),
  });
  const gcm = selectKeyMaterial(block, "server", "AES-256-GCM", "SHA256").seal;
  assert.deepEqual(gcm.cipherKey, block.slice(128, 160));
  assert.deepEqual(gcm.hmacKey, block.slice(192, 200), "implicit IV");
});

Deno.test("the keys are copies", () => {
  const block = new Uint8Array(256).fill(7);
  const { seal } = selectKeyMaterial(block, "client", "AES-256-GCM", "SHA1");
  block.fill(0);
  assert.equal(seal.cipherKey[0], 7);
});

Deno.test("zero keys, unknown ciphers and digests are refused", () => {
  const half = new Uint8Array(256).fill(1, 0, 128);
  for (const role of ["client", "server"] as const) {
    assert.throws(() => selectKeyMaterial(half, role, "AES-256-GCM", "SHA1"), VpnError);
  }
  const block = new Uint8Array(256).fill(1);
  assert.throws(() => selectKeyMaterial(block, "client", "BF-CBC", "SHA1"), VpnError);
  assert.throws(() => selectKeyMaterial(block, "client", "AES-256-CBC", "none"), VpnError);
  assert.throws(
    () => selectKeyMaterial(block.subarray(1), "client", "AES-256-GCM", "SHA1"),
    RangeError,
  );
});
