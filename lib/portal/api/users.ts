/**
 * Operations on users.
 *
 * @module
 */

import { Type } from "@sinclair/typebox";
import { changeableStateOf, type PortalUser } from "../portal_users.ts";
import { type Operation, operation, type OperationInput } from "./operation.ts";
import { invitedUserSchema, roleSchema, strict, userNameSchema, userSchema } from "./schemas.ts";

const byName = Type.Object({ name: userNameSchema }, strict);

const tag = "Users";

/** s; three days, as long as somebody may be away for. */
const usualLifetime = 259_200;

const lifetime = Type.Optional(Type.Integer({
  minimum: 600,
  maximum: 30 * 86_400,
  default: usualLifetime,
  description: "How long the link is good, seconds",
}));

/** Refuses what is not as the caller has seen it. */
function seenBy(
  { requireSeen }: OperationInput<unknown, unknown, unknown>,
): (user: PortalUser) => void {
  return (user) => requireSeen(changeableStateOf(user));
}

/** Log-ins are no change of a user. */
const revisionOf = (user: unknown) => changeableStateOf(user as PortalUser);

/** See the module's page. */
export const userOperations: readonly Operation[] = [
  operation({
    id: "listUsers",
    method: "get",
    at: "/users",
    tag,
    summary: "Users, who log in with a password",
    scope: "read",
    for: "administrators",
    answer: Type.Array(userSchema),
    run: ({ parts }) => parts.accounts.users.all(),
  }),
  operation({
    id: "addUser",
    method: "post",
    at: "/users",
    tag,
    summary: "Add a user, who sets password and one-time codes by the link in the answer, once",
    scope: "users",
    for: "administrators",
    body: Type.Object({
      name: userNameSchema,
      role: roleSchema,
      oneTimeCodes: Type.Optional(Type.Boolean({
        description: "Whether codes are asked for; administrators have them in any case",
      })),
      lifetime,
    }, strict),
    answer: invitedUserSchema,
    status: 201,
    run: ({ parts, body: { name, role, oneTimeCodes = true, lifetime = usualLifetime } }) =>
      parts.accounts.users.add({ name, role, oneTimeCodes }, lifetime),
    audit: ({ body }) => `added the user ${body.name} (${body.role})`,
  }),
  operation({
    id: "getUser",
    method: "get",
    at: "/users/{name}",
    tag,
    summary: "One user",
    scope: "read",
    for: "administrators",
    path: byName,
    answer: userSchema,
    revisions: true,
    revisionOf,
    run: ({ parts, path }) => parts.accounts.users.find(path.name),
  }),
  operation({
    id: "changeUser",
    method: "put",
    at: "/users/{name}",
    tag,
    summary: "Change what a user may do; with the role their log-ins at the portal end",
    scope: "users",
    for: "administrators",
    path: byName,
    body: Type.Object({ role: roleSchema, disabled: Type.Boolean() }, strict),
    answer: userSchema,
    revisions: true,
    revisionOf,
    run: (input) => input.parts.accounts.users.change(input.path.name, input.body, seenBy(input)),
    audit: ({ path, body: { role, disabled } }) =>
      `changed the user ${path.name} (${role}, ${disabled ? "disabled" : "enabled"})`,
  }),
  operation({
    id: "resetUser",
    method: "post",
    at: "/users/{name}/reset",
    tag,
    summary: "Take away password or one-time codes; the user sets them anew by the link, once",
    scope: "users",
    for: "administrators",
    path: byName,
    body: Type.Object({
      password: Type.Boolean(),
      oneTimeCodes: Type.Boolean(),
      lifetime,
    }, strict),
    answer: invitedUserSchema,
    status: 201,
    revisions: true,
    revisionOf: (answer) => revisionOf((answer as { readonly user: PortalUser }).user),
    run: (input) => {
      const { password, oneTimeCodes: totp, lifetime = usualLifetime } = input.body;
      const { users } = input.parts.accounts;
      return users.reset(input.path.name, { password, totp }, lifetime, seenBy(input));
    },
    audit: ({ path, body: { password, oneTimeCodes } }) => {
      const what = [password ? "password" : "", oneTimeCodes ? "one-time codes" : ""];
      return `made a link for the user ${path.name} (${what.filter((one) => one).join(", ")})`;
    },
  }),
  operation({
    id: "removeUser",
    method: "delete",
    at: "/users/{name}",
    tag,
    summary: "Remove a user, whose sessions and log-ins end",
    scope: "users",
    for: "administrators",
    path: byName,
    answer: "nothing",
    revisions: true,
    run: (input) => input.parts.accounts.users.remove(input.path.name, seenBy(input)),
    audit: ({ path }) => `removed the user ${path.name}`,
  }),
];
