/**
 * What every answer of the portal tells browsers to insist on.
 *
 * @module
 */

import type { Next } from "hono";
import type { PortalContext } from "./environment.ts";

/** A year (RFC 6797, section 6.1), seconds. */
export const hstsMaxAge = 31_536_000;

/** Nothing but what is here: no inline script or style, no frame around it, no form to elsewhere. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** The headers of every answer. */
export const securityHeaders: Readonly<Record<string, string>> = {
  "Strict-Transport-Security": `max-age=${hstsMaxAge}; includeSubDomains`,
  "Content-Security-Policy": contentSecurityPolicy,
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  // Not no-referrer: forms of ours would then have "null" for their origin.
  "Referrer-Policy": "same-origin",
  "Permissions-Policy":
    "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};

/** Sets them; what is not said to be kept is kept nowhere. */
export async function withSecurityHeaders(
  context: PortalContext,
  next: Next,
): Promise<Response | void> {
  await next();
  const { headers } = context.res;
  for (const [name, value] of Object.entries(securityHeaders)) {
    // The page of a download link has a policy of its own, and a referrer that stays here.
    const own = name === "Content-Security-Policy" || name === "Referrer-Policy";
    if (!own || !headers.has(name)) headers.set(name, value);
  }
  if (!headers.has("Cache-Control")) headers.set("Cache-Control", "no-store");
}
