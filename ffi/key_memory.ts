/**
 * Memory for one key's schedule.
 *
 * @module
 */

/** What vector instructions want keys aligned to, in bytes. */
const alignment = 64;

/**
 * Bytes at a fixed address that is a multiple of 64, all zeros at first. Keep the object for as
 * long as native code may read them: the address keeps nothing alive. Small enough to have one for
 * every key, where a `PinnedMemory` takes 64 KiB.
 */
export class KeyMemory {
  /** The bytes. V8 never moves what an `ArrayBuffer` holds, as long as it is not transferred. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Address of the first byte; below 2^53. */
  readonly address: number;

  /** @param size In bytes, above 0. */
  constructor(size: number) {
    const buffer = new ArrayBuffer(size + alignment - 1);
    const start = Number(Deno.UnsafePointer.value(Deno.UnsafePointer.of(new Uint8Array(buffer))));
    const shift = (alignment - start % alignment) % alignment;
    this.bytes = new Uint8Array(buffer, shift, size);
    this.address = start + shift;
    if (!Number.isSafeInteger(this.address)) {
      throw new RangeError("a key's address does not fit into a number");
    }
  }

  /**
   * The pointer to the byte at `offset`, made anew.
   *
   * @throws {RangeError} when `offset` is outside.
   */
  pointerAt(offset: number): Deno.PointerObject {
    const pointer = offset >= 0 && offset < this.bytes.length
      ? Deno.UnsafePointer.create<unknown>(BigInt(this.address + offset))
      : null;
    if (pointer === null) throw new RangeError(`offset ${offset} is outside of a key's memory`);
    return pointer;
  }

  /** Overwrites the key. */
  wipe(): void {
    this.bytes.fill(0);
  }
}
