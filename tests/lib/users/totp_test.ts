import assert from "node:assert/strict";
import {
  generateTotpSecret,
  isTotpSecret,
  matchTotp,
  totpCode,
  totpStep,
  totpUri,
} from "../../../lib/users/totp.ts";

const secret = new TextEncoder().encode("12345678901234567890");

Deno.test("one-time codes are RFC 6238's", () => {
  // Appendix B, SHA-1, eight digits: s since 1970 and code.
  const vectors = [
    [59, "94287082"],
    [1111111109, "07081804"],
    [1111111111, "14050471"],
    [1234567890, "89005924"],
    [2000000000, "69279037"],
    [20000000000, "65353130"],
  ] as const;
  for (const [seconds, code] of vectors) {
    assert.equal(totpCode(secret, totpStep(seconds * 1000), 8), code);
  }
});

Deno.test("codes of steps are RFC 4226's", () => {
  // Appendix D.
  const codes = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583"];
  assert.deepEqual(codes.map((_, step) => totpCode(secret, step)), codes);
});

Deno.test("a code counts one step early and late, no more", () => {
  const now = 1234567890_000;
  const step = totpStep(now);
  for (const offset of [-1, 0, 1]) {
    assert.equal(matchTotp(secret, totpCode(secret, step + offset), now, 0), step + offset);
  }
  for (const offset of [-2, 2]) {
    assert.equal(matchTotp(secret, totpCode(secret, step + offset), now, 0), undefined);
  }
});

Deno.test("a code that was used counts no more, nor an older one", () => {
  const now = 1234567890_000;
  const step = totpStep(now);
  assert.equal(matchTotp(secret, totpCode(secret, step), now, step), undefined);
  assert.equal(matchTotp(secret, totpCode(secret, step - 1), now, step), undefined);
  assert.equal(matchTotp(secret, totpCode(secret, step + 1), now, step), step + 1);
});

Deno.test("what is no code matches nothing, and spaces in one don't matter", () => {
  const now = 1234567890_000;
  for (const code of ["", "0", "12345", "1234567", "000000 ", "ａ"]) {
    assert.equal(matchTotp(secret, code, now, 0), undefined);
  }
  const code = totpCode(secret, totpStep(now));
  assert.equal(matchTotp(secret, `${code.slice(0, 3)} ${code.slice(3)}`, now, 0), totpStep(now));
});

Deno.test("a new secret has 160 bits", () => {
  const generated = generateTotpSecret();
  assert.match(generated, /^[A-Z2-7]{32}$/);
  assert.ok(isTotpSecret(generated));
  assert.notEqual(generated, generateTotpSecret());
  assert.ok(!isTotpSecret("MZXW6YTBOI"));
});

Deno.test("the URI names issuer and user", () => {
  assert.equal(
    totpUri("My VPN", "alice@example.org", "MZXW6YTBOI"),
    "otpauth://totp/My%20VPN:alice%40example.org?secret=MZXW6YTBOI&issuer=My%20VPN&" +
      "algorithm=SHA1&digits=6&period=30",
  );
});
