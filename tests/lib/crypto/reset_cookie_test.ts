import assert from "node:assert/strict";
import { ResetCookie } from "../../../lib/crypto/reset_cookie.ts";

// OpenVPN's test_pkt.c, test_calc_session_id_hmac_static, for Linux on a little-endian machine.
const secret = new Uint8Array(32);
secret.set([1, 2, 3]);
const clientId = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7);
/** sockaddr_in: AF_INET, port 1195, 15.240.0.255. */
const address = Uint8Array.fromHex("020004ab0ff000ff0000000000000000");
const expected = Uint8Array.fromHex("8beb3d201453be0a");

function cookie(): ResetCookie {
  return new ResetCookie(100, secret);
}

Deno.test("the session id is OpenVPN's", () => {
  assert.deepEqual(cookie().issue(clientId, address, 1005), expected);
});

Deno.test("the id changes with the slot of 50 s, and with nothing in it", () => {
  const at = (seconds: number) => cookie().issue(clientId, address, seconds).toHex();
  assert.equal(at(1000), at(1049.9));
  assert.notEqual(at(999), at(1000));
  assert.notEqual(at(1049), at(1050));
});

Deno.test("an id is good in its slot, for two more, and one slot early", () => {
  const id = expected;
  for (
    const [seconds, good] of [[949, false], [950, true], [1005, true], [1149, true], [
      1150,
      false,
    ]] as const
  ) {
    assert.equal(cookie().verify(clientId, id, address, seconds), good, `at ${seconds} s`);
  }
});

Deno.test("an id is of no use to another address, session or server", () => {
  const other = (bytes: Uint8Array) => bytes.with(3, 0x77);
  assert.equal(cookie().verify(clientId, expected, address, 1005), true);
  assert.equal(cookie().verify(other(clientId), expected, address, 1005), false);
  assert.equal(cookie().verify(clientId, expected, other(address), 1005), false);
  assert.equal(new ResetCookie(100).verify(clientId, expected, address, 1005), false);
  for (let i = 0; i < 8; i++) {
    const forged = expected.with(i, expected[i] ^ 1);
    assert.equal(cookie().verify(clientId, forged, address, 1005), false);
  }
  assert.equal(cookie().verify(clientId, expected.subarray(0, 7), address, 1005), false);
  assert.equal(cookie().verify(clientId, new Uint8Array(0), address, 1005), false);
});

Deno.test("two servers issue different ids", () => {
  const [a, b] = [new ResetCookie(), new ResetCookie()].map((server) =>
    server.issue(clientId, address, 0).toHex()
  );
  assert.notEqual(a, b);
});
