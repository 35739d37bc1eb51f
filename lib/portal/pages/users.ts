/**
 * Users, who log in with a password, and adding one.
 *
 * @module
 */

import { html } from "hono/html";
import { audit } from "../audit.ts";
import type { PortalApplication, PortalContext, SessionCaller } from "../environment.ts";
import { requireAdmin, sessionOf } from "../guards.ts";
import type { PortalParts } from "../parts.ts";
import type { InvitedUser, PortalUser } from "../portal_users.ts";
import { RequestError } from "../refusal.ts";
import { attempt, choice, field, type FormProblem, sent } from "./form.ts";
import { formatDuration, moment } from "./format.ts";
import { csrfInput, type Html, page } from "./layout.ts";
import { badge, table } from "./parts.ts";
import { qrCode } from "./qr.ts";

/** How long a link may live, s. */
const lifetimes = [3600, 86_400, 259_200, 604_800] as const;

const usualLifetime = 259_200;

/** What people call the roles. */
export const roleNames = [["user", "user"], ["admin", "administrator"]] as const;

/** What was sent, and what is wrong with it. */
export interface NewUserForm {
  readonly name: string;
  readonly role: PortalUser["role"];
  readonly oneTimeCodes: boolean;
  readonly problem: FormProblem;
}

/** Registers the list and the form. */
export function registerUsers(app: PortalApplication, parts: PortalParts): void {
  const { users } = parts.accounts;
  const show = async (context: PortalContext, form?: NewUserForm) => {
    const caller = sessionOf(context);
    const notice = context.req.query("done") === "removed"
      ? { notice: "The user is removed, and the sessions are ended." }
      : {};
    return context.html(
      page(
        { title: "Users", current: "/users", caller, ...notice },
        usersContent(await users.all(), caller, form),
      ),
      form?.problem.status ?? 200,
    );
  };
  app.get("/users", requireAdmin, (context) => show(context));
  // The link is a secret that is shown once: no redirect, which would have to keep it.
  app.post("/users", requireAdmin, async (context) => {
    const name = (await sent(context, "name")).trim();
    const role = roleOf(await sent(context, "role"));
    const oneTimeCodes = await sent(context, "codes") !== "";
    const lifetime = await sentLifetime(context);
    let added: InvitedUser | undefined;
    const problem = await attempt(parts.changes, async () => {
      added = await users.add({ name, role, oneTimeCodes }, lifetime);
    });
    if (problem !== undefined) return await show(context, { name, role, oneTimeCodes, problem });
    audit(context, parts, `added the user ${added!.user.name} (${role})`);
    return showInvitation(context, added!);
  });
}

/** Where somebody's page is. */
export function userPath(name: string): string {
  return `/users/${encodeURIComponent(name)}`;
}

/** A role that was sent. */
export function roleOf(text: string): PortalUser["role"] {
  if (text === "user" || text === "admin") return text;
  throw new RequestError(400, "there is no such role");
}

/** How long a link is to live, s. */
export async function sentLifetime(context: PortalContext): Promise<number> {
  const text = await sent(context, "lifetime");
  const lifetime = lifetimes.find((one) => String(one) === text);
  if (lifetime === undefined) throw new RequestError(400, "links don't live for that long");
  return lifetime;
}

/** The choice of it. */
export function lifetimeChoice(): Html {
  return choice({
    name: "lifetime",
    label: "The link works for",
    options: lifetimes.map((seconds) => [String(seconds), formatDuration(seconds * 1000)] as const),
    value: String(usualLifetime),
  });
}

/** Answers with the link. */
export function showInvitation(
  context: PortalContext,
  invited: InvitedUser,
): Response | Promise<Response> {
  const caller = sessionOf(context);
  return context.html(page(
    { title: `A link for ${invited.user.name}`, current: "/users", caller },
    invitationLinkContent(invited),
  ));
}

/** The page's content. */
export function usersContent(
  users: readonly PortalUser[],
  caller: SessionCaller,
  form?: NewUserForm,
): Html {
  const first = !users.some(({ role }) => role === "user");
  return html`
    <section class="panel" aria-labelledby="add-title">
      <h2 id="add-title">New user</h2>
      <p
        class="quiet">They set password and one-time codes themselves, by a link that works once.${first
          ? " From the server's next start after the first user who is no administrator, all VPN clients are asked for name and password."
          : ""}</p>
      <form method="post" action="/users">${csrfInput(caller)}
    <div class="row">
    ${field({
      name: "name",
      label: "Name",
      required: true,
      maximumLength: 64,
      ...form !== undefined && { value: form.name, error: form.problem.message, focus: true },
    })}
    ${choice({ name: "role", label: "Role", options: roleNames, value: form?.role ?? "user" })}
    ${lifetimeChoice()}
    </div>
    <fieldset><legend>Second factor</legend><div class="checks">
    <label><input type="checkbox" name="codes" value="yes"${form === undefined || form.oneTimeCodes
      ? " checked"
      : ""}> one-time codes (administrators have them in any case)</label>
    </div></fieldset>
    <div class="buttons"><button>Add and make a link</button></div>
      </form>
    </section>
    <section class="panel" aria-labelledby="list-title">
    <h2 id="list-title">All users</h2>
    ${userTable(users)}
    </section>
  `;
}

function userTable(users: readonly PortalUser[]): Html {
  return table<PortalUser>(
    "Users",
    [
      { title: "Name", cell: ({ name }) => html`<a href="${userPath(name)}">${name}</a>` },
      { title: "Role", cell: ({ role }) => role === "admin" ? "administrator" : "user" },
      { title: "State", cell: userState },
      { title: "One-time codes", cell: ({ oneTimeCodes }) => oneTimeCodes ? "yes" : "no" },
      { title: "Since", cell: ({ created }) => created === undefined ? "–" : moment(created) },
      {
        title: "Last log-in",
        cell: ({ lastLogin }) => lastLogin === undefined ? "–" : moment(lastLogin),
      },
    ],
    users,
    "There is no user.",
  );
}

/** Whether somebody gets in. */
export function userState({ disabled, invitation, lockedUntil }: PortalUser): Html {
  const state = disabled
    ? badge("bad", "disabled")
    : invitation === undefined
    ? badge("good", "enabled")
    : invitation.expires > Date.now()
    ? badge("warning", "invited")
    : badge("bad", "invitation expired");
  return lockedUntil === undefined
    ? state
    : html`${state} ${badge("warning", "locked")}<small>until ${moment(lockedUntil)}</small>`;
}

/** The link, for copying and for a phone's camera. */
export function invitationLinkContent({ user, link }: InvitedUser): Html {
  const { password, oneTimeCodes } = user.invitation!;
  const what = password && oneTimeCodes
    ? "password and one-time codes"
    : password
    ? "a password"
    : "one-time codes";
  return html`<section class="panel narrow">
<p>Send this to ${user.name}, and to nobody else: whoever opens it sets ${what}, once, until ${
    moment(link.expires)
  }. It is shown only now.</p>
<p class="secret" id="link">${link.url}</p>
<div class="buttons"><button class="plain" type="button" data-copy="link" hidden>Copy</button></div>
${qrCode(link.url, "The link as QR code, for a phone's camera")}
<p><a href="${userPath(user.name)}">Back</a></p>
</section>`;
}
