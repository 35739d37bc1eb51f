/**
 * Settings that may be changed while the server runs.
 *
 * @module
 */

import { html } from "hono/html";
import { audit } from "../audit.ts";
import type { PortalApplication, PortalContext, SessionCaller } from "../environment.ts";
import { requireAdmin, sessionOf } from "../guards.ts";
import type { PortalParts } from "../parts.ts";
import { PortalError, type Setting } from "../service.ts";
import { attempt, choice, field, type FormProblem, sent } from "./form.ts";
import { csrfInput, type Html, page } from "./layout.ts";

/** What was sent, and what is wrong with it. */
export interface SettingForm {
  readonly name: string;
  readonly value: string;
  readonly problem: FormProblem;
}

/** Registers the page and what it does. */
export function registerSettings(app: PortalApplication, parts: PortalParts): void {
  const { service } = parts;
  const show = (context: PortalContext, form?: SettingForm) => {
    const caller = sessionOf(context);
    const notice = context.req.query("done") === undefined ? {} : { notice: "It counts at once." };
    return context.html(
      page(
        { title: "Settings", current: "/settings", caller, ...notice },
        settingsContent(service.settings(), caller, form),
      ),
      form?.problem.status ?? 200,
    );
  };
  app.get("/settings", requireAdmin, (context) => show(context));
  app.post("/settings", requireAdmin, async (context) => {
    const name = await sent(context, "name");
    const value = (await sent(context, "value")).trim();
    const former = await sent(context, "former");
    const problem = await attempt(parts.changes, async () => {
      const current = service.settings().find((setting) => setting.name === name);
      if (current !== undefined && current.value !== former) {
        throw new PortalError(
          "conflict",
          `somebody else has set this to ${current.value} meanwhile`,
          "save again if yours is to count",
        );
      }
      await service.changeSetting(name, value);
    });
    if (problem?.status === 404) throw new PortalError("not-found", problem.message);
    if (problem !== undefined) return show(context, { name, value, problem });
    audit(context, parts, `set ${name} to ${value}`);
    return context.redirect("/settings?done", 303);
  });
}

/** The page's content. */
export function settingsContent(
  settings: readonly Setting[],
  caller: SessionCaller,
  form?: SettingForm,
): Html {
  return html`<section class="panel" aria-label="Settings">
<p class="quiet">These hold until the server is started again; what is to stay goes into its configuration.</p>
${
    settings.length === 0
      ? html`<p class="empty">Nothing can be changed while the server runs.</p>`
      : ""
  }
${settings.map((setting) => settingForm(setting, caller, form))}
</section>`;
}

function settingForm(setting: Setting, caller: SessionCaller, form?: SettingForm): Html {
  const { name, description, values, minimum, maximum } = setting;
  const edited = form?.name === name ? form : undefined;
  const common = {
    name: "value",
    label: name,
    scope: name,
    hint: description,
    value: edited?.value ?? setting.value,
    ...edited !== undefined && { error: edited.problem.message },
  };
  return html`<form method="post" action="/settings">${csrfInput(caller)}
<input type="hidden" name="name" value="${name}">
<input type="hidden" name="former" value="${setting.value}">
<div class="row">
${
    values === undefined
      ? field({
        ...common,
        type: "number",
        required: true,
        ...minimum !== undefined && { minimum },
        ...maximum !== undefined && { maximum },
      })
      : choice({ ...common, options: values.map((value) => [value, value] as const) })
  }
<button class="plain" aria-label="Save ${name}">Save</button>
</div></form>`;
}
