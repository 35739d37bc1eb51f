/**
 * Tokens of programs that use the portal.
 *
 * @module
 */

import { html } from "hono/html";
import { audit } from "../audit.ts";
import { type ApiToken, type Scope, scopes } from "../api_tokens.ts";
import type { PortalApplication, PortalContext, SessionCaller } from "../environment.ts";
import { requireAdmin, sessionOf } from "../guards.ts";
import type { PortalParts } from "../parts.ts";
import { PortalError } from "../service.ts";
import { attempt, field, type FormProblem, parameter, sent, sentNumber } from "./form.ts";
import { dayOf, moment } from "./format.ts";
import { csrfInput, type Html, page } from "./layout.ts";
import { table } from "./parts.ts";

const day = 86_400_000;

/** Longest life of a token that can be asked for, days. */
const maximumDays = 3650;

const scopeNames: Readonly<Record<Scope, string>> = {
  read: "look at everything but keys",
  sessions: "disconnect clients",
  subscribers: "issue, revoke, get profiles",
  users: "add, change, remove users: as good as an administrator",
  network: "change exit nodes and access lists",
  settings: "change settings",
  metrics: "scrape /metrics",
};

/** What was sent, and what is wrong with it. */
export interface TokenForm {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly problem: FormProblem;
}

/** Registers the page and what it does. */
export function registerAccess(app: PortalApplication, parts: PortalParts): void {
  const { tokens } = parts;
  const show = async (context: PortalContext, form?: TokenForm) => {
    const caller = sessionOf(context);
    const notice = context.req.query("done") === "revoked"
      ? { notice: "The token is good for nothing any more." }
      : {};
    return context.html(
      page(
        { title: "Tokens", current: "/access", caller, ...notice },
        accessContent(await tokens.list(), caller, form),
      ),
      form?.problem.status ?? 200,
    );
  };
  app.get("/access", requireAdmin, (context) => show(context));
  // The token is shown once: this answer is not replaced by a redirect, which would have to keep it.
  app.post("/access/tokens", requireAdmin, async (context) => {
    const caller = sessionOf(context);
    const name = (await sent(context, "name")).trim();
    const chosen = await chosenScopes(context);
    const days = await sentNumber(context, "days");
    let text = "";
    const problem = await attempt(parts.changes, async () => {
      if (days !== undefined && (days < 1 || days > maximumDays)) {
        throw new PortalError("invalid", `a token is good for 1 to ${maximumDays} days`);
      }
      const expires = days === undefined ? {} : { expires: Date.now() + days * day };
      text = (await tokens.add({ name, scopes: chosen, ...expires })).text;
    });
    if (problem !== undefined) return await show(context, { name, scopes: chosen, problem });
    audit(context, parts, `made the token ${name} (${chosen.join(", ")})`);
    return context.html(page(
      { title: `Token ${name}`, current: "/access", caller },
      newTokenContent(text),
    ));
  });
  app.get("/access/tokens/:name/revoke", requireAdmin, async (context) => {
    const caller = sessionOf(context);
    const name = parameter(context, "name");
    if (!(await tokens.list()).some((token) => token.name === name)) throw noToken();
    return context.html(page(
      { title: `Revoke the token ${name}?`, current: "/access", caller },
      revokeTokenContent(name, caller),
    ));
  });
  app.post("/access/tokens/:name/revoke", requireAdmin, async (context) => {
    const name = parameter(context, "name");
    if (!await tokens.revoke(name)) throw noToken();
    audit(context, parts, `revoked the token ${name}`);
    return context.redirect("/access?done=revoked", 303);
  });
}

function noToken(): PortalError {
  return new PortalError("not-found", "there is no such token");
}

async function chosenScopes(context: PortalContext): Promise<Scope[]> {
  const chosen: Scope[] = [];
  for (const scope of scopes) {
    if (await sent(context, `scope-${scope}`) !== "") chosen.push(scope);
  }
  return chosen;
}

/** The page's content. */
export function accessContent(
  tokens: readonly ApiToken[],
  caller: SessionCaller,
  form?: TokenForm,
): Html {
  return html`<section class="panel" aria-labelledby="tokens-title">
<h2 id="tokens-title">All tokens</h2>
${tokenTable(tokens)}
</section>
<section class="panel" aria-labelledby="new-title">
<h2 id="new-title">New token</h2>
<p class="quiet">For programs that use <code>/api/v1</code> or <code>/metrics</code>.</p>
${tokenForm(caller, form)}
</section>`;
}

function tokenTable(tokens: readonly ApiToken[]): Html {
  return table<ApiToken>(
    "Tokens",
    [
      { title: "Name", cell: ({ name }) => html`<strong>${name}</strong>` },
      { title: "Scopes", cell: (token) => token.scopes.join(", ") },
      { title: "Made", cell: ({ createdAt }) => moment(createdAt) },
      {
        title: "Ends",
        cell: ({ expires }) =>
          expires === undefined ? "never" : html`<span>${dayOf(expires)}</span>`,
      },
      {
        title: "Action",
        cell: ({ name }) =>
          html`
            <a class="button danger" href="/access/tokens/${encodeURIComponent(name)}/revoke"
              aria-label="Revoke the token ${name}">Revoke …</a>
          `,
      },
    ],
    tokens,
    "There is no token.",
  );
}

function tokenForm(caller: SessionCaller, form?: TokenForm): Html {
  return html`<form method="post" action="/access/tokens">${csrfInput(caller)}
<div class="row">
${
    field({
      name: "name",
      label: "Name",
      required: true,
      maximumLength: 64,
      ...form !== undefined && { value: form.name, error: form.problem.message, focus: true },
    })
  }
${
    field({
      name: "days",
      label: "Good for, days",
      hint: "Empty: for ever.",
      type: "number",
      minimum: 1,
      maximum: maximumDays,
    })
  }
</div>
<fieldset><legend>It may</legend><div class="checks">${
    scopes.map((scope) =>
      html`<label><input type="checkbox" name="scope-${scope}" value="yes"${
        form?.scopes.includes(scope) === true ? " checked" : ""
      }> ${scopeNames[scope]}</label>`
    )
  }</div></fieldset>
<div class="buttons"><button>Make a token</button></div>
</form>`;
}

/** The token, which nobody sees again. */
export function newTokenContent(text: string): Html {
  return html`
    <section class="panel narrow">
      <p>It is a secret, and shown only now. Programs send it as <code>Authorization: Bearer …</code></p>
      <p class="secret" id="token">${text}</p>
      <div class="buttons"><button class="plain" type="button" data-copy="token" hidden>Copy</button>
    <a class="button plain" href="/access">Done</a></div>
    </section>
  `;
}

function revokeTokenContent(name: string, caller: SessionCaller): Html {
  return html`
    <section class="panel narrow">
      <p>Whatever uses <strong>${name}</strong> is let in no more. This can't be undone.</p>
      <form method="post" action="/access/tokens/${encodeURIComponent(name)}/revoke">${csrfInput(
        caller,
      )}
    <div class="buttons"><button class="danger">Revoke for good</button>
    <a class="button plain" href="/access">Keep it</a></div>
      </form>
    </section>
  `;
}
