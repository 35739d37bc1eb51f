import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { digests } from "../../../lib/crypto/cipher_table.ts";
import { hasKeyedDigest, KeyedDigest } from "../../../lib/crypto/webcrypto_hmac.ts";

Deno.test("HMAC-SHA256: RFC 4231, sections 4.2 to 4.5", () => {
  const cases = [
    [
      "0b".repeat(20),
      "4869205468657265",
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    ],
    [
      "4a656665",
      "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ],
    [
      "aa".repeat(20),
      "dd".repeat(50),
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    ],
    [
      "0102030405060708090a0b0c0d0e0f10111213141516171819",
      "cd".repeat(50),
      "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    ],
  ];
  for (const [key, data, mac] of cases) {
    const digest = new KeyedDigest("sha256", Uint8Array.fromHex(key));
    assert.equal(digest.digest(Uint8Array.fromHex(data)).toHex(), mac);
    assert.equal(digest.digest(Uint8Array.fromHex(data)).toHex(), mac);
  }
});

Deno.test("every digest of the table, against createHmac", () => {
  for (const { nodeName, length } of digests) {
    assert.ok(hasKeyedDigest(nodeName), nodeName);
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: length, maxLength: length }),
        fc.uint8Array({ maxLength: 400 }),
        (key, data) => {
          const expected = createHmac(nodeName, key).update(data).digest();
          assert.equal(new KeyedDigest(nodeName, key).digest(data).toHex(), expected.toHex());
        },
      ),
      { numRuns: 20 },
    );
  }
});

Deno.test("a key above the digest's block and an unknown digest are refused", () => {
  assert.throws(() => new KeyedDigest("sha256", new Uint8Array(65)), RangeError);
  assert.throws(() => new KeyedDigest("sha257", new Uint8Array(32)), RangeError);
  assert.equal(hasKeyedDigest("sha257"), false);
});
