/**
 * Bytes in the order in which they came, in as much memory as they need.
 *
 * @module
 */

/** Memory that an empty queue keeps, in bytes. */
const keptWhenEmpty = 4096;

/** See the module's page. */
export class ByteQueue {
  #buffer = new Uint8Array(0);
  #start = 0;
  #end = 0;

  /** How many bytes wait. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Those that wait, until the next call of another method. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  /** Adds bytes at the end. */
  push(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#buffer.length) this.#makeRoom(bytes.length);
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** Adds a 16-bit number, most significant byte first. */
  pushUint16(value: number): void {
    if (this.#end + 2 > this.#buffer.length) this.#makeRoom(2);
    this.#buffer[this.#end++] = value >>> 8;
    this.#buffer[this.#end++] = value & 0xff;
  }

  #makeRoom(wanted: number): void {
    const { length, bytes } = this;
    const grown = length + wanted > this.#buffer.length / 2;
    const buffer = grown
      ? new Uint8Array(Math.max(keptWhenEmpty, 2 * (length + wanted)))
      : this.#buffer;
    buffer.set(bytes);
    this.#buffer = buffer;
    this.#start = 0;
    this.#end = length;
  }

  /** Removes the first `count`. */
  shift(count: number): void {
    this.#start += Math.min(count, this.length);
    if (this.#start === this.#end) this.clear();
  }

  /** Removes all; much memory is let go. */
  clear(): void {
    this.#start = 0;
    this.#end = 0;
    if (this.#buffer.length > keptWhenEmpty) this.#buffer = new Uint8Array(0);
  }
}
