/**
 * Requests that change something must come from our own pages: by their origin, and by a token that
 * only our pages hold. What carries a bearer token comes from no browser on its own.
 *
 * @module
 */

import { constantTimeEqual } from "../base/bytes.ts";
import type { Next } from "hono";
import type { PortalContext } from "./environment.ts";
import { apiPath, RequestError } from "./refusal.ts";

/** The field of forms. */
export const csrfField = "csrf";
/** The header of scripts. */
export const csrfHeader = "x-csrf-token";

const safeMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/** See the module's page. */
export async function refuseCrossSite(
  context: PortalContext,
  next: Next,
): Promise<Response | void> {
  const caller = context.get("caller");
  if (safeMethods.has(context.req.method) || caller?.kind === "token") return await next();
  // A program that forgot its token hears of that: without a caller the API does nothing.
  if (caller === undefined && context.req.path.startsWith(`${apiPath}/`)) return await next();
  if (!isSameOrigin(context)) {
    throw new RequestError(403, "this request comes from another site");
  }
  if (caller !== undefined && !await hasToken(context, caller.session.csrfToken)) {
    throw new RequestError(403, "this form is from another session", "open the page again");
  }
  await next();
}

/**
 * By `Origin` (RFC 6454, section 7) or `Sec-Fetch-Site`: every browser that is kept up sends one of
 * them with each POST, so that neither means no.
 */
function isSameOrigin(context: PortalContext): boolean {
  const site = context.req.header("sec-fetch-site");
  if (site !== undefined && site !== "same-origin") return false;
  const origin = context.req.header("origin");
  // "null": a page with no-referrer. What a browser says of the site, no page can change.
  if (origin === undefined || origin === "null") return site === "same-origin";
  return origin.toLowerCase() === new URL(context.req.url).origin;
}

async function hasToken(context: PortalContext, right: string): Promise<boolean> {
  const header = context.req.header(csrfHeader);
  const given = header ?? await formField(context);
  return given !== undefined &&
    constantTimeEqual(new TextEncoder().encode(given), new TextEncoder().encode(right));
}

async function formField(context: PortalContext): Promise<string | undefined> {
  const type = context.req.header("content-type") ?? "";
  if (!/^(?:application\/x-www-form-urlencoded|multipart\/form-data)\b/i.test(type)) {
    return undefined;
  }
  // Kept by Hono for the handler.
  const field = (await context.req.parseBody())[csrfField];
  return typeof field === "string" ? field : undefined;
}
