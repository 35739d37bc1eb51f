/**
 * QR codes for a terminal.
 *
 * @module
 */

import encodeQR from "qr";

/** Light modules around the code: readers want four (ISO/IEC 18004, 6.3.8), and take two. */
const border = 2;

/** Black on white, whatever the terminal's colours are (ECMA-48, select graphic rendition). */
const blackOnWhite = "\x1b[30;107m";
const reset = "\x1b[0m";

/**
 * The code as lines of half blocks, two rows of modules a line.
 *
 * @param colours Whether the terminal takes them; without, light modules are the blocks, which is
 * right on dark terminals.
 */
export function terminalQrCode(text: string, colours: boolean): string[] {
  const modules = encodeQR(text, "raw", { ecc: "low", border });
  const lines: string[] = [];
  for (let row = 0; row < modules.length; row += 2) {
    const below = modules[row + 1];
    const line = modules[row].map((upper, column) => {
      // Below the last row it is light.
      const lower = below?.[column] ?? false;
      return half(upper === colours, lower === colours);
    }).join("");
    lines.push(colours ? blackOnWhite + line + reset : line);
  }
  return lines;
}

function half(upper: boolean, lower: boolean): string {
  if (upper) return lower ? "█" : "▀";
  return lower ? "▄" : " ";
}
