/**
 * The portal's application: a request in, an answer out.
 *
 * ```text
 * headers ─► host ─┬ the authority's own: OCSP, lists, download links
 *                  └ who calls ─► from our own pages? ─┬ /api/v1/…
 *                                                      └ pages, metrics
 * ```
 *
 * @module
 */

import { Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { errorLine } from "../base/errors.ts";
import { registerApi } from "./api/routes.ts";
import { refuseCrossSite } from "./cross_site.ts";
import type {
  PortalApplication,
  PortalContext,
  PortalEnvironment,
  PortalMiddleware,
} from "./environment.ts";
import { identify } from "./identify.ts";
import type { PortalParts } from "./parts.ts";
import { refusalOf, refuse, RequestError, wantsJson } from "./refusal.ts";
import { withSecurityHeaders } from "./security_headers.ts";

/** Puts it together. */
export function portalApplication(parts: PortalParts): PortalApplication {
  const app = new Hono<PortalEnvironment>({ strict: true });
  app.use(withSecurityHeaders);
  app.use(logRefusals(parts));
  app.use(requireHost(parts));
  app.use(async (context, next) => await parts.open?.(context) ?? await next());
  app.use(identify(parts));
  app.use(refuseCrossSite);
  registerApi(app, parts);
  for (const register of parts.routes ?? []) register(app, parts);
  app.notFound((context) => answer(parts, context, 404, "there is no such page"));
  app.onError((error, context) => {
    const refusal = refusalOf(error);
    if (refusal !== undefined) return answer(parts, context, refusal.status, refusal.message);
    parts.log.warn(
      `portal: ${context.req.method} ${context.req.path} failed: ${errorLine(error)}`,
    );
    return answer(parts, context, 500, "something went wrong here: see the server's log");
  });
  return app;
}

function answer(
  { errorPage }: PortalParts,
  context: PortalContext,
  status: ContentfulStatusCode,
  message: string,
): Response | Promise<Response> {
  if (errorPage === undefined || wantsJson(context)) return refuse(context, status, message);
  return errorPage(context, status, message);
}

function requireHost({ hosts }: PortalParts): PortalMiddleware {
  return async (context, next) => {
    // RFC 9110, section 15.5.20: this server is not the one that was asked for.
    if (!hosts.includes(new URL(context.req.url).host)) {
      throw new RequestError(
        421,
        "the portal does not go by that name",
        "use its address, or name it with portal-host",
      );
    }
    await next();
  };
}

function logRefusals({ refused }: PortalParts): PortalMiddleware {
  return async (context, next) => {
    await next();
    const { status } = context.res;
    if (status < 400) return;
    refused(() => {
      const { address } = context.env.connection;
      const name = context.get("caller")?.name ?? "-";
      return `portal: ${address} ${name} ${context.req.method} ${context.req.path}: ${status}`;
    });
  };
}
