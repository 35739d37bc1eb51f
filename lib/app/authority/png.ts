/**
 * Pictures of black and white squares as PNG (ISO/IEC 15948).
 *
 * @module
 */

import { crc32, deflateSync } from "node:zlib";
import { concatBytes } from "../../base/bytes.ts";

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** A square picture: `rows` of dark modules, each `scale` pixels wide. */
export function writePng(rows: readonly (readonly boolean[])[], scale: number): Uint8Array {
  const size = rows.length * scale;
  // One bit per pixel, 1 is white; before each line the number of its filter, 0: none.
  const stride = 1 + Math.ceil(size / 8);
  const pixels = new Uint8Array(stride * size);
  for (let y = 0; y < size; y++) {
    const row = rows[Math.floor(y / scale)];
    for (let x = 0; x < size; x++) {
      if (!row[Math.floor(x / scale)]) pixels[y * stride + 1 + (x >> 3)] |= 0x80 >> (x & 7);
    }
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, size);
  view.setUint32(4, size);
  header[8] = 1; // Bits per sample; grey, deflate, filters by line, not interlaced are all 0.
  return concatBytes(
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(pixels)),
    chunk("IEND", new Uint8Array(0)),
  );
}

function chunk(type: string, content: Uint8Array): Uint8Array {
  const body = concatBytes(new TextEncoder().encode(type), content);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, content.length);
  const check = new Uint8Array(4);
  new DataView(check.buffer).setUint32(0, crc32(body));
  return concatBytes(length, body, check);
}
