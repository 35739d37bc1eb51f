/**
 * Everybody who has a certificate, and issuing one.
 *
 * @module
 */

import { html } from "hono/html";
import { audit } from "../audit.ts";
import type { PortalApplication, PortalContext, SessionCaller } from "../environment.ts";
import { requireAdmin, sessionOf } from "../guards.ts";
import type { PortalParts } from "../parts.ts";
import type { Subscriber } from "../service.ts";
import { attempt, field, type FormProblem, sent, sentNumber } from "./form.ts";
import { dayOf } from "./format.ts";
import { csrfInput, type Html, page } from "./layout.ts";
import { badge, subscriberBadge, table } from "./parts.ts";

/** Longest life of a certificate that can be asked for, days. */
export const maximumDays = 3650;

/** Registers the list and the form. */
export function registerSubscribers(app: PortalApplication, parts: PortalParts): void {
  const { service } = parts;
  const show = async (context: PortalContext, form: IssueForm) => {
    const caller = sessionOf(context);
    const query = (context.req.query("q") ?? "").slice(0, 64);
    const subscribers = await service.subscribers();
    return context.html(
      page(
        { title: "Subscribers", current: "/subscribers", caller },
        subscribersContent(subscribers, caller, form, query),
      ),
      form.problem?.status ?? 200,
    );
  };
  app.get("/subscribers", requireAdmin, (context) => show(context, {}));
  app.post("/subscribers", requireAdmin, async (context) => {
    const name = (await sent(context, "name")).trim();
    const days = await sentNumber(context, "days");
    const problem = await attempt(
      parts.changes,
      () => service.issue({ name, ...days !== undefined && { days } }),
    );
    if (problem !== undefined) {
      return await show(context, { name, problem, ...days !== undefined && { days } });
    }
    audit(context, parts, `issued a certificate to ${name}`);
    return context.redirect(`${subscriberPath(name)}?done=issued`, 303);
  });
}

/** What was sent, and what is wrong with it. */
export interface IssueForm {
  readonly name?: string;
  readonly days?: number;
  readonly problem?: FormProblem;
}

/** Where somebody's page is. */
export function subscriberPath(name: string): string {
  return `/subscribers/${encodeURIComponent(name)}`;
}

/** The page's content. */
export function subscribersContent(
  subscribers: readonly Subscriber[],
  caller: SessionCaller,
  form: IssueForm = {},
  query = "",
): Html {
  const wanted = query.toLowerCase();
  const shown = subscribers.filter(({ name }) => name.toLowerCase().includes(wanted));
  return html`
    <section class="panel" aria-labelledby="issue-title">
      <h2 id="issue-title">New subscriber</h2>
      <form method="post" action="/subscribers">${csrfInput(caller)}
    <div class="row">
    ${field({
      name: "name",
      label: "Name",
      required: true,
      maximumLength: 64,
      ...form.name !== undefined && { value: form.name },
      ...form.problem !== undefined && { error: form.problem.message, focus: true },
    })}
    ${daysField(form.days)}
    <button>Issue a certificate</button>
    </div>
      </form>
    </section>
    <section class="panel" aria-labelledby="list-title">
    <h2 id="list-title">All subscribers</h2>
    <form method="get" action="/subscribers" role="search"><div class="row">
    ${field({ name: "q", label: "Find by name", value: query, maximumLength: 64 })}
    <button class="plain">Find</button></div></form>
    ${table<Subscriber>(
      "Subscribers",
      [
        {
          title: "Name",
          cell: ({ name }) => html`<a href="${subscriberPath(name)}">${name}</a>`,
        },
        { title: "State", cell: ({ state }) => subscriberBadge(state) },
        {
          title: "Ends",
          cell: ({ certificates: [newest] }) => newest === undefined ? "–" : dayOf(newest.ends),
        },
        {
          title: "Connected",
          cell: ({ connected }) => connected ? badge("good", "connected") : "no",
        },
      ],
      shown,
      subscribers.length === 0
        ? "Nobody has a certificate yet: issue the first one above."
        : `Nobody's name has “${query}” in it.`,
    )}
    </section>
  `;
}

/** For how long a certificate is to be good. */
export function daysField(days?: number): Html {
  return field({
    name: "days",
    label: "Good for, days",
    hint: "Empty: as long as the authority is set to.",
    type: "number",
    minimum: 1,
    maximum: maximumDays,
    ...days !== undefined && { value: String(days) },
  });
}
