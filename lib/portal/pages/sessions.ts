/**
 * Who is connected.
 *
 * @module
 */

import { html } from "hono/html";
import { audit } from "../audit.ts";
import type { PortalApplication, SessionCaller } from "../environment.ts";
import { requireAdmin, sessionOf } from "../guards.ts";
import type { PortalParts } from "../parts.ts";
import { RequestError } from "../refusal.ts";
import type { Session } from "../service.ts";
import { parameter } from "./form.ts";
import { formatBytes, formatMilliseconds, formatRelative, moment } from "./format.ts";
import { csrfInput, type Html, page } from "./layout.ts";
import { type Column, table } from "./parts.ts";

/** Registers the page and what it does. */
export function registerSessions(app: PortalApplication, parts: PortalParts): void {
  const { service } = parts;
  app.get("/sessions", requireAdmin, (context) => {
    const caller = sessionOf(context);
    const notice = context.req.query("done") === "disconnected"
      ? "The session was disconnected."
      : undefined;
    return context.html(page(
      { title: "Sessions", current: "/sessions", caller, ...notice !== undefined && { notice } },
      sessionsContent(service.sessions(), caller),
    ));
  });
  app.post("/sessions/:id/disconnect", requireAdmin, (context) => {
    const text = parameter(context, "id");
    if (!/^\d{1,15}$/.test(text)) throw new RequestError(404, "there is no such session");
    const id = Number(text);
    const name = service.sessions().find((session) => session.id === id)?.name;
    service.disconnect(id);
    audit(context, parts, `disconnected ${name} (session ${id})`);
    return context.redirect("/sessions?done=disconnected", 303);
  });
}

/** The page's content. */
export function sessionsContent(sessions: readonly Session[], caller: SessionCaller): Html {
  const disconnect: Column<Session> = {
    title: "Action",
    cell: ({ id, name }) =>
      html`
        <form method="post"
          action="/sessions/${id}/disconnect">${csrfInput(
            caller,
          )}<button class="danger" id="disconnect-${id}" aria-label="Disconnect ${name}">Disconnect</button></form>
      `,
  };
  return html`
    <section class="panel" aria-label="Sessions">
      <div id="sessions" data-live>${table<Session>(
        "Sessions",
        [...sessionColumns, disconnect],
        sessions,
        "Nobody is connected.",
      )}</div>
    </section>
  `;
}

/** What is said of a session, to everybody who may see it. */
export const sessionColumns: readonly Column<Session>[] = [
  {
    title: "Name",
    cell: ({ name, username }) =>
      html`<strong>${name}</strong>${
        username === undefined || username === name ? "" : html`<small>user ${username}</small>`
      }`,
  },
  {
    title: "Addresses",
    wide: true,
    cell: ({ realAddress, virtualAddresses }) =>
      html`<span>${realAddress}</span><small>${virtualAddresses.join(", ")}</small>`,
  },
  { title: "Since", cell: ({ connectedSince }) => moment(connectedSince) },
  { title: "From client", cell: ({ received }) => formatBytes(received), number: true },
  { title: "To client", cell: ({ sent }) => formatBytes(sent), number: true },
  {
    title: "Round trip",
    cell: ({ roundTrip, roundTripMeasuredAt }) =>
      roundTrip === undefined
        ? "–"
        : html`<span>${formatMilliseconds(roundTrip)}</span>${
          roundTripMeasuredAt === undefined
            ? ""
            : html`<small>${formatRelative(roundTripMeasuredAt)}</small>`
        }`,
    number: true,
  },
  {
    title: "Client",
    cell: ({ cipher, clientVersion, exitNode }) =>
      html`<span>${clientVersion ?? "unknown"}</span><small>${cipher}${
        exitNode === undefined ? "" : `, exit ${exitNode}`
      }</small>`,
  },
];
