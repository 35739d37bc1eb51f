/**
 * Puts TLS records together again that came in several control packets.
 *
 * The TLS library keeps a buffer for the record that it waits for, and leaves it at 8 KiB for as long
 * as the connection is idle when one came in pieces (rustls' `DeframerVecBuffer::prepare_read`);
 * with whole records it is 4 KiB.
 *
 * @module
 */

import { concatBytes } from "../base/bytes.ts";

/** Type, version, length: bytes in front of each record (RFC 8446, section 5.1). */
const headerLength = 5;

/** Longest record without its header: TLS 1.2 allows 2,048 more than the text (RFC 5246, 6.2.3). */
export const maximumRecordLength = 16_384 + 2_048;

/** ContentType: from change_cipher_spec to application_data. */
const firstContentType = 20;
const lastContentType = 23;

const none: Uint8Array<ArrayBufferLike> = new Uint8Array(0);

/** See the module's page. */
export class TlsRecordAssembler {
  #partial = none;

  /** Whether part of a record waits for its end. */
  get isWaiting(): boolean {
    return this.#partial.length > 0;
  }

  /**
   * Takes the next bytes of the stream.
   *
   * @returns Whole records; none, or what is no record, which the library is to refuse.
   */
  push(bytes: Uint8Array): Uint8Array {
    const joined = this.#partial.length === 0 ? bytes : concatBytes(this.#partial, bytes);
    const end = endOfRecords(joined);
    // A copy: the rest of the packet is not to stay for it.
    this.#partial = end === joined.length ? none : joined.slice(end);
    return joined.subarray(0, end);
  }
}

/** Where the record begins whose end is still missing. */
function endOfRecords(bytes: Uint8Array): number {
  let end = 0;
  while (bytes.length - end >= headerLength) {
    const type = bytes[end];
    const length = bytes[end + 3] << 8 | bytes[end + 4];
    const isRecord = type >= firstContentType && type <= lastContentType &&
      length <= maximumRecordLength;
    if (!isRecord) return bytes.length;
    if (bytes.length - end < headerLength + length) break;
    end += headerLength + length;
  }
  return end;
}
