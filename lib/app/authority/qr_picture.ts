/**
 * QR codes as pictures.
 *
 * @module
 */

import encodeQR from "qr";
import { writePng } from "./png.ts";

/** Pixels of a module in a PNG. */
const SCALE = 8;

/** As PNG, dark on light with the margin that scanners need. */
export function qrPng(text: string): Uint8Array {
  return writePng(encodeQR(text, "raw", { border: 4 }), SCALE);
}

/** As SVG. */
export function qrSvg(text: string): string {
  return encodeQR(text, "svg", { border: 4 }) + "\n";
}
