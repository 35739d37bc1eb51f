import assert from "node:assert/strict";
import decodeQR from "qr/decode.js";
import { terminalQrCode } from "../../../lib/app/qr_code.ts";

/** What a camera sees of the lines: a pixel for each module, times `scale`. */
function picture(lines: readonly string[], isLight: (block: boolean) => boolean) {
  const scale = 4;
  const rows = lines.flatMap((line) => {
    const characters = [...line];
    return [
      characters.map((character) => isLight("█▀".includes(character))),
      characters.map((character) => isLight("█▄".includes(character))),
    ];
  });
  const width = rows[0].length * scale;
  const height = rows.length * scale;
  const data = new Uint8Array(width * height * 4).fill(255);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const light = rows[Math.floor(y / scale)][Math.floor(x / scale)];
      data.fill(light ? 255 : 0, (y * width + x) * 4, (y * width + x) * 4 + 3);
    }
  }
  return { width, height, data };
}

const text = "otpauth://totp/VPN:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=VPN";

Deno.test("a code on a terminal with colours is read again", () => {
  const lines = terminalQrCode(text, true);
  // deno-lint-ignore no-control-regex -- the colours
  const plain = lines.map((line) => line.replace(/\x1b\[[0-9;]*m/g, ""));
  assert.ok(lines.every((line) => line.startsWith("\x1b[30;107m") && line.endsWith("\x1b[0m")));
  assert.equal(decodeQR(picture(plain, (block) => !block)), text);
});

Deno.test("a code on a dark terminal without colours is read again", () => {
  assert.equal(decodeQR(picture(terminalQrCode(text, false), (block) => block)), text);
});
