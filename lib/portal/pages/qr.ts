/**
 * QR codes in pages, as SVG: without scripts, in any size.
 *
 * @module
 */

import { html } from "hono/html";
import encodeQR from "qr";
import type { Html } from "./layout.ts";

/** Light modules around the code (ISO/IEC 18004, 6.3.8). */
const border = 4;

/** The code of a text, for pointing a phone at. */
export function qrCode(text: string, label: string): Html {
  const modules = encodeQR(text, "raw", { ecc: "medium", border });
  const size = modules.length;
  const path = modules.map((row, y) =>
    row.map((dark, x) => dark ? `M${x} ${y}h1v1h-1z` : "").join("")
  ).join("");
  // Dark on light in both colour schemes: readers want it so.
  return html`
    <svg class="qr" role="img" aria-label="${label}" viewBox="0 0 ${size} ${size}"
      shape-rendering="crispEdges">
      <path fill="#fff" d="M0 0h${size}v${size}h-${size}z" />
      <path fill="#000" d="${path}" />
    </svg>
  `;
}
