/**
 * Logging in and out.
 *
 * @module
 */

import { html } from "hono/html";
import type { PortalApplication, PortalContext } from "../environment.ts";
import { safeNext } from "../guards.ts";
import { logIn, logOut } from "../identify.ts";
import type { PortalParts } from "../parts.ts";
import { field, sent } from "./form.ts";
import { type Html, page } from "./layout.ts";

/** What was sent, and what is wrong with it. */
export interface LoginForm {
  readonly username?: string;
  /** Where to go then. */
  readonly next: string;
  readonly error?: string;
  /** Name and password were right: the code is what is missing. */
  readonly codeNeeded?: boolean;
}

/** Registers the page and what it does. */
export function registerLogin(app: PortalApplication, parts: PortalParts): void {
  const { access } = parts;
  const show = (context: PortalContext, form: LoginForm, status: 200 | 403 | 429 = 200) =>
    context.html(page({ title: "Log in" }, loginContent(form)), status);

  app.get("/login", (context) => {
    if (access.needsSetup) return context.redirect("/setup");
    const next = safeNext(context.req.query("next"));
    if (context.get("caller")?.kind === "session") return context.redirect(next);
    return show(context, { next });
  });
  app.post("/login", async (context) => {
    const username = (await sent(context, "username")).trim();
    const next = safeNext(await sent(context, "next"));
    const { address } = context.env.connection;
    const verdict = await access.login({
      username,
      password: await sent(context, "password"),
      code: await sent(context, "code"),
      source: address,
    });
    switch (verdict.kind) {
      case "accepted":
        logIn(context, parts, verdict.user);
        return context.redirect(next, 303);
      case "code-needed":
        return show(context, { username, next, codeNeeded: true }, 403);
      case "later":
        context.header("Retry-After", String(verdict.seconds));
        parts.refused(() => `portal: ${address} must wait to log in: ${verdict.detail}`);
        return show(context, { username, next, error: verdict.message }, 429);
      case "refused":
        parts.refused(() => `portal: ${address} could not log in: ${verdict.detail}`);
        return show(context, { username, next, error: verdict.message }, 403);
    }
  });
  app.post("/logout", (context) => {
    logOut(context, parts);
    return context.redirect("/login", 303);
  });
}

/** The page's content. */
export function loginContent({ username, next, error, codeNeeded }: LoginForm): Html {
  const again = username !== undefined && username !== "";
  return html`<section class="panel narrow">
${error === undefined ? "" : html`<p class="alert" role="alert">${error}</p>`}
${
    codeNeeded === true
      ? html`<p class="alert" role="alert">Your account has one-time codes: give the password and a code.</p>`
      : ""
  }
<form method="post" action="/login">
<input type="hidden" name="next" value="${next}">
${
    field({
      name: "username",
      label: "Name",
      autocomplete: "username",
      required: true,
      focus: !again,
      ...username !== undefined && { value: username },
    })
  }
${
    field({
      name: "password",
      label: "Password",
      type: "password",
      autocomplete: "current-password",
      required: true,
      focus: again,
    })
  }
${
    field({
      name: "code",
      label: "One-time code",
      autocomplete: "one-time-code",
      inputMode: "numeric",
      maximumLength: 16,
      hint: "From your authenticator; empty if you have none.",
      ...codeNeeded === true && { error: "six digits are needed here" },
    })
  }
<div class="buttons"><button>Log in</button></div>
</form>
</section>`;
}
