/**
 * What a `writev` would hand to the kernel.
 *
 * @module
 */

import type { PinnedMemory } from "deno-tun";

/** The bytes that `count` `struct iovec`s (64-bit address, 64-bit length) describe. */
export function readWrite(memory: PinnedMemory, iovecs: number, count: number): Uint8Array {
  const pieces: number[] = [];
  for (let i = 0; i < count; i++) {
    const address = memory.view.getBigUint64(iovecs + 16 * i, true);
    const length = Number(memory.view.getBigUint64(iovecs + 16 * i + 8, true));
    const offset = Number(address - BigInt(memory.address));
    pieces.push(...memory.bytes.subarray(offset, offset + length));
  }
  return new Uint8Array(pieces);
}
