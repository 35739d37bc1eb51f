/**
 * Following an invitation: password and one-time codes, set by whoever they are for.
 *
 * The token stands in the query, not in the path: paths of requests that are refused are logged.
 *
 * @module
 */

import { html } from "hono/html";
import type { PortalApplication, PortalContext } from "../environment.ts";
import { logIn } from "../identify.ts";
import type { InvitationStep, InvitedPerson } from "../invitations.ts";
import type { PortalParts } from "../parts.ts";
import { enrolmentSection } from "./enrolment.ts";
import { sent } from "./form.ts";
import { csrfInput, type Html, page } from "./layout.ts";
import { newPasswordFields, type NewPasswordProblem, sentNewPassword } from "./new_password.ts";

/** Registers both steps. */
export function registerInvitation(app: PortalApplication, parts: PortalParts): void {
  const { invitations } = parts.accounts;
  const show = async (
    context: PortalContext,
    token: string,
    problem?: NewPasswordProblem,
  ) => {
    const person = await invitations.find(token);
    if (person === undefined) return showNone(context);
    const frame = { title: `Welcome, ${person.name}` };
    return context.html(
      page(frame, invitationContent(person, token, problem)),
      problem === undefined ? 200 : 400,
    );
  };
  const showNone = (context: PortalContext) =>
    context.html(page({ title: "This link is good for nothing" }, noInvitationContent), 404);
  const answer = (context: PortalContext, token: string, step: InvitationStep) => {
    if (step.kind === "accepted") return accepted(context, parts, step);
    if (step.kind === "refused") {
      if (step.field === "password") {
        return show(context, token, { field: "password", message: step.message });
      }
      if (step.enrolment === undefined) return showNone(context);
    }
    const error = step.kind === "refused" ? { error: step.message } : {};
    return context.html(
      page(
        { title: "One-time codes" },
        enrolmentSection(step.enrolment!, {
          action: "/invitation/code",
          hidden: tokenInput(token),
          button: "Done",
          ...error,
        }),
      ),
      step.kind === "refused" ? 400 : 200,
    );
  };

  app.get("/invitation", async (context) => {
    const caller = context.get("caller");
    if (caller?.kind === "session") {
      // Whoever tries somebody else's link must not end up as them without noticing.
      return context.html(page(
        { title: "Log out first", caller },
        html`
          <section class="panel narrow">
            <p>You are logged in as <strong>${caller
              .name}</strong>. Log out, then open the link again.</p>
            <form method="post"
              action="/logout">${csrfInput(
                caller,
              )}<div class="buttons"><button>Log out</button></div></form>
          </section>
        `,
      ));
    }
    return await show(context, context.req.query("token") ?? "");
  });
  // The answer holds the secret of the one-time codes: no redirect, which would have to keep it.
  app.post("/invitation", async (context) => {
    const token = await sent(context, "token");
    const { password, problem } = await sentNewPassword(context);
    if (problem !== undefined) return await show(context, token, problem);
    return await answer(context, token, await invitations.begin(token, password));
  });
  app.post("/invitation/code", async (context) => {
    const token = await sent(context, "token");
    const code = (await sent(context, "code")).trim();
    return await answer(context, token, await invitations.finish(token, code));
  });
}

function accepted(
  context: PortalContext,
  parts: PortalParts,
  { user, proved }: Extract<InvitationStep, { kind: "accepted" }>,
): Response {
  const { address } = context.env.connection;
  parts.log.at(1, `portal: ${user.name} (${address}) has used the invitation`);
  if (!proved) return context.redirect("/login", 303);
  logIn(context, parts, user);
  return context.redirect("/", 303);
}

function tokenInput(token: string): Html {
  return html`<input type="hidden" name="token" value="${token}">`;
}

/** What is to be set. */
export function invitationContent(
  { name, password, totp }: InvitedPerson,
  token: string,
  problem?: NewPasswordProblem,
): Html {
  return html`
    <section class="panel narrow">
      <p>${password
        ? "Choose the password that you will log in with; nobody else gets to know it."
        : "Your password stays as it is."} ${totp
        ? "Next you set up one-time codes: have your authenticator program at hand."
        : ""}</p>
      <form method="post" action="/invitation">${tokenInput(token)}
    <input type="text" name="username" value="${name}" autocomplete="username" hidden>
    ${password ? newPasswordFields(problem) : ""}
    <div class="buttons"><button>Continue</button></div>
      </form>
    </section>
  `;
}

/** For links that are used up, and for made-up ones. */
export const noInvitationContent: Html = html`
  <section class="panel narrow">
    <p>It was used, it has expired, or another one has taken its place. Whoever sent it can make a new one.</p>
    <p><a href="/login">Log in</a></p>
  </section>
`;
