import assert from "node:assert/strict";
import fc from "fast-check";
import { effectiveUserId, iovecLength, PinnedMemory } from "../../ffi/mod.ts";

effectiveUserId(); // loads libc, which stays loaded, before the sanitizers look

const size = 131072;

Deno.test("memory: a pointer points at the byte at its offset", () => {
  const memory = new PinnedMemory(size);
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: size - 1 }),
      fc.integer({ min: 0, max: 255 }),
      (offset, value) => {
        const pointer = memory.pointerAt(offset);
        assert.equal(pointer, memory.pointerAt(offset), "kept");
        assert.equal(Deno.UnsafePointer.value(pointer), BigInt(memory.address + offset));
        memory.bytes[offset] = value;
        assert.equal(new Deno.UnsafePointerView(pointer).getUint8(), value);
      },
    ),
  );
});

Deno.test("memory: offsets outside, negative or fractional have no pointer", () => {
  const memory = new PinnedMemory(100);
  assert.equal(memory.size, 65536);
  memory.pointerAt(0);
  memory.pointerAt(1);
  for (const offset of [-1, 65536, 0.5, 1.5, NaN, Infinity, 2 ** 32, 2 ** 32 + 1]) {
    assert.throws(() => memory.pointerAt(offset), RangeError, String(offset));
  }
});

Deno.test("memory: reserves aligned bytes until it is full", () => {
  const memory = new PinnedMemory(65536);
  assert.equal(memory.allocate(1), 0);
  assert.equal(memory.allocate(10), 64);
  assert.equal(memory.allocate(10, 1), 74);
  assert.equal(memory.allocate(0, 4096), 4096);
  assert.throws(() => memory.allocate(65536 - 4096 + 1, 1), /full/);
  assert.equal(memory.allocate(65536 - 4096, 1), 4096);
  assert.throws(() => memory.allocate(1), RangeError);
  for (const [size, align] of [[-1, 1], [1.5, 1], [1, 0], [1, 3]]) {
    assert.throws(() => memory.allocate(size, align), RangeError);
  }
  assert.throws(() => new PinnedMemory(0), RangeError);
});

Deno.test("memory: an iovec holds address and length, and only of bytes inside", () => {
  const memory = new PinnedMemory(65536);
  fc.assert(fc.property(fc.integer({ min: 0, max: 65536 }), fc.nat(65536), (target, length) => {
    const write = () => memory.writeIovec(64, target, length);
    if (target + length > 65536) return assert.throws(write, RangeError);
    write();
    assert.equal(memory.view.getBigUint64(64, true), BigInt(memory.address + target));
    assert.equal(memory.view.getBigUint64(72, true), BigInt(length));
  }));
  assert.throws(() => memory.writeIovec(65536 - iovecLength + 4, 0, 1), RangeError);
  assert.throws(() => memory.writeIovec(2, 0, 1), RangeError);
  assert.throws(() => memory.writeIovec(0, -1, 1), RangeError);
  assert.throws(() => memory.writeIovec(0, 1, -1), RangeError);
  assert.throws(() => memory.writeIovec(0, NaN, 1), RangeError);
});
