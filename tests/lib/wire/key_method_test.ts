import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes } from "../../../lib/base/bytes.ts";
import { VpnError } from "../../../lib/base/errors.ts";
import {
  decodeKeyMethod2,
  encodeKeyMethod2,
  type KeyMethod2Message,
  type KeyMethod2Result,
} from "../../../lib/wire/key_method.ts";
import { clientKeyMessage, serverKeyMessage } from "../../fixtures/captured_control_channel.ts";

const text = (value: string) => new TextEncoder().encode(value);

function complete(result: KeyMethod2Result): Extract<KeyMethod2Result, { status: "complete" }> {
  assert.equal(result.status, "complete");
  return result as Extract<KeyMethod2Result, { status: "complete" }>;
}

Deno.test("an OpenVPN client's message is read, and written back byte for byte", () => {
  const bytes = Uint8Array.fromHex(clientKeyMessage);
  const { message, consumed } = complete(decodeKeyMethod2(bytes, "client"));
  assert.equal(consumed, bytes.length);
  assert.equal(message.preMaster?.length, 48);
  assert.deepEqual(message.preMaster, bytes.slice(5, 53));
  assert.deepEqual(message.random1, bytes.slice(53, 85));
  assert.deepEqual(message.random2, bytes.slice(85, 117));
  assert.equal(
    message.options,
    "V4,dev-type tun,link-mtu 1569,tun-mtu 1500,proto UDPv4,keydir 1,cipher AES-256-CBC," +
      "auth SHA256,keysize 256,tls-auth,key-method 2,tls-client",
  );
  assert.equal(message.username, undefined);
  assert.equal(message.password, undefined);
  assert.match(message.peerInfo!, /^IV_VER=2\.6\.14\nIV_PLAT=linux\n/);
  assert.deepEqual(encodeKeyMethod2(message), bytes);
});

Deno.test("an OpenVPN server's message is read, and written back byte for byte", () => {
  const bytes = Uint8Array.fromHex(serverKeyMessage);
  const { message, consumed } = complete(decodeKeyMethod2(bytes, "server"));
  assert.equal(consumed, bytes.length);
  assert.equal(message.preMaster, undefined);
  assert.deepEqual(message.random1, bytes.slice(5, 37));
  assert.match(message.options, /,tls-server$/);
  assert.equal(message.peerInfo, undefined);
  assert.deepEqual(encodeKeyMethod2(message), bytes);
});

const randoms = {
  preMaster: new Uint8Array(48).fill(1),
  random1: new Uint8Array(32).fill(2),
  random2: new Uint8Array(32).fill(3),
};
const full: KeyMethod2Message = {
  ...randoms,
  options: "V4,dev-type tun",
  username: "jürgen",
  password: "pass word",
  peerInfo: "IV_VER=2.6.14\n",
};

/** Where the texts of `full` end. */
function boundaries(): { options: number; username: number; password: number; end: number } {
  const options = 5 + 48 + 64 + 2 + "V4,dev-type tun".length + 1;
  const username = options + 2 + text("jürgen").length + 1;
  const password = username + 2 + "pass word".length + 1;
  return { options, username, password, end: password + 2 + "IV_VER=2.6.14\n".length + 1 };
}

Deno.test("a split message is incomplete until its end; old peers' short ones are complete", () => {
  const bytes = encodeKeyMethod2(full);
  const { options, password, end } = boundaries();
  assert.equal(end, bytes.length);
  for (let length = 0; length <= end; length++) {
    const { status } = decodeKeyMethod2(bytes.subarray(0, length), "client");
    const whole = [options, password, end].includes(length);
    assert.equal(status, whole ? "complete" : "incomplete", `${length} of ${end} bytes`);
  }
});

Deno.test("what an old peer leaves out is undefined", () => {
  const bytes = encodeKeyMethod2(full);
  const { options, password } = boundaries();
  const early = complete(decodeKeyMethod2(bytes.subarray(0, options), "client"));
  assert.deepEqual(early.message, {
    ...randoms,
    options: full.options,
    username: undefined,
    password: undefined,
    peerInfo: undefined,
  });
  const noInfo = complete(decodeKeyMethod2(bytes.subarray(0, password), "client"));
  assert.equal(noInfo.message.password, "pass word");
  assert.equal(noInfo.message.peerInfo, undefined);
});

Deno.test("control messages may follow in the same piece, also behind a short message", () => {
  const bytes = encodeKeyMethod2(full);
  const { options, password, end } = boundaries();
  for (const length of [options, password, end]) {
    const piece = concatBytes(bytes.subarray(0, length), text("PUSH_REQUEST\0"));
    assert.equal(complete(decodeKeyMethod2(piece, "client")).consumed, length);
  }
});

Deno.test("malformed messages are refused with a reason", () => {
  const good = encodeKeyMethod2(full);
  const withBytes = (offset: number, ...values: number[]) => {
    const bytes = good.slice();
    bytes.set(values, offset);
    return bytes;
  };
  const optionsAt = 5 + 48 + 64;
  const { options } = boundaries();
  for (
    const [bytes, reason] of [
      [withBytes(4, 1), /key method 1/],
      [withBytes(optionsAt, 2, 1), /options string of 513/],
      [withBytes(optionsAt, 0xff, 0xff), /options string of 65535/],
      [withBytes(options + 2 + 8, 0x20, 0), /password of 8192/],
    ] as const
  ) {
    const result = decodeKeyMethod2(bytes, "client");
    assert.equal(result.status, "malformed");
    assert.match((result as { reason: string }).reason, reason);
  }
});

Deno.test("the flags beside the key method are ignored, as are the first four bytes", () => {
  const bytes = encodeKeyMethod2(full);
  bytes.set([1, 2, 3, 4, 0x12]);
  assert.equal(decodeKeyMethod2(bytes, "client").status, "complete");
});

Deno.test("a text is cut at its first NUL, and its last byte never counts", () => {
  const bytes = encodeKeyMethod2(full);
  const { options } = boundaries();
  bytes[options - 1] = 0x21; // in the place of the NUL
  assert.equal(complete(decodeKeyMethod2(bytes, "client")).message.options, "V4,dev-type tun");
  bytes[options - 5] = 0;
  assert.equal(complete(decodeKeyMethod2(bytes, "client")).message.options, "V4,dev-type");
});

Deno.test("messages that a peer would not take are not written", () => {
  const wrong: Partial<KeyMethod2Message>[] = [
    { options: "x".repeat(512) },
    { password: "x".repeat(2000) },
    { password: "x".repeat(70000) },
    { username: "a\0b" },
  ];
  for (const change of wrong) {
    assert.throws(() => encodeKeyMethod2({ ...full, ...change }), VpnError);
  }
  assert.throws(() => encodeKeyMethod2({ ...full, random1: new Uint8Array(31) }), RangeError);
  assert.throws(() => encodeKeyMethod2({ ...full, preMaster: new Uint8Array(47) }), RangeError);
});

Deno.test("what is written is read back", () => {
  const field = fc.string({ unit: "grapheme", maxLength: 60 }).map((s) => s.replaceAll("\0", ""));
  const random = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const message = fc.record({
    preMaster: fc.option(fc.uint8Array({ minLength: 48, maxLength: 48 }), { nil: undefined }),
    random1: random,
    random2: random,
    options: field.map((s) => "V4," + [...s].slice(0, 30).join("")),
    username: fc.option(field, { nil: undefined }),
    password: fc.option(field, { nil: undefined }),
    peerInfo: fc.option(field, { nil: undefined }),
  }, { noNullPrototype: true });
  fc.assert(fc.property(message, (value) => {
    const bytes = encodeKeyMethod2(value);
    const from = value.preMaster === undefined ? "server" : "client";
    const result = complete(decodeKeyMethod2(bytes, from));
    assert.equal(result.consumed, bytes.length);
    assert.deepEqual(result.message, value);
  }));
});

Deno.test("no bytes make the reader throw or run past them", () => {
  const tail = fc.uint8Array({ maxLength: 300 });
  const almost = tail.map((rest) => concatBytes(encodeKeyMethod2(full).subarray(0, 117), rest));
  fc.assert(
    fc.property(
      fc.oneof(tail, almost),
      fc.constantFrom("client" as const, "server" as const),
      (bytes, from) => {
        const result = decodeKeyMethod2(bytes, from);
        if (result.status === "complete") assert.ok(result.consumed <= bytes.length);
      },
    ),
  );
});

Deno.test("an endless message is refused before its end", () => {
  const bytes = concatBytes(encodeKeyMethod2(full).subarray(0, 117), new Uint8Array(5000).fill(7));
  assert.equal(decodeKeyMethod2(bytes, "client").status, "malformed");
});
