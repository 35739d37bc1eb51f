/**
 * One user: role, state, a link to set password and one-time codes anew; removing.
 *
 * @module
 */

import { html } from "hono/html";
import { audit } from "../audit.ts";
import type { PortalApplication, PortalContext, SessionCaller } from "../environment.ts";
import { requireAdmin, sessionOf } from "../guards.ts";
import type { PortalParts } from "../parts.ts";
import { changeableStateOf, type InvitedUser, type PortalUser } from "../portal_users.ts";
import { revisionOf } from "../revision.ts";
import { PortalError } from "../service.ts";
import { attempt, choice, type FormProblem, parameter, sent } from "./form.ts";
import { moment } from "./format.ts";
import { csrfInput, type Html, page } from "./layout.ts";
import { facts } from "./parts.ts";
import {
  lifetimeChoice,
  roleNames,
  roleOf,
  sentLifetime,
  showInvitation,
  userPath,
  userState,
} from "./users.ts";

/** Registers the page and what it does. */
export function registerUser(app: PortalApplication, parts: PortalParts): void {
  const { users } = parts.accounts;
  const show = async (context: PortalContext, name: string, problem?: FormProblem) => {
    const caller = sessionOf(context);
    const user = await users.find(name);
    const notice = context.req.query("done") === "changed" ? { notice: "It counts at once." } : {};
    return context.html(
      page(
        { title: user.name, current: "/users", caller, ...notice },
        userContent(user, caller, problem),
      ),
      problem?.status ?? 200,
    );
  };
  app.get("/users/:name", requireAdmin, (context) => show(context, parameter(context, "name")));
  app.post("/users/:name", requireAdmin, async (context) => {
    const name = parameter(context, "name");
    const role = roleOf(await sent(context, "role"));
    const disabled = await sent(context, "state") === "disabled";
    const seen = await sentRevision(context);
    const problem = await attempt(
      parts.changes,
      () => users.change(name, { role, disabled }, seen),
    );
    if (problem !== undefined) return await show(context, name, problem);
    audit(
      context,
      parts,
      `changed the user ${name} (${role}, ${disabled ? "disabled" : "enabled"})`,
    );
    return context.redirect(`${userPath(name)}?done=changed`, 303);
  });
  // The link is a secret that is shown once: no redirect, which would have to keep it.
  app.post("/users/:name/reset", requireAdmin, async (context) => {
    const name = parameter(context, "name");
    const asked = {
      password: await sent(context, "reset-password") !== "",
      totp: await sent(context, "reset-codes") !== "",
    };
    const lifetime = await sentLifetime(context);
    const seen = await sentRevision(context);
    let invited: InvitedUser | undefined;
    const problem = await attempt(parts.changes, async () => {
      invited = await users.reset(name, asked, lifetime, seen);
    });
    if (problem !== undefined) return await show(context, name, problem);
    const what = [asked.password ? "password" : "", asked.totp ? "one-time codes" : ""];
    audit(
      context,
      parts,
      `made a link for the user ${name} (${what.filter((one) => one).join(", ")})`,
    );
    return showInvitation(context, invited!);
  });
  app.get("/users/:name/remove", requireAdmin, async (context) => {
    const caller = sessionOf(context);
    const user = await users.find(parameter(context, "name"));
    return context.html(page(
      { title: `Remove ${user.name}?`, current: "/users", caller },
      removeContent(user, caller),
    ));
  });
  app.post("/users/:name/remove", requireAdmin, async (context) => {
    const name = parameter(context, "name");
    const seen = await sentRevision(context);
    const problem = await attempt(parts.changes, () => users.remove(name, seen));
    if (problem !== undefined) return await show(context, name, problem);
    audit(context, parts, `removed the user ${name}`);
    return context.redirect("/users?done=removed", 303);
  });
}

/** Refuses to change what is not as the form showed it. */
async function sentRevision(context: PortalContext): Promise<(user: PortalUser) => void> {
  const revision = await sent(context, "revision");
  return (user) => {
    if (revision === revisionOf(changeableStateOf(user))) return;
    throw new PortalError(
      "conflict",
      "somebody else has changed this user meanwhile",
      "look at what is there now, and do it again if it is still to be done",
    );
  };
}

/** The page's content. */
export function userContent(
  user: PortalUser,
  caller: SessionCaller,
  problem?: FormProblem,
): Html {
  const { name, role, disabled } = user;
  const path = userPath(name);
  return html`
    ${problem === undefined ? "" : html`<p class="alert" role="alert">${problem.message}</p>`}
    ${user.name === caller.name
      ? html`
        <p
          class="notice">This is you. Your password and codes are changed in <a href="/account">your account</a>.</p>
      `
      : ""}
    ${userFacts(user)}
    <div class="columns">
      <section class="panel" aria-labelledby="change-title">
        <h2 id="change-title">Role and state</h2>
        <p class="quiet">With another role the log-ins at the portal end; who is disabled is out at once, of the tunnel as well.</p>
        <form method="post" action="${path}">${csrfInput(caller)}${revisionInput(user)}
    <div class="row">
    ${choice({ name: "role", label: "Role", options: roleNames, value: role })}
    ${choice({
      name: "state",
      label: "State",
      options: [["enabled", "enabled"], ["disabled", "disabled"]],
      value: disabled ? "disabled" : "enabled",
    })}
    <button>Save</button>
    </div></form>
      </section>
      ${resetSection(user, caller)}
      <section class="panel" aria-labelledby="remove-title">
        <h2 id="remove-title">Remove</h2>
        <p class="quiet">Ends sessions and log-ins. Certificates are another matter: they are revoked.</p>
        <div class="buttons"><a class="button danger" href="${path}/remove">Remove …</a></div>
      </section>
    </div>
    <p><a href="/users">All users</a></p>
  `;
}

function userFacts(user: PortalUser): Html {
  const { oneTimeCodes, created, passwordSet, invitation, lastLogin } = user;
  const rows: [string, Html | string][] = [["State", userState(user)]];
  rows.push(["One-time codes", oneTimeCodes ? "yes" : "no"]);
  if (created !== undefined) rows.push(["Since", moment(created)]);
  if (invitation?.password !== true) rows.push(["Password of", moment(passwordSet)]);
  if (invitation !== undefined) rows.push(["The link is good until", moment(invitation.expires)]);
  rows.push(["Last log-in", lastLogin === undefined ? "not known" : moment(lastLogin)]);
  return html`<section class="panel" aria-label="Facts">${facts(rows)}</section>`;
}

function resetSection(user: PortalUser, caller: SessionCaller): Html {
  const { name, invitation } = user;
  return html`
    <section class="panel" aria-labelledby="reset-title">
      <h2 id="reset-title">Set anew</h2>
      <p
        class="quiet">What you choose is good for nothing from now on; ${name} sets it anew by a link that works once.${invitation ===
            undefined
          ? ""
          : " It takes the place of the link that waits, and is for what that one was for as well."}</p>
      <form method="post" action="${userPath(name)}/reset">${csrfInput(caller)}${revisionInput(
        user,
      )}
    <fieldset><legend>To set anew</legend><div class="checks">
    ${resetCheck("reset-password", "password", invitation?.password === true)}
    ${resetCheck("reset-codes", "one-time codes", invitation?.oneTimeCodes === true)}
    </div></fieldset>
    <div class="row">${lifetimeChoice()}<button class="plain">Make a link</button></div></form>
    </section>
  `;
}

function resetCheck(name: string, text: string, checked: boolean): Html {
  return html`<label><input type="checkbox" name="${name}" value="yes"${
    checked ? " checked" : ""
  }> ${text}</label>`;
}

function revisionInput(user: PortalUser): Html {
  return html`<input type="hidden" name="revision" value="${revisionOf(changeableStateOf(user))}">`;
}

/** Asks again. */
export function removeContent(user: PortalUser, caller: SessionCaller): Html {
  const { name } = user;
  const path = userPath(name);
  return html`
    <section class="panel narrow">
      <p>${name === caller.name
        ? "This is you. "
        : ""}<strong>${name}</strong> is let in no more, neither here nor, by password, into the tunnel. This can't be undone.</p>
      <form method="post" action="${path}/remove">${csrfInput(caller)}${revisionInput(user)}
    <div class="buttons"><button class="danger">Remove for good</button>
    <a class="button plain" href="${path}">Keep it</a></div>
      </form>
    </section>
  `;
}
