/**
 * Memory that stays where it is, for packets and for the structs that point at them.
 *
 * @module
 */

// Pointer objects are kept per 64-byte line, so that only lines in use cost memory.
const lineShift = 6;
const lineSize = 1 << lineShift;
const wasmPageSize = 65536;
const wordRange = 0x1_0000_0000;

/** `sizeof(struct iovec)` on 64-bit systems. */
export const iovecLength = 16;

/**
 * A block of memory with a fixed address: a `WebAssembly.Memory` that never grows, so that
 * WebAssembly code can work on it too.
 *
 * `pointerAt` keeps the pointer objects it makes, at most one per byte: a second call for the same
 * offset is an array look-up, where a "usize" parameter or a new pointer needs a slow conversion.
 * A pointer keeps nothing alive: keep the `PinnedMemory` as long as anyone may use them.
 */
export class PinnedMemory {
  /** All of the memory. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** All of the memory as 32-bit words, in the machine's (little-endian) order. */
  readonly words: Uint32Array<ArrayBuffer>;
  /** All of the memory, for fields in any byte order. */
  readonly view: DataView<ArrayBuffer>;
  /** For `import`ing into WebAssembly modules. It must not be grown. */
  readonly memory: WebAssembly.Memory;
  /** Address of the first byte; below 2^53. */
  readonly address: number;
  readonly #lines: (Deno.PointerObject | undefined)[][];
  readonly #addressLow: number;
  readonly #addressHigh: number;
  #allocated = 0;

  /**
   * Reserves the memory, all zeros.
   *
   * @param size In bytes, above 0; rounded up to a multiple of 65,536, WebAssembly's page.
   * @throws {RangeError} when `size` is not an integer above 0 or above WebAssembly's limit.
   */
  constructor(size: number) {
    if (!Number.isInteger(size) || size <= 0) {
      throw new RangeError(`memory of ${size} bytes cannot be made`);
    }
    const pages = Math.ceil(size / wasmPageSize);
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const buffer = this.memory.buffer as ArrayBuffer; // not shared: `shared` is not asked for
    this.bytes = new Uint8Array(buffer);
    this.words = new Uint32Array(buffer);
    this.view = new DataView(buffer);
    this.address = Number(Deno.UnsafePointer.value(Deno.UnsafePointer.of(this.bytes)));
    if (!Number.isSafeInteger(this.address)) {
      throw new RangeError("the memory's address does not fit into a number");
    }
    this.#addressLow = this.address % wordRange;
    this.#addressHigh = Math.floor(this.address / wordRange);
    this.#lines = new Array(this.bytes.length >>> lineShift).fill(undefined);
  }

  /** Size in bytes. */
  get size(): number {
    return this.bytes.length;
  }

  /**
   * The pointer to the byte at `offset`.
   *
   * @throws {RangeError} when `offset` is not an integer from 0 to `size` - 1.
   */
  pointerAt(offset: number): Deno.PointerObject {
    const line = this.#lines[offset >>> lineShift];
    if (line !== undefined) {
      const pointer = line[offset & (lineSize - 1)];
      // A negative or fractional offset may alias a line; `#makePointer` refuses it.
      if (pointer !== undefined && offset >>> 0 === offset) return pointer;
    }
    return this.#makePointer(offset);
  }

  #makePointer(offset: number): Deno.PointerObject {
    if (!Number.isInteger(offset) || offset < 0 || offset >= this.bytes.length) {
      throw new RangeError(`offset ${offset} is outside of a memory of ${this.bytes.length} bytes`);
    }
    const pointer = Deno.UnsafePointer.create<unknown>(BigInt(this.address + offset));
    if (pointer === null) throw new RangeError("the memory's address is 0");
    const line = this.#lines[offset >>> lineShift] ??= new Array(lineSize).fill(undefined);
    return line[offset & (lineSize - 1)] = pointer;
  }

  /**
   * Reserves bytes and returns their offset. Nothing is ever given back.
   *
   * @param size In bytes, 0 or more.
   * @param align A power of two; 64, a cache line, where not given.
   * @throws {RangeError} when the memory is full or an argument is out of range.
   */
  allocate(size: number, align = 64): number {
    if (!Number.isInteger(size) || size < 0) throw new RangeError(`cannot reserve ${size} bytes`);
    if (!Number.isInteger(align) || align < 1 || (align & (align - 1)) !== 0) {
      throw new RangeError(`an alignment of ${align} is not a power of two`);
    }
    const start = Math.ceil(this.#allocated / align) * align;
    if (start + size > this.bytes.length) {
      throw new RangeError(
        `memory of ${this.bytes.length} bytes is full: ${this.#allocated} in use, ${size} wanted`,
      );
    }
    this.#allocated = start + size;
    return start;
  }

  /**
   * Writes the address of the byte at `target` as a 64-bit field at `offset`, in two halves, as a
   * 64-bit store would need a BigInt.
   *
   * @throws {RangeError} when `offset` is not a multiple of 4, or either is outside of the memory.
   */
  writeAddress(offset: number, target: number): void {
    if ((offset & 3) !== 0) throw new RangeError(`offset ${offset} is not a multiple of 4`);
    this.checkRange(offset, 8);
    this.checkRange(target, 0);
    let low = this.#addressLow + target;
    let high = this.#addressHigh;
    if (low >= wordRange) {
      low -= wordRange;
      high++;
    }
    const word = offset >>> 2;
    this.words[word] = low;
    this.words[word + 1] = high;
  }

  /**
   * Writes a `struct iovec` (16 bytes: address, length) that describes the `length` bytes at
   * `target`.
   *
   * @throws {RangeError} as `writeAddress` does, and when the bytes are not all in this memory.
   */
  writeIovec(offset: number, target: number, length: number): void {
    this.checkRange(offset, iovecLength);
    this.checkRange(target, length);
    this.writeAddress(offset, target);
    const word = offset >>> 2;
    this.words[word + 2] = length;
    this.words[word + 3] = 0;
  }

  /**
   * Checks that bytes are in this memory.
   *
   * @throws {RangeError} when the `length` bytes at `offset` are not all in it.
   */
  checkRange(offset: number, length: number): void {
    if (!(offset >= 0 && length >= 0 && offset + length <= this.bytes.length)) {
      throw new RangeError(
        `${length} bytes at ${offset} are outside of a memory of ${this.bytes.length} bytes`,
      );
    }
  }
}
