/**
 * The end of the server's log.
 *
 * @module
 */

import { html } from "hono/html";
import type { PortalApplication } from "../environment.ts";
import { requireAdmin, sessionOf } from "../guards.ts";
import type { PortalParts } from "../parts.ts";
import type { LogLine } from "../service.ts";
import { choice } from "./form.ts";
import { moment } from "./format.ts";
import { type Html, page } from "./layout.ts";

/** Most lines that a page shows. */
const maximumLines = 300;

const severities = ["info", "warning", "error"] as const;

/** Registers the page. */
export function registerLog(app: PortalApplication, { service }: PortalParts): void {
  app.get("/log", requireAdmin, (context) => {
    const level = severities.find((one) => one === context.req.query("level")) ?? "info";
    return context.html(page(
      { title: "Log", current: "/log", caller: sessionOf(context) },
      logContent(service.log(), level),
    ));
  });
}

/** The page's content: the newest line first, so that it is where one looks. */
export function logContent(lines: readonly LogLine[], level: LogLine["level"] = "info"): Html {
  const least = severities.indexOf(level);
  const shown = lines.filter((line) => severities.indexOf(line.level) >= least)
    .slice(-maximumLines).reverse();
  return html`
    <section class="panel" aria-label="Log">
      <form method="get" action="/log">
        <div class="row">${choice({
          name: "level",
          label: "Show",
          value: level,
          options: [["info", "all lines"], ["warning", "warnings and errors"], ["error", "errors"]],
        })}<button class="plain">Show</button></div>
      </form>
      <div id="lines" data-live>${shown.length === 0
        ? html`<p class="empty">There is no such line.</p>`
        : html`<ol class="log" reversed>${shown.map(lineItem)}</ol>`}</div>
    </section>
  `;
}

function lineItem({ time, level, text }: LogLine): Html {
  return html`<li>${moment(time)}<span class="${level}">${
    level === "info" ? "" : html`<span class="hidden">${level}: </span>`
  }${text}</span></li>`;
}
