import assert from "node:assert/strict";
import fc from "fast-check";
import {
  AuthTokens,
  generateTokenSecret,
  isAuthToken,
  isCurrent,
  parseTokenSecret,
} from "../../../lib/users/auth_token.ts";

const user = "test user name";

// Key and token of OpenVPN's unit tests (test_auth_token.c), made at 0x5c331e9c.
const secret = `-----BEGIN OpenVPN auth-token server key-----
+mmmf7IQ5cymtMVjKYTWk8IOcYanRlpQmV9Tb3EjkHYxueBVDg3yqRgzeBlVGzNLD//rAPiOVhau
3NDBjNOQB8951bfs7Cc2mYfay92Bh2gRJ5XEM/DMfzCWN+7uU6NWoTTHr4FuojnIQtjtqVAj/JS9
w+dTSp/vYHl+c7uHd19uVRu/qLqV85+rm4tUGIjO7FfYuwyPqwmhuIsi3hs9QkSimh888FmBpoKY
/tbKVTJZmSERKti9KEwtV2eVAR0znN5KW7lCB3mHVAhN7bUpcoDjfCzYIFARxwswTFu9gFkwqUMY
I1KUOgIsVNs4llACioeXplYekWETR+YkJwDc/A==
-----END OpenVPN auth-token server key-----`;
const token =
  "SESS_ID_AT_ThhRItzOKNKrh3dfAAAAAFwzHpwAAAAAXDMenDdrq0RoH3dkA1f7O3wO+7kZcx2DusVZrRmFlWQM9HOb";
const time = 0x5c331e9c;
// The same with a key of zeros, at 0.
const tokenOfZeros =
  "SESS_ID_AT_0123456789abcdefAAAAAAAAAAAAAAAAAAAAAE5JsQJOVfo8jnI3RL3tBaR5NkE4yPfcylFUHmHSc5Bu";

Deno.test("a token is OpenVPN's", () => {
  const tokens = new AuthTokens(parseTokenSecret(secret));
  const read = tokens.read(user, token);
  assert.ok(read !== undefined);
  assert.equal(read.firstIssued, time);
  assert.equal(read.issued, time);
  assert.equal(tokens.issue(user, time, read), token);
  const zeros = new AuthTokens(new Uint8Array(32));
  assert.equal(zeros.read(user, tokenOfZeros)?.issued, 0);
});

Deno.test("a token is for its user and its key alone, and unchanged", () => {
  const tokens = new AuthTokens(parseTokenSecret(secret));
  assert.equal(tokens.read("another", token), undefined);
  assert.equal(new AuthTokens().read(user, token), undefined);
  const data = Uint8Array.from(atob(token.slice(11)), (c) => c.charCodeAt(0));
  for (let bit = 0; bit < data.length * 8; bit++) {
    const changed = data.slice();
    changed[bit >> 3] ^= 1 << (bit & 7);
    const text = "SESS_ID_AT_" + btoa(String.fromCharCode(...changed));
    assert.equal(tokens.read(user, text), undefined, `bit ${bit}`);
  }
});

Deno.test("a renewed token keeps session and beginning", () => {
  const tokens = new AuthTokens();
  const first = tokens.read(user, tokens.issue(user, 1000))!;
  const second = tokens.read(user, tokens.issue(user, 1500, first))!;
  assert.deepEqual(second, { sessionId: first.sessionId, firstIssued: 1000, issued: 1500 });
  const other = tokens.read(user, tokens.issue(user, 1000))!;
  assert.notDeepEqual(other.sessionId, first.sessionId);
});

Deno.test("a token ends after its lifetime, and when it isn't renewed", () => {
  const sessionId = new Uint8Array(12);
  const at = (firstIssued: number, issued: number) => ({ sessionId, firstIssued, issued });
  const times = { lifetime: 1000, renewal: 100 };
  assert.ok(isCurrent(at(100, 100), times, 100));
  assert.ok(isCurrent(at(100, 100), times, 299));
  assert.ok(!isCurrent(at(100, 100), times, 300));
  assert.ok(!isCurrent(at(100, 100), times, 99));
  assert.ok(isCurrent(at(100, 1050), times, 1100));
  assert.ok(!isCurrent(at(100, 1050), times, 1101));
  assert.ok(isCurrent(at(100, 1050), { ...times, lifetime: 0 }, 1101));
  assert.ok(!isCurrent(at(100, 50), times, 100));
});

Deno.test("a secret file is made and read, and nothing else is taken for one", () => {
  const made = generateTokenSecret();
  assert.equal(parseTokenSecret(made).length, 32);
  assert.notDeepEqual(parseTokenSecret(made), parseTokenSecret(generateTokenSecret()));
  // The HMAC half: OpenVPN's struct key has it behind 64 bytes for a cipher.
  const whole = Uint8Array.from(
    atob(made.split("\n").slice(1, -2).join("")),
    (c) => c.charCodeAt(0),
  );
  assert.deepEqual(parseTokenSecret(made), whole.slice(64, 96));
  const short = made.split("\n").toSpliced(1, 1).join("\n");
  for (const text of ["", "secret", short, made.replaceAll("auth-token", "tls-crypt-v2")]) {
    assert.throws(() => parseTokenSecret(text), /auth-token key/);
  }
});

Deno.test("any text is read or not, without an exception", () => {
  const tokens = new AuthTokens();
  fc.assert(fc.property(fc.string(), (text) => {
    assert.equal(tokens.read(user, text), undefined);
    assert.equal(tokens.read(user, `SESS_ID_AT_${text}`), undefined);
  }));
  assert.ok(isAuthToken(token));
  assert.ok(!isAuthToken(token.slice(0, -1)));
});
