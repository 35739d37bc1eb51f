import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeAnswer, encodeQuestion, RecordType } from "../../../../lib/net/dns/dns_message.ts";

// The example of RFC 1035, section 4.1.4, has no bytes; these are what BIND 9.18 answered to
// "dig www.example.com A" over a CNAME, by hand: header, question, CNAME, A.
const question = encodeQuestion(0x1234, "www.Example.com", RecordType.A);
const asked = question.subarray(12, 12 + 17 + 4);
const header = (answers: number, flags = 0x8180) =>
  new Uint8Array([0x12, 0x34, flags >> 8, flags & 255, 0, 1, 0, answers, 0, 0, 0, 0]);
const cname = new Uint8Array([
  ...[0xc0, 0x0c, 0, 5, 0, 1, 0, 0, 0x0e, 0x10, 0, 6],
  ...[3, 0x61, 0x62, 0x63, 0xc0, 0x10], // abc.example.com
]);
const address = new Uint8Array([
  ...[0xc0, 0x2d, 0, 1, 0, 1, 0, 0, 0x0e, 0x10, 0, 4],
  ...[192, 0, 2, 7],
]);
const join = (...parts: Uint8Array[]) => new Uint8Array(parts.flatMap((part) => [...part]));

Deno.test("DNS: a question has the name, the type, and room for a longer answer", () => {
  assert.equal(
    question.toHex(),
    "1234010000010000000000010377777707457861" +
      "6d706c6503636f6d0000010001" + "00002904d0000000000000",
  );
  for (const name of ["", "a..b", "x".repeat(64), Array(130).fill("ab").join(".")]) {
    assert.throws(() => encodeQuestion(1, name, RecordType.A), RangeError, name);
  }
});

Deno.test("DNS: an answer is followed over another name", () => {
  const answer = decodeAnswer(join(header(2), asked, cname, address), question);
  assert.deepEqual(answer, { responseCode: 0, addresses: ["192.0.2.7"] });
  // What names something else is not this name's address.
  const stray = new Uint8Array([1, 0x78, 0, ...address.subarray(2)]);
  assert.deepEqual(decodeAnswer(join(header(1), asked, stray), question)?.addresses, []);
  assert.equal(decodeAnswer(join(header(0, 0x8183), asked), question)?.responseCode, 3);
});

Deno.test("DNS: what is no answer to the question is none", () => {
  const good = join(header(1), asked, cname);
  assert.ok(decodeAnswer(good, question));
  const changed = (offset: number, value: number) => {
    const bytes = good.slice();
    bytes[offset] = value;
    return decodeAnswer(bytes, question);
  };
  assert.equal(changed(0, 0), undefined, "another id");
  assert.equal(changed(2, 0x01), undefined, "a question");
  assert.equal(changed(5, 2), undefined, "two questions");
  assert.equal(changed(14, 0x78), undefined, "another name");
  assert.equal(changed(30, 28), undefined, "another type");
  assert.equal(changed(good.length - 1, 0xff), undefined, "a pointer forward");
  for (let length = 0; length < good.length; length++) {
    assert.equal(decodeAnswer(good.subarray(0, length), question), undefined);
  }
});

Deno.test("DNS: any bytes are read to an end", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
    decodeAnswer(bytes, question);
    decodeAnswer(join(header(9), asked, bytes), question);
  }));
});

Deno.test("DNS: addresses come out as they went in", () => {
  fc.assert(fc.property(fc.array(fc.ipV4(), { maxLength: 20 }), (addresses) => {
    const records = addresses.map((text) =>
      new Uint8Array([0xc0, 12, ...address.subarray(2, 12), ...text.split(".").map(Number)])
    );
    const answer = decodeAnswer(join(header(addresses.length), asked, ...records), question);
    assert.deepEqual(answer?.addresses, addresses);
  }));
});
