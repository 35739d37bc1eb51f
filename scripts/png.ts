/**
 * PNG files as small as deflate makes them: browsers write them in a hurry.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { crc32, deflateSync, inflateSync } from "node:zlib";

/** PNG's signature (RFC 2083, section 3.1), octets. */
const signatureLength = 8;

/** Length, type and CRC of a chunk, octets. */
const overhead = 12;

/** The same picture; its pixels and all chunks but the compressed data stay as they are. */
export function recompressPng(picture: Uint8Array): Uint8Array {
  const file = Buffer.from(picture);
  const before: Uint8Array[] = [file.subarray(0, signatureLength)];
  const data: Uint8Array[] = [];
  const after: Uint8Array[] = [];
  for (let offset = signatureLength; offset + overhead <= file.length;) {
    const length = file.readUInt32BE(offset);
    const chunk = file.subarray(offset, offset + overhead + length);
    if (chunk.toString("latin1", 4, 8) === "IDAT") data.push(chunk.subarray(8, 8 + length));
    else (data.length === 0 ? before : after).push(chunk);
    offset += chunk.length;
  }
  const pixels = deflateSync(inflateSync(Buffer.concat(data)), { level: 9, memLevel: 9 });
  return Buffer.concat([...before, chunkOf("IDAT", pixels), ...after]);
}

function chunkOf(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length, 0);
  ends.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
}
