import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes } from "../../../lib/base/bytes.ts";
import {
  maximumRecordLength,
  TlsRecordAssembler,
} from "../../../lib/control/tls_record_assembler.ts";

function record(type: number, body: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(type, 3, 3, body.length >> 8, body.length & 255), body);
}

const records = fc.array(
  fc.tuple(fc.integer({ min: 20, max: 23 }), fc.uint8Array({ maxLength: 300 })),
  { minLength: 1, maxLength: 8 },
);

Deno.test("records cut anywhere come out whole, once, in order", () => {
  fc.assert(fc.property(records, fc.array(fc.integer({ min: 1, max: 400 })), (parts, cuts) => {
    const whole = parts.map(([type, body]) => record(type, body));
    const boundaries = new Set<number>([0]);
    whole.reduce((offset, { length }) => (boundaries.add(offset + length), offset + length), 0);
    const stream = concatBytes(...whole);
    const assembler = new TlsRecordAssembler();
    let given = new Uint8Array(0);
    let offset = 0;
    for (const cut of [...cuts, stream.length]) {
      const piece = stream.subarray(offset, offset + cut);
      offset += piece.length;
      given = concatBytes(given, assembler.push(piece));
      assert.ok(boundaries.has(given.length), "only whole records are handed on");
      assert.equal(assembler.isWaiting, given.length < offset);
    }
    assert.deepEqual(given, stream);
  }));
});

Deno.test("what is no record is handed on at once", () => {
  for (
    const bytes of [
      Uint8Array.of(0x47, 0x45, 0x54, 0x20, 0x2f),
      Uint8Array.of(22, 3, 3, (maximumRecordLength + 1) >> 8, (maximumRecordLength + 1) & 255),
    ]
  ) {
    assert.deepEqual(new TlsRecordAssembler().push(bytes), bytes);
    const assembler = new TlsRecordAssembler();
    const before = record(22, new Uint8Array(3));
    assert.deepEqual(assembler.push(concatBytes(before, bytes)), concatBytes(before, bytes));
  }
});

Deno.test("a record of the greatest length is waited for", () => {
  const longest = record(23, new Uint8Array(maximumRecordLength));
  const assembler = new TlsRecordAssembler();
  assert.equal(assembler.push(longest.subarray(0, -1)).length, 0);
  assert.deepEqual(assembler.push(longest.subarray(-1)), longest);
});
