/**
 * The configuration's framing in the data plane's words.
 *
 * @module
 */

import type { Framing } from "../config/mod.ts";
import type { CompressionFraming } from "../loop/messages.ts";

/** `comp-lzo` puts a byte in front, `compress` swaps it in (OpenVPN's comp.h). */
export const dataFraming: Readonly<Record<Framing, CompressionFraming>> = {
  "none": "none",
  "lzo": "stub",
  "stub": "stub-swap",
  "stub-v2": "stub-v2",
};
