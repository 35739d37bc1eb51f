/**
 * Bodies of HTTP requests and answers, of a bounded length.
 *
 * @module
 */

import { joinBytes } from "../base/bytes.ts";

/** A body that is too long for what it is to be. */
export class BodyTooLong extends Error {
  /** @param limit In octets. */
  constructor(limit: number) {
    super(`it is longer than ${limit} bytes`);
  }
}

/**
 * Reads a body of at most `limit` octets.
 *
 * @throws {BodyTooLong} as soon as more have come.
 */
export async function readBody(
  message: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of message) {
    length += part.length;
    if (length > limit) throw new BodyTooLong(limit);
    parts.push(part);
  }
  return joinBytes(parts);
}
