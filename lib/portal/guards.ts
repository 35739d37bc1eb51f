/**
 * What stands before pages: who may see them.
 *
 * @module
 */

import type { Next } from "hono";
import type { PortalContext, SessionCaller } from "./environment.ts";
import { RequestError, wantsJson } from "./refusal.ts";

/** Whoever has not logged in is sent to do so. */
export async function requireLogin(
  context: PortalContext,
  next: Next,
): Promise<Response | void> {
  if (context.get("caller")?.kind !== "session") {
    if (wantsJson(context) || context.req.method !== "GET") {
      throw new RequestError(401, "log in first");
    }
    const { pathname, search } = new URL(context.req.url);
    const target = `${pathname}${search}`;
    const query = target === "/" ? "" : `?next=${encodeURIComponent(target)}`;
    return context.redirect(`/login${query}`);
  }
  await next();
}

/** Only administrators go on. */
export async function requireAdmin(
  context: PortalContext,
  next: Next,
): Promise<Response | void> {
  const caller = context.get("caller");
  if (caller?.kind !== "session") return await requireLogin(context, next);
  if (caller.role !== "admin") throw new RequestError(403, "this is for administrators");
  await next();
}

/** The caller of a page behind {@linkcode requireLogin}. */
export function sessionOf(context: PortalContext): SessionCaller {
  const caller = context.get("caller");
  if (caller?.kind !== "session") throw new RequestError(401, "log in first");
  return caller;
}

/** Where a log-in leads: a path of our own, whatever the address says. */
export function safeNext(next: string | undefined): string {
  return next !== undefined && /^\/(?![/\\])[\x21-\x7e]*$/.test(next) && !next.includes("\\")
    ? next
    : "/";
}
