/**
 * One subscriber: certificates, profiles, one-time links; renewing and revoking.
 *
 * @module
 */

import { html } from "hono/html";
import { audit } from "../audit.ts";
import type { PortalApplication, PortalContext, SessionCaller } from "../environment.ts";
import { requireAdmin, sessionOf } from "../guards.ts";
import type { PortalParts } from "../parts.ts";
import type { Subscriber, SubscriberCertificate } from "../service.ts";
import { attempt, choice, type FormProblem, parameter, sent, sentNumber } from "./form.ts";
import { dayOf, moment } from "./format.ts";
import { csrfInput, type Html, page } from "./layout.ts";
import { badge, subscriberBadge, table } from "./parts.ts";
import { profileSection, registerProfiles } from "./profiles.ts";
import { daysField, subscriberPath } from "./subscribers.ts";

/** RFC 5280, section 5.3.1: those that a person chooses. */
const reasons = [
  ["unspecified", "not said"],
  ["keyCompromise", "the key is in wrong hands: device lost or stolen"],
  ["affiliationChanged", "has left, or moved"],
  ["superseded", "replaced by another certificate"],
  ["cessationOfOperation", "not needed any more"],
] as const;

const notices: Readonly<Record<string, string>> = {
  issued: "The certificate is issued: download the profile, or send a one-time link.",
  renewed: "There is a new certificate: the device needs its new profile.",
  revoked: "The certificate is revoked, and its sessions are ended.",
};

/** Registers the page and what it does. */
export function registerSubscriber(app: PortalApplication, parts: PortalParts): void {
  const { service } = parts;
  const show = async (context: PortalContext, name: string, problem?: FormProblem) => {
    const caller = sessionOf(context);
    const subscriber = await service.subscriber(name);
    const notice = notices[context.req.query("done") ?? ""];
    return context.html(
      page(
        {
          title: subscriber.name,
          current: "/subscribers",
          caller,
          ...notice !== undefined && { notice },
        },
        subscriberContent(subscriber, caller, problem),
      ),
      problem?.status ?? 200,
    );
  };
  app.get(
    "/subscribers/:name",
    requireAdmin,
    (context) => show(context, parameter(context, "name")),
  );
  app.post("/subscribers/:name/renew", requireAdmin, async (context) => {
    const name = parameter(context, "name");
    const days = await sentNumber(context, "days");
    const problem = await attempt(
      parts.changes,
      () => service.renew(name, days === undefined ? {} : { days }),
    );
    if (problem !== undefined) return await show(context, name, problem);
    audit(context, parts, `renewed the certificate of ${name}`);
    return context.redirect(`${subscriberPath(name)}?done=renewed`, 303);
  });
  app.get("/subscribers/:name/revoke", requireAdmin, async (context) => {
    const caller = sessionOf(context);
    const subscriber = await service.subscriber(parameter(context, "name"));
    return context.html(page(
      { title: `Revoke ${subscriber.name}?`, current: "/subscribers", caller },
      revokeContent(subscriber, caller),
    ));
  });
  app.post("/subscribers/:name/revoke", requireAdmin, async (context) => {
    const name = parameter(context, "name");
    const reason = await sent(context, "reason") || "unspecified";
    await parts.changes.run(() => service.revoke(name, reason));
    audit(context, parts, `revoked ${name} (${reason})`);
    return context.redirect(`${subscriberPath(name)}?done=revoked`, 303);
  });
  registerProfiles(app, parts, {
    base: "/subscribers/:name",
    guard: requireAdmin,
    nameOf: (context) => parameter(context, "name"),
    path: subscriberPath,
    current: "/subscribers",
  });
}

/** The page's content. */
export function subscriberContent(
  subscriber: Subscriber,
  caller: SessionCaller,
  problem?: FormProblem,
): Html {
  const { name, state, connected, certificates } = subscriber;
  const path = subscriberPath(name);
  return html`<p>${subscriberBadge(state)} ${connected ? badge("good", "connected") : ""}</p>
${problem === undefined ? "" : html`<p class="alert" role="alert">${problem.message}</p>`}
${profileSection(subscriber, caller, path)}
<section class="panel" aria-labelledby="certificates-title">
<h2 id="certificates-title">Certificates</h2>
${certificateTable(certificates)}
</section>
${
    state === "revoked" ? "" : html`
      <div class="columns">
        <section class="panel" aria-labelledby="renew-title">
          <h2 id="renew-title">Renew</h2>
          <p
            class="quiet">Issues a certificate again. The profile that the device has ends when its certificate does.</p>
          <form method="post" action="${path}/renew">${csrfInput(caller)}
      <div class="row">${daysField()}<button class="plain">Renew</button></div></form>
        </section>
        <section class="panel" aria-labelledby="revoke-title">
          <h2 id="revoke-title">Revoke</h2>
          <p class="quiet">Ends the sessions of this name and lets it in no more. It can't be undone.</p>
          <div class="buttons"><a class="button danger" href="${path}/revoke">Revoke …</a></div>
        </section>
      </div>
    `
  }
<p><a href="/subscribers">All subscribers</a></p>`;
}

/** Certificates, the newest first. */
export function certificateTable(certificates: readonly SubscriberCertificate[]): Html {
  return table<SubscriberCertificate>(
    "Certificates",
    [
      { title: "Serial", cell: ({ serial }) => html`<code>${serial}</code>` },
      { title: "Issued", cell: ({ issuedAt }) => moment(issuedAt) },
      { title: "Ends", cell: ({ ends }) => html`<span>${dayOf(ends)}</span>` },
      { title: "State", cell: certificateState },
    ],
    certificates,
    "There is no certificate.",
  );
}

function certificateState({ ends, revoked }: SubscriberCertificate): Html {
  if (revoked !== undefined) {
    return html`${badge("bad", "revoked")}<small>${revoked.reason}, ${moment(revoked.at)}</small>`;
  }
  return ends <= Date.now() ? badge("warning", "expired") : badge("good", "valid");
}

/** Asks again, and why. */
export function revokeContent({ name, connected }: Subscriber, caller: SessionCaller): Html {
  const path = subscriberPath(name);
  return html`
    <section class="panel narrow">
      <p>All certificates of <strong>${name}</strong> will be revoked${connected
        ? " and the session that goes on now will end"
        : ""}. This can't be undone; a new certificate can be issued to the same name.</p>
      <form method="post" action="${path}/revoke">${csrfInput(caller)}
    ${choice({ name: "reason", label: "Why", options: reasons })}
    <div class="buttons"><button class="danger">Revoke for good</button>
    <a class="button plain" href="${path}">Keep it</a></div>
      </form>
    </section>
  `;
}
