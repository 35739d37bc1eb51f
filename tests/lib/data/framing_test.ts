// Compression framing. Bytes from OpenVPN's comp.h.

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  frame,
  Framing,
  framingGrowth,
  unframe,
  unframingShrinkage,
} from "../../../lib/data/framing.ts";

const room = 8;

function framed(payload: Uint8Array, framing: Framing): Uint8Array {
  const bytes = new Uint8Array(room + payload.length + room);
  bytes.set(payload, room);
  const forward = frame(bytes, room, payload.length, framing);
  const start = room - forward;
  return bytes.slice(start, start + payload.length + framingGrowth(framing, forward));
}

function unframed(bytes: Uint8Array, framing: Framing): Uint8Array | undefined {
  const copy = bytes.slice();
  const back = unframe(copy, 0, copy.length, framing);
  if (back < 0) return undefined;
  return copy.slice(back, back + copy.length - unframingShrinkage(framing, back));
}

Deno.test("what is framed comes out as it was", () => {
  const payload = fc.uint8Array({ minLength: 1, maxLength: 40 });
  fc.assert(fc.property(payload, fc.constantFrom(...Object.values(Framing)), (bytes, framing) => {
    assert.deepEqual(unframed(framed(bytes, framing), framing), bytes);
  }));
});

Deno.test("the bytes on the wire are OpenVPN's", () => {
  const packet = Uint8Array.of(0x45, 1, 2);
  assert.deepEqual(framed(packet, Framing.NONE), packet);
  assert.deepEqual(framed(packet, Framing.STUB), Uint8Array.of(0xfa, 0x45, 1, 2));
  assert.deepEqual(framed(packet, Framing.STUB_SWAP), Uint8Array.of(0xfb, 1, 2, 0x45));
  assert.deepEqual(framed(packet, Framing.STUB_V2), packet);
  assert.deepEqual(
    framed(Uint8Array.of(0x50, 7), Framing.STUB_V2),
    Uint8Array.of(0x50, 0, 0x50, 7),
  );
});

Deno.test("compressed packets are refused", () => {
  // LZO 0x66, LZ4 0x69; version 2: LZ4 1, LZO 2, Snappy 3.
  for (const first of [0x66, 0x69, 0x45, 0]) {
    assert.equal(unframed(Uint8Array.of(first, 1, 2), Framing.STUB), undefined);
    assert.equal(unframed(Uint8Array.of(first, 1, 2), Framing.STUB_SWAP), undefined);
  }
  for (const algorithm of [1, 2, 3, 255]) {
    assert.equal(unframed(Uint8Array.of(0x50, algorithm, 9), Framing.STUB_V2), undefined);
  }
  assert.equal(unframed(Uint8Array.of(0x50), Framing.STUB_V2), undefined);
});
