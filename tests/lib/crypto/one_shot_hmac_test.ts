import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { digests } from "../../../lib/crypto/cipher_table.ts";
import { OneShotHmac } from "../../../lib/crypto/one_shot_hmac.ts";

const bytes = (maxLength: number) => fc.uint8Array({ maxLength });

Deno.test("HMAC-SHA256 by RFC 4231, test cases 1 and 2", () => {
  const text = new TextEncoder();
  assert.equal(
    new OneShotHmac("sha256", new Uint8Array(20).fill(0x0b)).of(text.encode("Hi There")).toHex(),
    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
  );
  assert.equal(
    new OneShotHmac("sha256", text.encode("Jefe"))
      .of(text.encode("what do ya want "), text.encode("for nothing?")).toHex(),
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  );
});

for (const { name, nodeName, length } of digests) {
  Deno.test(`HMAC-${name} is node:crypto's, in however many parts, again and again`, () => {
    const key = crypto.getRandomValues(new Uint8Array(length));
    const hmac = new OneShotHmac(nodeName, key);
    fc.assert(
      fc.property(fc.array(bytes(3000), { maxLength: 4 }), (parts) => {
        const expected = createHmac(nodeName, key);
        for (const part of parts) expected.update(part);
        assert.equal(hmac.of(...parts).toHex(), expected.digest("hex"));
      }),
      { numRuns: 40 },
    );
  });
}

Deno.test("a key that is longer than the block is refused", () => {
  assert.throws(() => new OneShotHmac("sha256", new Uint8Array(65)), RangeError);
});

Deno.test("after wipe there is nothing of the key left", () => {
  const hmac = new OneShotHmac("sha256", new Uint8Array(32).fill(7));
  const before = hmac.of(new Uint8Array(5)).toHex();
  hmac.wipe();
  assert.notEqual(hmac.of(new Uint8Array(5)).toHex(), before);
});
