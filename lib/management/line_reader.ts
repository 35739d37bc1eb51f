/**
 * Bytes of a connection into lines.
 *
 * @module
 */

/** Longest line, in bytes, its end not counted; OpenVPN takes no longer ones either. */
export const maximumLine = 1023;

/** A line, or the news that one was longer than `maximumLine` and is lost as a whole. */
export type ReceivedLine = string | typeof tooLong;

/** See {@link ReceivedLine}. */
export const tooLong: unique symbol = Symbol("a line that is too long");

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** Holds at most one line: what a peer sends without ending it costs no memory. */
export class LineReader {
  readonly #line = new Uint8Array(maximumLine);
  readonly #decoder = new TextDecoder();
  #length = 0;
  #overflow = false;

  /** The lines that these bytes complete, without their ends (LF or CR LF). */
  push(bytes: Uint8Array): ReceivedLine[] {
    const lines: ReceivedLine[] = [];
    for (const byte of bytes) {
      if (byte === lineFeed) lines.push(this.#take());
      else if (this.#length < maximumLine) this.#line[this.#length++] = byte;
      else this.#overflow = true;
    }
    return lines;
  }

  #take(): ReceivedLine {
    const overflow = this.#overflow;
    let length = this.#length;
    if (length > 0 && this.#line[length - 1] === carriageReturn) length--;
    const text = overflow ? tooLong : this.#decoder.decode(this.#line.subarray(0, length));
    // It may have been a password.
    this.#line.fill(0, 0, this.#length);
    this.#length = 0;
    this.#overflow = false;
    return text;
  }
}
