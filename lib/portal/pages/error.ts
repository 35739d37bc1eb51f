/**
 * What a browser shows of a request that was not done.
 *
 * @module
 */

import { html } from "hono/html";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { PortalContext } from "../environment.ts";
import { page } from "./layout.ts";

/** The page for a status. */
export function errorPage(
  context: PortalContext,
  status: ContentfulStatusCode,
  message: string,
): Response | Promise<Response> {
  const caller = context.get("caller");
  const title = status === 404 ? "Not found" : status >= 500 ? "Out of order" : "Not done";
  return context.html(
    page(
      { title, ...caller?.kind === "session" && { caller } },
      html`
        <section class="panel">
          <p class="alert">${message}</p>
          <p><a href="/">To the beginning</a></p>
        </section>
      `,
    ),
    status,
  );
}
