import assert from "node:assert/strict";
import fc from "fast-check";
import {
  announcesEarlyNegotiation,
  decodeEarlyNegotiation,
  earlyNegotiationPacketId,
  encodeEarlyNegotiation,
} from "../../../lib/wire/early_negotiation.ts";

const hex = (text: string) => Uint8Array.fromHex(text.replace(/\s/g, ""));

Deno.test("the flag is OpenVPN's: type 1, length 2, bit 0", () => {
  const payload = encodeEarlyNegotiation({ resendWrappedKey: true });
  assert.equal(payload.toHex(), "000100020001");
  assert.deepEqual(decodeEarlyNegotiation(payload), { resendWrappedKey: true });
  assert.equal(encodeEarlyNegotiation({ resendWrappedKey: false }).length, 0);
});

Deno.test("no payload, other flags and unknown types say nothing", () => {
  for (const text of ["", "0001 0002 fffe", "0002 0003 010203", "ffff 0000"]) {
    assert.deepEqual(decodeEarlyNegotiation(hex(text)), { resendWrappedKey: false }, text);
  }
  const behindOthers = hex("0007 0001 ff  0001 0002 0001  0008 0000");
  assert.deepEqual(decodeEarlyNegotiation(behindOthers), { resendWrappedKey: true });
});

Deno.test("what is cut off or of another length is malformed", () => {
  const whole = hex("0001 0002 0001");
  for (let length = 1; length < whole.length; length++) {
    assert.equal(decodeEarlyNegotiation(whole.subarray(0, length)), undefined, `${length}`);
  }
  assert.equal(decodeEarlyNegotiation(hex("0001 0001 01")), undefined);
  assert.equal(decodeEarlyNegotiation(hex("0001 0003 000001")), undefined);
});

Deno.test("any payload is read or malformed, without an exception", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (payload) => {
    const negotiation = decodeEarlyNegotiation(payload);
    assert.ok(negotiation === undefined || typeof negotiation.resendWrappedKey === "boolean");
  }));
});

Deno.test("a client announces it in the first byte of its packet-id", () => {
  assert.ok(announcesEarlyNegotiation(earlyNegotiationPacketId));
  assert.ok(announcesEarlyNegotiation(0x0fffffff));
  assert.ok(announcesEarlyNegotiation(0xff000001));
  assert.ok(!announcesEarlyNegotiation(1));
  assert.ok(!announcesEarlyNegotiation(0x0e000001));
});
