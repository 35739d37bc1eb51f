import assert from "node:assert/strict";
import fc from "fast-check";
import {
  checkNewPassword,
  hashOfNobody,
  hashPassword,
  isPasswordHash,
  verifyPassword,
} from "../../../lib/users/password_hash.ts";

// RFC 7914, section 12, third vector, as a PHC string.
const rfc = "$scrypt$ln=14,r=8,p=1$" + btoa("SodiumChloride").replace(/=+$/, "") + "$" +
  "cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw";

Deno.test("a hash is scrypt's", async () => {
  assert.ok(await verifyPassword("pleaseletmein", rfc));
  assert.ok(!await verifyPassword("pleaseletmeIn", rfc));
});

Deno.test("a hash knows its password, and differs each time", async () => {
  const hash = await hashPassword("correct horse");
  assert.match(hash, /^\$scrypt\$ln=15,r=8,p=1\$/);
  assert.ok(isPasswordHash(hash));
  assert.ok(await verifyPassword("correct horse", hash));
  assert.ok(!await verifyPassword("correct horse ", hash));
  assert.notEqual(await hashPassword("correct horse"), hash);
});

Deno.test("a password may be composed either way", async () => {
  assert.ok(await verifyPassword("cafe\u0301-cafe", await hashPassword("caf\u00e9-cafe")));
});

Deno.test("nobody's hash has no password, and costs as much", async () => {
  assert.equal(hashOfNobody().length, (await hashPassword("correct horse")).length);
  assert.equal(hashOfNobody().split("$")[2], (await hashPassword("x")).split("$")[2]);
  assert.ok(!await verifyPassword("", hashOfNobody()));
});

Deno.test("what is no hash, or too dear, lets nobody in", async () => {
  const bad = [
    "",
    "secret",
    rfc.replace("ln=14", "ln=30"),
    rfc.replace("ln=14", "ln=0"),
    rfc.replace("r=8", "r=99"),
    rfc.replace("p=1", "p=0"),
    rfc.slice(0, -70),
    rfc.replace("scrypt", "argon2id"),
  ];
  for (const hash of bad) {
    assert.ok(!isPasswordHash(hash), hash);
    assert.ok(!await verifyPassword("pleaseletmein", hash), hash);
  }
  await fc.assert(fc.asyncProperty(fc.string(), async (text) => {
    assert.ok(!await verifyPassword("x", text));
  }));
});

Deno.test("a new password is long enough, not too long, and can be typed", () => {
  checkNewPassword("12345678");
  checkNewPassword("ünïcödé!");
  for (const password of ["", "1234567", "x".repeat(128), "ü".repeat(64), "1234\n5678"]) {
    assert.throws(() => checkNewPassword(password), /password/);
  }
});
