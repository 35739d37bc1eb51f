import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { randomBytes } from "../../../lib/base/bytes.ts";
import {
  formatStaticKey,
  generateStaticKey,
  keyHalves,
  parseStaticKey,
  StaticKey,
  StaticKeyError,
} from "../../../lib/crypto/static_key.ts";
import { tlsAuthKey } from "../../fixtures/captured_control_channel.ts";
import { testPktKey } from "./test_pkt_key.ts";

Deno.test("a key of openvpn --genkey is read, and written as it was", () => {
  const key = parseStaticKey(tlsAuthKey);
  assert.equal(key.cipherKey(0, 4).toHex(), "83a2a3e6");
  assert.equal(formatStaticKey(key), tlsAuthKey);
});

Deno.test("a key keeps its bytes when those that it was made of are wiped", () => {
  for (const bytes of [new Uint8Array(256).fill(7), Buffer.alloc(256, 7)]) {
    const key = new StaticKey(bytes);
    bytes.fill(0);
    assert.equal(key.cipherKey(0, 1)[0], 7);
  }
});

Deno.test("the halves: cipher key (64), HMAC key (64), twice", () => {
  const bytes = randomBytes(256);
  const key = new StaticKey(bytes);
  assert.deepEqual(key.cipherKey(0, 64), bytes.slice(0, 64));
  assert.deepEqual(key.hmacKey(0, 20), bytes.slice(64, 84));
  assert.deepEqual(key.cipherKey(1, 32), bytes.slice(128, 160));
  assert.deepEqual(key.hmacKey(1, 64), bytes.slice(192, 256));
  assert.throws(() => key.hmacKey(0, 65), RangeError);
});

Deno.test("key-direction picks the halves as key_direction_state_init does", () => {
  assert.deepEqual(keyHalves(undefined), { send: 0, receive: 0 });
  assert.deepEqual(keyHalves(0), { send: 0, receive: 1 });
  assert.deepEqual(keyHalves(1), { send: 1, receive: 0 });
});

Deno.test("comments, CRLF, indentation, upper case and long lines are fine", () => {
  const expected = parseStaticKey(testPktKey).bytes();
  const variants = [
    testPktKey.replaceAll("\n", "\r\n"),
    `# a comment\nanother\n${testPktKey}\nbehind it\n`,
    testPktKey.replaceAll(/^(?=[0-9a-f]{32}$)/gm, "  \t"),
    testPktKey.replaceAll(/^[0-9a-f]{32}$/gm, (line) => line.toUpperCase()),
    testPktKey.replaceAll(/([0-9a-f]{32})\n(?=[0-9a-f])/g, "$1"),
    testPktKey.replaceAll(/([0-9a-f]{32})\n/g, "$1\n\n"),
  ];
  for (const text of variants) assert.deepEqual(parseStaticKey(text).bytes(), expected);
});

Deno.test("what is wrong with a key is said, and nothing of the key", () => {
  const lines = testPktKey.split("\n");
  const cases: [string, RegExp][] = [
    ["", /"-----BEGIN OpenVPN Static key V1-----" is missing/],
    [testPktKey.replace("Static key V1", "Static key V2"), /BEGIN.*missing/],
    [testPktKey.replace("-----END", "-----FIN"), /line 19 has a character/],
    [lines.slice(0, -2).join("\n"), /END.*missing/],
    [testPktKey.replace("37268ea8", "3726xea8"), /line 3 has a character/],
    [lines.toSpliced(5, 1).join("\n"), /480 hexadecimal digits where 512/],
    [lines.toSpliced(5, 0, lines[5]).join("\n"), /544 hexadecimal digits where 512/],
    [testPktKey.replace("37268ea8", "37268ea"), /511 hexadecimal digits/],
  ];
  for (const [text, expected] of cases) {
    assert.throws(() => parseStaticKey(text), (error) => {
      assert.ok(error instanceof StaticKeyError);
      assert.match(error.line, expected);
      assert.doesNotMatch(error.line, /726/);
      return true;
    });
  }
  assert.throws(() => new StaticKey(new Uint8Array(255)), StaticKeyError);
});

Deno.test("a generated key is read, and no two are the same", () => {
  const [first, second] = [generateStaticKey(), generateStaticKey()];
  assert.notEqual(first, second);
  assert.equal(formatStaticKey(parseStaticKey(first)), first);
});

Deno.test("a key does not show its bytes, and can be wiped", () => {
  const key = parseStaticKey(testPktKey);
  assert.doesNotMatch(Deno.inspect(key) + JSON.stringify(key), /37|55/);
  key.wipe();
  assert.deepEqual(key.bytes(), new Uint8Array(256));
});

Deno.test("openvpn takes a generated key", async () => {
  // Only a key file that it can read lets openvpn go on to the next complaint.
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, generateStaticKey());
    const { stdout } = await new Deno.Command("openvpn", {
      args: ["--test-crypto", "--cipher", "AES-256-CBC", "--secret", file],
    }).output();
    assert.match(new TextDecoder().decode(stdout), /self-test mode SUCCEEDED/);
  } finally {
    await Deno.remove(file);
  }
});
