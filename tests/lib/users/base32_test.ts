import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeBase32, encodeBase32 } from "../../../lib/users/base32.ts";

// RFC 4648, section 10.
const vectors = [
  ["", ""],
  ["f", "MY======"],
  ["fo", "MZXQ===="],
  ["foo", "MZXW6==="],
  ["foob", "MZXW6YQ="],
  ["fooba", "MZXW6YTB"],
  ["foobar", "MZXW6YTBOI======"],
] as const;

Deno.test("base32 is RFC 4648's", () => {
  for (const [plain, encoded] of vectors) {
    const bytes = new TextEncoder().encode(plain);
    assert.equal(encodeBase32(bytes), encoded.replace(/=+$/, ""));
    assert.deepEqual(decodeBase32(encoded), bytes);
    assert.deepEqual(decodeBase32(encoded.toLowerCase().replace(/=+$/, "")), bytes);
  }
});

Deno.test("base32 goes there and back, however it is grouped", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
    const text = encodeBase32(bytes);
    assert.deepEqual(decodeBase32(text), bytes);
    assert.deepEqual(decodeBase32(text.replace(/.{4}/g, "$& ")), bytes);
  }));
});

Deno.test("what is no base32 has no bytes", () => {
  for (const text of ["A", "ABC", "ABCDEF", "M1", "MZ!Q", "MZ", "0OI1"]) {
    assert.equal(decodeBase32(text), undefined, text);
  }
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const bytes = decodeBase32(text);
    if (bytes !== undefined) assert.deepEqual(decodeBase32(encodeBase32(bytes)), bytes);
  }));
});
