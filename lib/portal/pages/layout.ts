/**
 * What all pages have in common: head, navigation, the frame around the content.
 *
 * @module
 */

import { html } from "hono/html";
import { type AssetName, assetPath } from "../assets.ts";
import { csrfField } from "../cross_site.ts";
import type { SessionCaller } from "../environment.ts";

/** Markup; what templates put into it is escaped. */
export type Html = ReturnType<typeof html>;

/** What is around the content. */
export interface Frame {
  readonly title: string;
  /** Absent: somebody who has not logged in. */
  readonly caller?: SessionCaller;
  /** Path of the entry of the navigation that the page belongs to. */
  readonly current?: string;
  /** Scripts besides the common one. */
  readonly scripts?: readonly AssetName[];
  /** What was done by the request before this one. */
  readonly notice?: string;
}

const administratorPages = [
  ["/", "Overview"],
  ["/sessions", "Sessions"],
  ["/subscribers", "Subscribers"],
  ["/users", "Users"],
  ["/network", "Network"],
  ["/log", "Log"],
  ["/access", "Tokens"],
  ["/settings", "Settings"],
  ["/protection", "Protection"],
] as const;

const userPages = [["/", "My VPN"], ["/protection", "Protection"]] as const;

/** The whole page. */
export function page(frame: Frame, content: Html): Html {
  const { title, caller, scripts = [], notice } = frame;
  return html`
    <!DOCTYPE html>
    <html lang="en">
      <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="robots" content="noindex">
    <title>${title} · vpn</title>
    <link rel="icon" href="${assetPath("icon.svg")}" type="image/svg+xml">
    ${scripts.includes("uplot.js")
      ? html`<link rel="stylesheet" href="${assetPath("uplot.css")}">`
      : ""}
    <link rel="stylesheet" href="${assetPath("portal.css")}">
    ${scripts.map(scriptElement)}
    <script type="module" src="${assetPath("portal.js")}"></script>
      </head>
      <body>
        <a class="skip" href="#content">Skip to the content</a>
        <header class="top">
    <span class="brand">vpn</span>
    ${caller === undefined ? "" : navigation(frame.current, caller)}
        </header>
        <main id="content" tabindex="-1">
    <h1>${title}</h1>
    ${notice === undefined ? "" : html`<p class="notice" role="status">${notice}</p>`}
    ${content}
        </main>
      </body>
    </html>
  `;
}

function scriptElement(name: AssetName): Html {
  // uPlot's file is no module; both kinds run in this order once the page is there.
  return name === "uplot.js"
    ? html`<script defer src="${assetPath(name)}"></script>`
    : html`<script type="module" src="${assetPath(name)}"></script>`;
}

function navigation(current: string | undefined, caller: SessionCaller): Html {
  const pages = caller.role === "admin" ? administratorPages : userPages;
  return html`
    <nav aria-label="Pages">
      <ul>${pages.map(([path, name]) =>
        html`<li><a href="${path}"${path === current ? " aria-current=page" : ""}>${name}</a></li>`
      )}</ul>
    </nav>
    <form class="whoami" method="post" action="/logout">${csrfInput(caller)}
    <a class="quiet" href="/account" title="Your account"${current === "/account"
      ? " aria-current=page"
      : ""}>${caller.name}</a>
    <button class="plain">Log out</button>
    </form>
  `;
}

/** The field that shows that a form is of this session. */
export function csrfInput({ session }: SessionCaller): Html {
  return html`<input type="hidden" name="${csrfField}" value="${session.csrfToken}">`;
}
