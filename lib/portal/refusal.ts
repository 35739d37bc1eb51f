/**
 * Answers to requests that are not done: the right status, words for whoever asked, a line in the
 * log.
 *
 * @module
 */

import type { ContentfulStatusCode } from "hono/utils/http-status";
import { errorLine, VpnError } from "../base/errors.ts";
import type { PortalContext } from "./environment.ts";
import { PortalError, type PortalReason } from "./service.ts";

/** Where the API is. */
export const apiPath = "/api/v1";

/** The status of each reason. */
const statuses: Readonly<Record<PortalReason, ContentfulStatusCode>> = {
  "invalid": 400,
  "not-found": 404,
  "conflict": 409,
  "unavailable": 503,
};

/** A request that is refused: thrown by handlers, answered by the application. */
export class RequestError extends VpnError {
  /** The class's name, for logs. */
  override readonly name = "RequestError";

  constructor(readonly status: ContentfulStatusCode, message: string, remedy?: string) {
    super(message, remedy);
  }
}

/** Status and words for an error; undefined for one that is our own fault. */
export function refusalOf(
  error: unknown,
): { readonly status: ContentfulStatusCode; readonly message: string } | undefined {
  if (error instanceof RequestError) return { status: error.status, message: error.line };
  if (error instanceof PortalError) {
    return { status: statuses[error.reason], message: error.line };
  }
  // An operation on the authority or a file that can't be done as things are.
  if (error instanceof VpnError) return { status: 409, message: errorLine(error) };
  return undefined;
}

/** Refuses. The application turns this into a page where one is wanted. */
export function refuse(
  context: PortalContext,
  status: ContentfulStatusCode,
  message: string,
): Response {
  if (wantsJson(context)) {
    return context.json({ error: { status, message } }, status);
  }
  return context.text(`${message}\n`, status);
}

/** Whether an answer is for a program. */
export function wantsJson(context: PortalContext): boolean {
  const { path } = context.req;
  return path === apiPath || path.startsWith("/api/") ||
    context.req.header("accept")?.includes("application/json") === true;
}
