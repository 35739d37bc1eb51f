/**
 * What a subscriber sees who is no administrator: the own certificate, profiles and sessions.
 *
 * @module
 */

import { html } from "hono/html";
import type { PortalApplication, SessionCaller } from "../environment.ts";
import { requireLogin, sessionOf } from "../guards.ts";
import type { PortalParts } from "../parts.ts";
import { PortalError, type PortalService, type Session, type Subscriber } from "../service.ts";
import { type Html, page } from "./layout.ts";
import { subscriberBadge, table } from "./parts.ts";
import { profileSection, registerProfiles } from "./profiles.ts";
import { sessionColumns } from "./sessions.ts";
import { certificateTable } from "./subscriber.ts";

/** Registers `/` for users, after the administrators' own, and their downloads. */
export function registerOwn(app: PortalApplication, parts: PortalParts): void {
  const { service } = parts;
  app.get("/", requireLogin, async (context) => {
    const caller = sessionOf(context);
    const subscriber = await subscriberOf(service, caller.name);
    const sessions = service.sessions().filter((session) => isOwn(session, caller));
    return context.html(page(
      { title: "My VPN", current: "/", caller },
      ownContent(subscriber, sessions, caller),
    ));
  });
  registerProfiles(app, parts, {
    base: "/own",
    guard: requireLogin,
    // Whatever the request says: the caller's.
    nameOf: (context) => sessionOf(context).name,
    path: () => "/own",
    current: "/",
  });
  app.get("/own", requireLogin, (context) => context.redirect("/", 302));
}

function isOwn({ name, username }: Session, caller: SessionCaller): boolean {
  return (username ?? name) === caller.name;
}

async function subscriberOf(
  service: PortalService,
  name: string,
): Promise<Subscriber | undefined> {
  try {
    return await service.subscriber(name);
  } catch (error) {
    if (error instanceof PortalError && error.reason === "not-found") return undefined;
    throw error;
  }
}

/** The page's content. */
export function ownContent(
  subscriber: Subscriber | undefined,
  sessions: readonly Session[],
  caller: SessionCaller,
): Html {
  return html`
    ${subscriber === undefined
      ? html`
        <section class="panel">
          <p
            class="empty">There is no certificate in the name ${caller
              .name}: ask whoever runs this server for one.</p>
        </section>
      `
      : html`<p>Your certificate: ${subscriberBadge(subscriber.state)}</p>
${profileSection(subscriber, caller, "/own")}
<section class="panel" aria-labelledby="certificates-title">
<h2 id="certificates-title">Certificates</h2>
${certificateTable(subscriber.certificates)}
</section>`}
    <section class="panel" aria-labelledby="sessions-title">
      <h2 id="sessions-title">Sessions</h2>
      <div id="sessions" data-live>${table(
        "Your sessions",
        sessionColumns,
        sessions,
        "You are not connected.",
      )}</div>
    </section>
  `;
}
