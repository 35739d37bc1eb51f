/** Boxes: both engines, and keys that are none. */
import assert from "node:assert/strict";
import fc from "fast-check";
import vectors from "../channel/box/vectors.json" with { type: "json" };
import { LibSodium } from "../../../ffi/libsodium.ts";
import { VpnError } from "../../../lib/base/errors.ts";
import {
  generateBoxKeyPair,
  importBoxKeyPair,
  isCanonicalPublicKey,
  sharedBoxKey,
} from "../../../lib/crypto/box_keys.ts";
import { selectSecretBox } from "../../../lib/crypto/secret_box.ts";

const hex = (text: string) => Uint8Array.fromHex(text);
const engines = (["noble", "libsodium"] as const)
  .filter((engine) => engine === "noble" || LibSodium.open() !== undefined)
  .map(selectSecretBox);

for (const sealer of engines) {
  for (const opener of engines) {
    Deno.test(`${opener.engine} opens what ${sealer.engine} seals, and nothing that was changed`, () => {
      const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
      const property = fc.property(
        fc.uint8Array({ maxLength: 2000 }),
        bytes(32),
        bytes(24),
        fc.nat(),
        (text, key, nonce, position) => {
          const [k, n] = [new Uint8Array(key), new Uint8Array(nonce)];
          const box = new Uint8Array(text.length + 16);
          sealer.seal(k, n, text, box);
          const opened = new Uint8Array(text.length);
          assert.equal(opener.open(k, n, box, opened), true);
          assert.deepEqual([...opened], [...text]);
          const bit = position % (box.length * 8);
          box[bit >> 3] ^= 1 << (bit & 7);
          assert.equal(opener.open(k, n, box, opened), false);
        },
      );
      fc.assert(property, { numRuns: 50 });
    });
  }
}

Deno.test("keys are those that NaCl computes", async () => {
  const server = await importBoxKeyPair(hex(vectors.secrets.S));
  const ephemeral = await importBoxKeyPair(hex(vectors.secrets.EC));
  assert.equal(server.publicKey.toHex(), vectors.keys.S);
  assert.equal((await sharedBoxKey(server, ephemeral.publicKey))?.toHex(), vectors.shared);
  assert.equal((await sharedBoxKey(ephemeral, server.publicKey))?.toHex(), vectors.shared);
  await assert.rejects(importBoxKeyPair(new Uint8Array(31)), VpnError);
});

// The points of low order of Curve25519 and its twist, and what reduces to them (RFC 7748 says what
// they do; the values are those of libsodium's x25519_ref10.c, a list of facts).
const lowOrder = [
  "00".repeat(32),
  "01" + "00".repeat(31),
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

Deno.test("points of low order, further names of a key and wrong lengths are no keys", async () => {
  const pair = await generateBoxKeyPair();
  for (const point of lowOrder) {
    assert.equal(await sharedBoxKey(pair, hex(point)), undefined, point);
  }
  const other = await generateBoxKeyPair();
  const topBit = new Uint8Array(other.publicKey);
  topBit[31] |= 0x80;
  assert.equal(await sharedBoxKey(pair, topBit), undefined);
  assert.ok(await sharedBoxKey(pair, other.publicKey));
  // 2^255 - 19 + 9 is the base point's other name.
  const alias = hex("f6" + "ff".repeat(30) + "7f");
  assert.equal(isCanonicalPublicKey(alias), false);
  assert.equal(isCanonicalPublicKey(Uint8Array.of(9, ...new Uint8Array(31))), true);
  assert.equal(isCanonicalPublicKey(new Uint8Array(31)), false);
});
