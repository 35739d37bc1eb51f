/**
 * The own account: password and one-time codes.
 *
 * @module
 */

import { html } from "hono/html";
import { audit } from "../audit.ts";
import type { PortalApplication, PortalContext, SessionCaller } from "../environment.ts";
import { requireLogin, sessionOf } from "../guards.ts";
import { logIn } from "../identify.ts";
import type { PortalParts } from "../parts.ts";
import { enrolmentSection } from "./enrolment.ts";
import { attempt, field, type FormProblem, sent } from "./form.ts";
import { csrfInput, type Html, page } from "./layout.ts";
import { newPasswordFields, type NewPasswordProblem, sentNewPassword } from "./new_password.ts";

/** What is wrong, and with which form. */
export type AccountProblem =
  | { readonly form: "password"; readonly problem: FormProblem }
  | { readonly form: "codes"; readonly problem: FormProblem }
  | { readonly form: "repeated"; readonly problem: FormProblem & NewPasswordProblem };

const notices: Readonly<Record<string, string>> = {
  password: "The password is changed; your other log-ins have ended.",
  codes: "The new one-time codes count from now on; your other log-ins have ended.",
};

/** Hashing passwords is dear, and the file's lock orders it: others' changes don't wait for it. */
const apart = { run: <T>(change: () => Promise<T>) => change() };

/** Registers the page and what it does. */
export function registerAccount(app: PortalApplication, parts: PortalParts): void {
  const { own } = parts.accounts;
  const show = (context: PortalContext, problem?: AccountProblem) => {
    const caller = sessionOf(context);
    const notice = notices[context.req.query("done") ?? ""];
    const codes = parts.access.directory.find(caller.name)?.totp !== undefined;
    return context.html(
      page(
        {
          title: "Your account",
          current: "/account",
          caller,
          ...notice !== undefined && { notice },
        },
        accountContent(caller, codes, problem),
      ),
      problem?.problem.status ?? 200,
    );
  };
  const request = async (context: PortalContext) => ({
    name: sessionOf(context).name,
    password: await sent(context, "present"),
    source: context.env.connection.address,
  });
  app.get("/account", requireLogin, (context) => show(context));
  app.post("/account/password", requireLogin, async (context) => {
    const { password, problem: differ } = await sentNewPassword(context);
    if (differ !== undefined) {
      return show(context, { form: "repeated", problem: { ...differ, status: 400 } });
    }
    const given = await request(context);
    const problem = await attempt(apart, async () => {
      logIn(context, parts, await own.changePassword(given, password));
    });
    if (problem !== undefined) return show(context, { form: "password", problem });
    audit(context, parts, "changed the own password");
    return context.redirect("/account?done=password", 303);
  });
  const showCodes = (context: PortalContext, error?: string) => {
    const caller = sessionOf(context);
    const enrolment = own.pendingCodes(caller.name);
    if (enrolment === undefined) return context.redirect("/account", 303);
    return context.html(
      page(
        { title: "One-time codes", current: "/account", caller },
        enrolmentSection(enrolment, {
          action: "/account/codes/confirm",
          hidden: csrfInput(caller),
          button: "Use these codes from now on",
          ...error !== undefined && { error },
        }),
      ),
      error === undefined ? 200 : 400,
    );
  };
  // The answer holds the secret: no redirect, which would have to keep it.
  app.post("/account/codes", requireLogin, async (context) => {
    const given = await request(context);
    const problem = await attempt(apart, () => own.beginCodes(given));
    if (problem !== undefined) return show(context, { form: "codes", problem });
    return showCodes(context);
  });
  app.post("/account/codes/confirm", requireLogin, async (context) => {
    const code = (await sent(context, "code")).trim();
    const problem = await attempt(apart, async () => {
      logIn(context, parts, await own.finishCodes(sessionOf(context).name, code));
    });
    if (problem?.status === 400) return showCodes(context, problem.message);
    if (problem !== undefined) return show(context, { form: "codes", problem });
    audit(context, parts, "changed the own one-time codes");
    return context.redirect("/account?done=codes", 303);
  });
}

/** The page's content. */
export function accountContent(
  caller: SessionCaller,
  codes: boolean,
  given?: AccountProblem,
): Html {
  const error = (form: "password" | "codes") =>
    given?.form === form ? { error: given.problem.message } : {};
  return html`
    <section class="panel narrow" aria-labelledby="password-title">
      <h2 id="password-title">Password</h2>
      <p class="quiet">With it your other log-ins end, here and in the tunnel.</p>
      <form method="post" action="/account/password">${csrfInput(caller)}
    <input type="text" name="username" value="${caller.name}" autocomplete="username" hidden>
    ${presentPassword("password", error("password"))}
    ${newPasswordFields(given?.form === "repeated" ? given.problem : undefined)}
    <div class="buttons"><button>Change the password</button></div>
      </form>
    </section>
    <section class="panel narrow" aria-labelledby="codes-title">
      <h2 id="codes-title">One-time codes</h2>
      <p class="quiet">${codes
        ? "You have them. New ones are for another authenticator program; the former count until the new ones do."
        : "You have none yet: with them a password that somebody saw is not enough."}</p>
      <form method="post" action="/account/codes">${csrfInput(caller)}
    ${presentPassword("codes", error("codes"))}
    <div class="buttons"><button>${codes ? "Set up new codes" : "Set up codes"}</button></div>
      </form>
    </section>
  `;
}

function presentPassword(scope: string, error: { readonly error?: string }): Html {
  return field({
    name: "present",
    label: "Present password",
    type: "password",
    autocomplete: "current-password",
    required: true,
    scope,
    ...error,
  });
}
