/** QR codes: what is drawn is read back by a decoder, from the pixels of the PNG. */
import assert from "node:assert/strict";
import { crc32, inflateSync } from "node:zlib";
import decodeQR from "qr/decode.js";
import { qrPng, qrSvg } from "../../../../lib/app/authority/qr_picture.ts";

const text = "https://vpn.example:8443/get/A7ChVWAmtYh_dWYkAKRBmMCmnsDnN0AHNBltWk3qLBc";

/** Reads a PNG of one grey bit per pixel. */
function readPng(png: Uint8Array): { width: number; height: number; data: Uint8Array } {
  assert.deepEqual([...png.subarray(0, 8)], [137, 80, 78, 71, 13, 10, 26, 10]);
  const view = new DataView(png.buffer, png.byteOffset, png.length);
  let width = 0, height = 0;
  let packed = new Uint8Array(0);
  for (let at = 8; at < png.length;) {
    const length = view.getUint32(at);
    const type = new TextDecoder().decode(png.subarray(at + 4, at + 8));
    const content = png.subarray(at + 8, at + 8 + length);
    const checked = png.subarray(at + 4, at + 8 + length);
    assert.equal(view.getUint32(at + 8 + length), crc32(checked), `CRC of ${type}`);
    if (type === "IHDR") {
      [width, height] = [view.getUint32(at + 8), view.getUint32(at + 12)];
      assert.deepEqual([...content.subarray(8)], [1, 0, 0, 0, 0]);
    } else if (type === "IDAT") packed = Uint8Array.from(inflateSync(content));
    at += 12 + length;
  }
  const data = new Uint8Array(width * height * 4).fill(255);
  const stride = 1 + Math.ceil(width / 8);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const white = (packed[y * stride + 1 + (x >> 3)] >> (7 - (x & 7))) & 1;
      data.fill(white * 255, (y * width + x) * 4, (y * width + x) * 4 + 3);
    }
  }
  return { width, height, data };
}

Deno.test("the PNG says what it was made of", () => {
  assert.equal(decodeQR(readPng(qrPng(text))), text);
});

Deno.test("SVG is one element", () => {
  assert.match(qrSvg(text), /^<svg [^]*<\/svg>\n$/);
});
