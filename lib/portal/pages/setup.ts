/**
 * The first start: whoever has the token that the server printed makes the first administrator.
 *
 * @module
 */

import { html } from "hono/html";
import type { Enrolment, SetupRefusal } from "../access.ts";
import type { PortalApplication, PortalContext } from "../environment.ts";
import { logIn } from "../identify.ts";
import type { PortalParts } from "../parts.ts";
import { enrolmentSection } from "./enrolment.ts";
import { field, sent } from "./form.ts";
import { type Html, page } from "./layout.ts";

/** The field that is wrong, and how. */
export interface SetupProblem {
  readonly field: SetupRefusal["field"] | "repeated";
  readonly message: string;
}

/** What was sent in the first step, passwords apart. */
export interface SetupForm {
  readonly token?: string;
  readonly name?: string;
  readonly problem?: SetupProblem;
}

/** Registers both steps. */
export function registerSetup(app: PortalApplication, parts: PortalParts): void {
  const { access } = parts;
  const show = (context: PortalContext, form: SetupForm) =>
    context.html(
      page({ title: "Set up the portal" }, setupContent(form)),
      form.problem === undefined ? 200 : 403,
    );
  const showEnrolment = (
    context: PortalContext,
    token: string,
    enrolment: Enrolment,
    problem?: SetupProblem,
  ) =>
    context.html(
      page({ title: "One-time codes" }, enrolmentContent(token, enrolment, problem)),
      problem === undefined ? 200 : 403,
    );

  app.get(
    "/setup",
    (context) => access.needsSetup ? show(context, {}) : context.redirect("/login"),
  );
  // The answer holds the secret of the one-time codes: no redirect, which would have to keep it.
  app.post("/setup", async (context) => {
    const token = (await sent(context, "token")).trim();
    const name = (await sent(context, "name")).trim();
    const password = await sent(context, "password");
    if (password !== await sent(context, "repeated")) {
      const problem = { field: "repeated", message: "the passwords differ" } as const;
      return show(context, { token, name, problem });
    }
    const source = context.env.connection.address;
    const result = await access.beginSetup({ token, name, password, source });
    if (result.kind === "refused") return show(context, { token, name, problem: result });
    return showEnrolment(context, token, result.enrolment);
  });
  app.post("/setup/code", async (context) => {
    const token = (await sent(context, "token")).trim();
    const code = (await sent(context, "code")).trim();
    const source = context.env.connection.address;
    const result = await access.finishSetup({ token, code, source });
    if (result.kind === "accepted") {
      parts.log.at(1, `portal: ${result.user.name} is the first administrator`);
      logIn(context, parts, result.user);
      return context.redirect("/", 303);
    }
    const { enrolment } = result;
    return result.field === "code" && enrolment !== undefined
      ? showEnrolment(context, token, enrolment, result)
      : show(context, { token, problem: result });
  });
}

/** The first step: token, name, password. */
export function setupContent({ token, name, problem }: SetupForm): Html {
  const error = (of: SetupProblem["field"]) =>
    problem?.field === of ? { error: problem.message, focus: true } : {};
  return html`
    <section class="panel narrow">
      <p>This portal has no administrator yet. The server said when it started where its one-time token is: with it you make the first.</p>
      <form method="post" action="/setup">
    ${field({
      name: "token",
      label: "One-time token",
      required: true,
      maximumLength: 64,
      ...problem === undefined && { focus: true },
      ...token !== undefined && { value: token },
      ...error("token"),
    })}
    ${field({
      name: "name",
      label: "Your name",
      autocomplete: "username",
      required: true,
      maximumLength: 64,
      ...name !== undefined && { value: name },
      ...error("name"),
    })}
    ${field({
      name: "password",
      label: "Password",
      type: "password",
      autocomplete: "new-password",
      required: true,
      hint: "At least 8 characters; a few words are easier to keep in mind.",
      ...error("password"),
    })}
    ${field({
      name: "repeated",
      label: "Password again",
      type: "password",
      autocomplete: "new-password",
      required: true,
      ...error("repeated"),
    })}
    <div class="buttons"><button>Continue</button></div>
      </form>
    </section>
  `;
}

/** The second step: the authenticator program has the secret, as a code shows. */
export function enrolmentContent(
  token: string,
  enrolment: Enrolment,
  problem?: SetupProblem,
): Html {
  return enrolmentSection(enrolment, {
    action: "/setup/code",
    hidden: html`<input type="hidden" name="token" value="${token}">`,
    button: "Make me the administrator",
    ...problem !== undefined && { error: problem.message },
  });
}
