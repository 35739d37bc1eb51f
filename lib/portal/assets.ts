/**
 * The files that pages ask for besides themselves, which the program carries. Their addresses change
 * with their content, so that browsers may keep them.
 *
 * @module
 */

import { createHash } from "node:crypto";
import uplotScript from "uplot/dist/uPlot.iife.min.js" with { type: "text" };
import uplotStyle from "uplot/dist/uPlot.min.css" with { type: "text" };
import icon from "./assets/icon.svg" with { type: "text" };
import portalStyle from "./assets/portal.css" with { type: "text" };
import portalScript from "./assets/portal.js" with { type: "text" };
import throughputScript from "./assets/throughput.js" with { type: "text" };
import type { PortalApplication } from "./environment.ts";

interface Asset {
  readonly mediaType: string;
  readonly text: string;
}

const script = "text/javascript; charset=utf-8";
const style = "text/css; charset=utf-8";

const assets = {
  "icon.svg": { mediaType: "image/svg+xml", text: icon },
  "portal.css": { mediaType: style, text: portalStyle },
  "portal.js": { mediaType: script, text: portalScript },
  "throughput.js": { mediaType: script, text: throughputScript },
  "uplot.css": { mediaType: style, text: uplotStyle },
  "uplot.js": { mediaType: script, text: uplotScript },
} as const satisfies Record<string, Asset>;

/** One of them. */
export type AssetName = keyof typeof assets;

/** Of all of them: scripts import each other by relative addresses. */
const digest = Object.values(assets)
  .reduce((hash, { text }) => hash.update(text).update("\0"), createHash("sha256"))
  .digest("hex").slice(0, 16);

/** Where it is. */
export function assetPath(name: AssetName): string {
  return `/assets/${digest}/${name}`;
}

/** Registers all of them; anybody may have them. */
export function registerAssets(app: PortalApplication): void {
  for (const [name, { mediaType, text }] of Object.entries(assets)) {
    app.get(assetPath(name as AssetName), (context) => {
      context.header("Cache-Control", "public, max-age=31536000, immutable");
      return context.body(text, 200, { "Content-Type": mediaType });
    });
  }
}
